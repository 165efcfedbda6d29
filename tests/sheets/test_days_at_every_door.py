"""A day is read the same way wherever people write one: a file of people, a cycle file, a goal's file, a sheet, an option."""

from collections.abc import Callable
from datetime import date

import pytest

from cli.session.choices import WrongUsage, day
from domain.cycle.file import CycleFile, read_cycle_file
from domain.findings import Finding
from domain.people.people_file import read_people
from domain.values import Locale
from domain.writing.content import Content
from domain.writing.content_file import read_content
from sheets.fields import InvalidFields, Value, merged
from texts.findings import finding_text
from texts.say import say

FIRST_OF_APRIL = date(2027, 4, 1)
_CYCLE = """
[cycle]
id = "q1"
name = "第1四半期"
starts = 2027-01-01
ends = "{day}"
closes = 2027-12-28
reviews = []
hr = ["H1"]
"""
Door = Callable[[str], date | str]


def people_file(typed: str) -> date | str:
    file = read_people(f"id,name,department,manager,leaves\n1,a,b,,{typed}\n".encode())
    return file.employees[0].leaves or "" if file.employees else _text(file.findings)


def cycle_file(typed: str) -> date | str:
    file = read_cycle_file(_CYCLE.format(day=typed).encode())
    return file.cycle.ends if isinstance(file, CycleFile) else _text(file)


def goal_file(typed: str) -> date | str:
    content = read_content(f'[[steps]]\ntitle = "x"\ndue = "{typed}"\n'.encode())
    return content.steps[0].due if isinstance(content, Content) else _text(content)


def sheet(typed: str) -> date | str:
    fields: dict[str, Value] = {"step1_title": "x", "step1_due": typed, "step1_points": "20"}
    try:
        return merged(Content(), fields).steps[0].due
    except InvalidFields as error:
        return _text(error.findings)


def option(typed: str) -> date | str:
    try:
        return day(typed)
    except WrongUsage as error:
        return say(error.reason, Locale.EN)


def _text(findings: tuple[Finding, ...]) -> str:
    return " / ".join(finding_text(one, Locale.EN) for one in findings)


DOORS = (people_file, cycle_file, goal_file, sheet, option)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("typed", ["2027-04-01", "2027/4/1", "R9.4.1", "令和9年4月1日", "20270401", "2027/04/01 0:00"])
def test_every_door_reads_the_same_day(door: Door, typed: str) -> None:
    assert door(typed) == FIRST_OF_APRIL


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("46478", "spreadsheet's number of a day"),
        ("86400", "spreadsheet's number of a day"),
        ("4/1/2027", "with four digits"),
        ("2027-02-30", "no such day"),
        ("soon", "write the day as"),
    ],
)
def test_every_door_refuses_the_same_by_what_it_looks_like(door: Door, typed: str, words: str) -> None:
    told = door(typed)
    assert isinstance(told, str)
    assert words in told
