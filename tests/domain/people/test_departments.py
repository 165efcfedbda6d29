"""Departments: names over time, trees, and what files and renamings make of them."""

from datetime import date

import pytest

from domain.instructions.reorganisation import Difference, compare
from domain.people.department_changes import changes_of_file, changes_of_renaming, shown_changes
from domain.people.department_file import DepartmentFile, read_departments
from domain.people.department_findings import file_findings, renaming_findings, suggested_renamings
from domain.people.departments import Department, DepartmentChange, Departments
from domain.people.organisation import Employee, Organisation
from domain.results.department_totals import DepartmentTotal, roll_up
from domain.values import EmployeeId

TODAY = date(2027, 1, 15)
BEFORE = Departments(
    [
        Department(id="D1", name="管理本部"),
        Department(id="D2", name="財務経理部", parent_id="D1", former=("経理部",)),
        Department(id="D3", name="経理一課", parent_id="D2"),
        Department(id="D4", name="営業部"),
    ]
)


def person(employee: str, department: str, *, active: bool = True, title: str | None = None) -> Employee:
    manager = None if employee == "E1" else EmployeeId("E1")
    return Employee(
        id=EmployeeId(employee), name=employee, department=department, manager_id=manager, active=active, title=title
    )


COMPANY = [person("E1", "管理本部"), person("E2", "財務経理部"), person("E3", "財務経理部"), person("E4", "営業部")]


def file(*rows: str, head: str = "部署ID,部署名,上位部署,部門長") -> DepartmentFile:
    found = read_departments("\n".join([head, *rows]).encode("cp932"), encoding="cp932")
    assert not found.findings, found.findings
    return found


def changed(*rows: str, head: str = "部署ID,部署名,上位部署,部門長") -> tuple[DepartmentChange, Departments]:
    given = file(*rows, head=head)
    change = changes_of_file(given.rows, BEFORE, given.fields)
    return change, change.applied_to(BEFORE)


def codes(*rows: str) -> list[str]:
    given = file(*rows)
    change = changes_of_file(given.rows, BEFORE, given.fields)
    people = {one.id: one for one in COMPANY}
    return [one.code for one in file_findings(given, change, BEFORE, people)]


def compared(after: list[Employee], renamed: dict[str, str]) -> Difference:
    return compare(COMPANY, after, TODAY, departments=changes_of_renaming(renamed, BEFORE))


def test_a_department_is_meant_by_every_name_with_those_below_it() -> None:
    assert BEFORE.names_meant(["経理部"]) == ("経理一課", "経理部", "財務経理部")
    assert BEFORE.names_meant(["管理本部"]) == ("管理本部", "経理一課", "経理部", "財務経理部")
    assert BEFORE.names_meant(["営業部", "誰も"]) == ("営業部", "誰も")
    assert BEFORE.current("経理部") == "財務経理部"
    assert BEFORE.path("経理一課") == ("経理一課", "財務経理部", "管理本部")
    assert BEFORE.path("誰も") == ("誰も",)


def test_a_former_name_that_another_department_has_now_means_the_other() -> None:
    found = Departments([Department(id="D2", name="財務部", former=("経理部",)), Department(id="D9", name="経理部")])
    assert found.names_meant(["経理部"]) == ("経理部",)
    assert found.names_meant(["財務部"]) == ("財務部",)
    assert found.current("経理部") == "経理部"


def test_a_tree_is_listed_from_the_top_by_name() -> None:
    assert [(depth, one.name) for depth, one in BEFORE.tree()] == [
        (0, "営業部"), (0, "管理本部"), (1, "財務経理部"), (2, "経理一課"),
    ]  # fmt: skip


def test_a_file_changes_names_parents_and_heads_and_keeps_former_names() -> None:
    change, after = changed("D2,経理財務部,D1,E2", "D3,経理一課,,", "D5,法務部,管理本部,")
    assert change.renamed == {"財務経理部": "経理財務部"}
    assert after.by_id["D2"].former == ("経理部", "財務経理部")
    assert (after.by_id["D2"].head_id, after.by_id["D3"].parent_id, after.by_id["D5"].parent_id) == ("E2", None, "D1")
    assert after.by_id["D4"] == BEFORE.by_id["D4"], "what is not in the file stays"
    assert {(one.kind, one.department) for one in shown_changes(change, BEFORE)} == {
        ("renamed", "経理財務部"), ("head", "経理財務部"), ("parent", "経理一課"), ("added", "法務部"), ("parent", "法務部"),
    }  # fmt: skip


def test_a_file_without_columns_of_parents_and_heads_leaves_them() -> None:
    change, after = changed("D3,経理第一課", head="部署コード,部署名")
    assert after.by_id["D3"].parent_id == "D2"
    assert [one.kind for one in shown_changes(change, BEFORE)] == ["renamed"]
    assert changed("D3,経理一課", head="id,name")[0].is_empty
    led = Departments([Department(id="D4", name="営業部", head_id=EmployeeId("E4"))])
    assert changes_of_file(file("D4,営業部", head="部署ID,部署名").rows, led, frozenset()).is_empty


def test_a_department_that_the_directory_made_of_a_name_gets_the_id_of_the_file() -> None:
    change, after = changed("4100,営業部,D1,E4")
    assert set(after.by_id) == {"D1", "D2", "D3", "4100"}
    assert after.by_id["4100"].former == ()
    assert (change.merged, change.renamed) == ({"D4": "4100"}, {})
    assert shown_changes(change, BEFORE)[0] == ("id", "営業部", "D4", "4100")


def test_two_departments_can_exchange_their_names() -> None:
    change, after = changed("D2,営業部,D1,", "D4,財務経理部,,")
    assert change.renamed == {"財務経理部": "営業部", "営業部": "財務経理部"}
    assert (after.current("営業部"), change.merged) == ("営業部", {})
    assert {key: one.name for key, one in after.by_id.items() if key in ("D2", "D4")} == {
        "D2": "営業部",
        "D4": "財務経理部",
    }


def test_unknown_parents_unknown_heads_and_circles_are_refused() -> None:
    assert codes("D2,財務経理部,D7,", "D4,営業部,,E9") == ["department_parent_unknown", "head_unknown"]
    assert codes("D1,管理本部,D3,") == ["circular_departments"]
    assert codes("D1,管理本部,D1,") == ["circular_departments"]
    assert codes("D1,管理本部,,E1", "D4,営業部,管理本部,") == []


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["D1,管理本部,,", "D1,人事部,,"], ["duplicate"]),
        (["D1,管理本部,,", "D2,管理本部,,"], ["duplicate"]),
        (["D1,,,"], ["empty_cell"]),
        (["D1,管理本部,,?!"], ["bad_cell"]),
        (["D1,管理本部"], ["cell_count"]),
    ],
)
def test_a_file_that_cannot_be_read_says_where(rows: list[str], expected: list[str]) -> None:
    found = read_departments("\n".join(["部署ID,部署名,上位部署,部門長", *rows]).encode())
    assert [one.code for one in found.findings] == expected
    assert found.rows == ()


def test_a_renaming_moves_nobody_and_a_move_stays_a_move() -> None:
    after = [COMPANY[0], person("E2", "経理財務部"), person("E3", "営業部"), person("E4", "営業部")]
    found = compared(after, {"財務経理部": "経理財務部"})
    assert [one.employee for one in found.moved] == ["E3"]
    assert found.sync("x").moved == ("E3",)
    assert found.departments.applied_to(BEFORE).by_id["D2"].name == "経理財務部"
    assert [one.employee for one in compared(after, {}).moved] == ["E2", "E3"]


def test_people_who_are_not_in_the_file_go_along_with_their_department() -> None:
    found = compared([person("E2", "経理財務部")], {"財務経理部": "経理財務部"})
    assert {str(one.id): one.department for one in found.after}["E3"] == "経理財務部"
    assert found.moved == ()


def test_a_merged_department_becomes_a_former_name_and_its_children_stay_below() -> None:
    change = changes_of_renaming({"財務経理部": "営業部"}, BEFORE)
    after = change.applied_to(BEFORE)
    assert after.by_id["D4"].former == ("経理部", "財務経理部")
    assert after.by_id["D3"].parent_id == "D4"
    assert after.names_meant(["経理部"]) == ("営業部", "経理一課", "経理部", "財務経理部")
    assert shown_changes(change, BEFORE) == (("merged", "営業部", "財務経理部", "営業部"),)


def test_a_department_that_takes_in_the_one_above_moves_up() -> None:
    after = changes_of_renaming({"財務経理部": "経理一課"}, BEFORE).applied_to(BEFORE)
    assert after.by_id["D3"].parent_id == "D1"


def test_two_departments_with_one_new_name_are_one() -> None:
    change = changes_of_renaming({"財務経理部": "本社部", "営業部": "本社部"}, BEFORE)
    assert (change.merged, change.applied_to(BEFORE).by_id["D2"].name) == ({"D4": "D2"}, "本社部")


@pytest.mark.parametrize(
    ("renamed", "expected"),
    [
        ({"総務部": "管理部"}, ["renamed_unknown"]),
        ({"経理部": "営業部"}, ["renamed_unknown"]),
        ({"経理部": "財務経理部"}, []),  # it was renamed before
        ({"財務経理部": "管理部"}, ["renamed_unused"]),
        ({"財務経理部": "営業部"}, ["renamed_still_used"]),
    ],
)
def test_names_that_do_not_fit_the_file_are_told(renamed: dict[str, str], expected: list[str]) -> None:
    assert [one.code for one in renaming_findings(renamed, BEFORE, COMPANY, COMPANY)] == expected


def test_a_renaming_is_suggested_where_everybody_goes_to_one_new_name() -> None:
    def suggested(*departments: str, renamed: dict[str, str] | None = None) -> list[str]:
        after = [COMPANY[0], *(person(f"E{n}", name) for n, name in enumerate(departments, 2))]
        found = suggested_renamings(COMPANY, {one.id: one for one in after}, renamed or {}, BEFORE)
        return [f"{one.message.fields['old']}={one.message.fields['new']}" for one in found]

    assert suggested("経理財務部", "経理財務部", "営業部") == ["財務経理部=経理財務部"]
    assert suggested("経理財務部", "経理財務部", "営業部", renamed={"財務経理部": "経理財務部"}) == []
    assert suggested("経理財務部", "財務経理部", "営業部") == [], "one stays"
    assert suggested("営業部", "営業部", "営業部") == [], "the name is known"
    assert suggested("財務経理部", "財務経理部", "販売部") == [], "one person alone more likely moves"


def test_a_title_of_a_department_is_found_under_its_former_name() -> None:
    company = Organisation([person("E1", "財務経理部", title="部長")], departments=BEFORE)
    assert company.holders("部長", "経理部") == ("E1",)
    assert company.holders("部長", "営業部") == ()


def test_numbers_of_goals_roll_up_and_own_goals_are_told_apart() -> None:
    counts = {"管理本部": {"draft": 1}, "経理一課": {"draft": 2, "active": 3}, "古い部": {"draft": 4}}
    assert roll_up(counts, BEFORE) == (
        DepartmentTotal("古い部", 0, with_below=False, counts={"draft": 4}),
        DepartmentTotal("管理本部", 0, with_below=True, counts={"draft": 3, "active": 3}),
        DepartmentTotal("管理本部", 1, with_below=False, counts={"draft": 1}),
        DepartmentTotal("財務経理部", 1, with_below=True, counts={"draft": 2, "active": 3}),
        DepartmentTotal("経理一課", 2, with_below=False, counts={"draft": 2, "active": 3}),
    )
