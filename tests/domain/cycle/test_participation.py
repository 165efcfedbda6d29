"""Who takes part by a cycle file, who does not and why; and the same file for everybody."""

import tomllib

from domain.cycle.file import CycleFile, read_cycle_file
from domain.cycle.participation import LeftOut, for_everybody, participation_of
from domain.people.organisation import Employee, Organisation
from domain.values import EmployeeId

PEOPLE = Organisation(
    Employee(id=EmployeeId(one), name=one, department=department, manager_id=None, company=company, active=one != "Z")
    for one, department, company in (
        ("A", "営業部", "巡商事"),
        ("B", "営業部", "巡商事"),
        ("C", "経理部", "巡商事"),
        ("D", "営業部", "別会社"),
        ("Z", "経理部", "別会社"),
    )
)
FILE = """# 四半期
[cycle]
id = "q4"
name = "第4四半期"
starts = 2026-10-01
ends = 2026-12-25
closes = 2026-12-28
reviews = []
hr = ["A"]
{choice}
[calendar]
without = 1
"""


def read(choice: str) -> CycleFile:
    file = read_cycle_file(FILE.format(choice=choice).replace("without = 1\n", "").encode())
    assert isinstance(file, CycleFile)
    return file


def test_everybody_takes_part_by_a_file_that_names_nobody() -> None:
    assert participation_of(read(""), PEOPLE) == (4, (), "A")


def test_each_person_is_left_out_by_one_key_and_who_left_the_company_is_not_counted() -> None:
    file = read('without = ["B", "Z"]\ncompanies = ["巡商事"]\ndepartments = ["営業部"]')
    left = participation_of(file, PEOPLE)
    assert left.left_out == (
        LeftOut("without", (EmployeeId("B"),)),
        LeftOut("companies", (EmployeeId("D"),)),
        LeftOut("departments", (EmployeeId("C"),)),
    )
    assert left.first == "A"
    assert left.active - left.number_left_out == len(list(file.participants(PEOPLE))) == 1


def test_a_file_for_everybody_loses_these_keys_and_nothing_else() -> None:
    choice = 'without = [  # 役員]\n  "B",\n  "C",\n]\ncompanies = ["巡商事"]\n  departments = ["営業部"]\n# 以上'
    text = FILE.format(choice=choice)
    assert for_everybody(text) == FILE.format(choice="# 以上")
    assert tomllib.loads(for_everybody(text))["calendar"] == {"without": 1}
    assert for_everybody("no [ TOML\n[cycle]\nwithout = [1,") == "no [ TOML\n[cycle]"
