"""The cycle file, checked against the organisation."""

from datetime import date

from domain.cycle_file import CycleFile, check_cycle, read_cycle_file
from domain.findings import refuses
from domain.organisation import Employee, Organisation
from domain.values import EmployeeId

TODAY = date(2026, 10, 1)
TWO_TOPS = Organisation(
    Employee(id=EmployeeId(one), name=one, department="営業部", manager_id=EmployeeId(above) if above else None)
    for one, above in (("A", None), ("B", None), ("C", "A"))
)
FILE = """
[cycle]
id = "q4"
name = "第4四半期"
starts = 2026-10-01
ends = 2026-12-25
closes = 2026-12-28
reviews = [2026-11-30]
hr = ["A", "B"]
"""


def checked(more: str = "") -> list[str]:
    file = read_cycle_file((FILE + more).encode())
    assert isinstance(file, CycleFile)
    return [finding.code for finding in check_cycle(file, TWO_TOPS, TODAY)]


def test_several_tops_are_refused_unless_the_file_names_them_all() -> None:
    assert checked() == ["several_tops"]
    assert checked('tops = ["A", "B"]\n') == []
    assert checked('tops = ["A"]\n') == ["several_tops"]


def test_a_goal_that_only_its_owner_could_approve_is_refused_before_the_launch() -> None:
    alone = FILE.replace('hr = ["A", "B"]', 'hr = ["A"]') + 'tops = ["A", "B"]\n'
    file = read_cycle_file(alone.encode())
    assert isinstance(file, CycleFile)
    findings = check_cycle(file, TWO_TOPS, TODAY)
    assert [(finding.code, finding.where) for finding in findings] == [("nobody_approves", "A")]
    assert refuses(findings)
