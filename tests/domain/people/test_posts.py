"""Additional posts (兼務): rows of a people file, who is asked for goals of a post, and what is wrong with posts."""

from dataclasses import replace
from datetime import date

import pytest

from domain.cycle.evaluators import EvaluatorRules, evaluators_of
from domain.people.department_changes import changes_of_renaming
from domain.people.departments import Department, Departments
from domain.people.organisation import Employee, Organisation, with_new_name
from domain.people.people_file import PeopleFile, read_people
from domain.people.posts import MAIN, Post, departments_of
from domain.values import EmployeeId

TODAY = date(2026, 11, 27)
TOP, HEAD, BOSS, OWNER, OTHER = (EmployeeId(one) for one in ("E1", "E2", "E3", "E11", "E12"))
HEADER = "社員番号,氏名,部署,上長,役職,兼務区分,従事割合,一次評価者"
MAIN_ROW = "E11,森 香織,経理部,E3,,本務,70,"


def read(*rows: str, header: str = HEADER) -> PeopleFile:
    return read_people("\n".join([header, "E1,社長 一,経営,,,,,", *rows]).encode())


def posts_of(file: PeopleFile) -> dict[str, tuple[Post, ...]]:
    assert not file.findings, file.findings
    return {one.id: one.posts for one in file.employees if one.posts}


def codes(file: PeopleFile) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in file.findings]


def test_rows_of_additional_posts_belong_to_the_person_of_the_same_number() -> None:
    file = read(
        "E11,森 香織,人事部,E2,課長,兼務,20,E12", MAIN_ROW, "E11,,総務部,,,兼任,10%,", "E12,原田 修,経理部,E3,,,,"
    )
    assert posts_of(file) == {
        OWNER: (
            Post(department="人事部", manager_id=HEAD, title="課長", share=20, evaluators=(OTHER,)),
            Post(department="総務部", share=10),
        )
    }
    owner = next(one for one in file.employees if one.id == OWNER)
    assert (owner.department, owner.manager_id, owner.evaluators) == ("経理部", BOSS, ())
    assert "posts" in file.fields
    assert file.place(OWNER) == "row 4"


def test_a_file_without_the_column_says_nothing_of_posts_and_refuses_a_number_twice() -> None:
    header = "社員番号,氏名,部署,上長"
    file = read_people(f"{header}\nE11,森 香織,経理部,\nE11,森 香織,人事部,\n".encode())
    assert codes(file) == [("duplicate", "row 2, row 3")]
    assert "posts" not in read_people(f"{header}\nE11,森 香織,経理部,\n".encode()).fields


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["E77,誰 か,人事部,E2,,兼務,,"], [("post_without_person", "row 3")]),
        ([MAIN_ROW, "E11,,人事部,E2,,兼務,40,"], [("shares_not_whole", "row 3")]),
        ([MAIN_ROW, "E11,,人事部,E2,,兼務,,"], []),  # a share that is not known says nothing
        ([MAIN_ROW, "E11,,人事部,E2,,兼務,0,"], [("bad_cell", "row 4")]),
        ([MAIN_ROW, "E11,,人事部,E2,,副業,30,"], [("bad_cell", "row 4")]),
        ([MAIN_ROW, "E11,,,E2,,兼務,30,"], [("empty_cell", "row 4")]),
        ([MAIN_ROW, "E11,,人事部,E 2,,兼務,30,"], [("bad_cell", "row 4")]),
        (["E11,森 香織,経理部,E3,,本務,七割,"], [("bad_cell", "row 3")]),
        ([MAIN_ROW, *[f"E11,,部署{n},E2,,兼務,5," for n in range(6)]], [("too_many_posts", "row 4")]),
    ],
)
def test_what_is_wrong_with_rows_of_posts_is_said_at_the_row(rows: list[str], found: list[tuple[str, str]]) -> None:
    assert codes(read(*rows)) == found


def one(identity: EmployeeId, manager: EmployeeId | None, department: str = "経理部", *posts: Post) -> Employee:
    return Employee(id=identity, name=f"名 {identity}", department=department, manager_id=manager, posts=posts)


IN_HR = Post(department="人事部", manager_id=HEAD, share=30)


def company(*posts: Post, departments: Departments | None = None) -> Organisation:
    people = (
        one(TOP, None, "経営"),
        one(HEAD, TOP, "人事部"),
        one(BOSS, TOP),
        one(OWNER, BOSS, "経理部", *posts),
        one(OTHER, OWNER),
    )
    return Organisation(people, TODAY, departments or Departments())


def test_a_goal_of_an_additional_post_asks_that_posts_manager() -> None:
    organisation = company(IN_HR)
    assert organisation.active_line(OWNER) == (BOSS, TOP)
    assert organisation.active_line(OWNER, IN_HR) == (HEAD, TOP)
    assert organisation.active_line(OWNER, replace(IN_HR, manager_id=None)) == (BOSS, TOP)
    assert organisation.active_line(OWNER, replace(IN_HR, manager_id=OTHER)) == (BOSS, TOP)  # who reports to the owner
    evaluated = replace(IN_HR, evaluators=(TOP,))
    assert evaluators_of(OWNER, organisation, EvaluatorRules(), evaluated).stages == ((TOP,),)
    assert evaluators_of(OWNER, organisation, EvaluatorRules()).stages == ()


def test_a_goal_belongs_to_the_post_in_its_department() -> None:
    organisation = company(IN_HR)
    assert organisation.post_of(OWNER, "経理部", additional=False) == MAIN
    assert organisation.post_of(OWNER, "人事部", additional=True) == (IN_HR, False)
    assert organisation.post_of(OWNER, "総務部", additional=False) == MAIN  # the person moved: the goal goes along
    assert organisation.post_of(OWNER, "総務部", additional=True) == (None, True)  # the post ended
    assert organisation.post_of(OWNER, "人事部", additional=False) == (
        IN_HR,
        False,
    )  # the main post became an additional one
    assert organisation.post_of(OWNER, "経理部", additional=True) == MAIN  # and the other way round
    assert company().post_of(OWNER, "人事部", additional=True) == (None, True)


def test_a_renamed_department_keeps_the_post() -> None:
    before = Departments((Department(id="H", name="人事部"),))
    renamed = changes_of_renaming({"人事部": "人事総務部"}, before)
    person = with_new_name(company(IN_HR).employees[OWNER], renamed.renamed)
    assert departments_of(person.posts) == ("人事総務部",)
    after = Organisation([person], TODAY, renamed.applied_to(before))
    assert after.post_of(OWNER, "人事部", additional=True) == (person.posts[0], False)


@pytest.mark.parametrize(
    ("posts", "code"),
    [
        ((IN_HR, replace(IN_HR, share=10)), "post_twice"),
        ((replace(IN_HR, department="経理部"),), "post_twice"),
        ((replace(IN_HR, share=60), Post(department="総務部", share=40)), "post_shares"),
        ((replace(IN_HR, manager_id=EmployeeId("nobody")),), "post_manager_missing"),
        ((replace(IN_HR, manager_id=OWNER),), "post_manager_below"),
        ((replace(IN_HR, manager_id=OTHER),), "post_manager_below"),
        ((IN_HR, Post(department="総務部", share=60)), None),
    ],
)
def test_findings_about_posts(posts: tuple[Post, ...], code: str | None) -> None:
    assert [one.code for one in company(*posts).findings()] == ([code] if code else [])


def test_who_has_a_title_in_an_additional_post_holds_it() -> None:
    organisation = company(replace(IN_HR, title="人事課長"))
    assert organisation.holders("人事課長") == (OWNER,)
    assert organisation.holders("人事課長", "人事部") == (OWNER,)
    assert organisation.holders("人事課長", "経理部") == ()
