"""How many of the company's people take part by a cycle file, who is left out by which of its keys, and the file for everybody."""

import re
import tomllib
from typing import NamedTuple

from domain.cycle.file import CycleFile
from domain.people.organisation import Employee, Organisation
from domain.values import EmployeeId

KEYS = ("without", "companies", "departments")  # of [cycle]; each of them leaves people out
_TABLE = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_CHOICE = re.compile(rf"\s*(?:{'|'.join(KEYS)})\s*=")


class LeftOut(NamedTuple):
    """The active people whom one key of the file leaves out, by id."""

    key: str
    people: tuple[EmployeeId, ...]


class Participation(NamedTuple):
    """`active`: people who work here today; `first`: who takes part, by id, as an example of all."""

    active: int
    left_out: tuple[LeftOut, ...]
    first: EmployeeId | None

    @property
    def number_left_out(self) -> int:
        return sum(len(one.people) for one in self.left_out)


def participation_of(file: CycleFile, organisation: Organisation) -> Participation:
    """Everybody who is left out is counted under the first key that does it."""
    active = sorted((one for one in organisation.employees.values() if one.active), key=lambda one: one.id)
    out: dict[str, list[EmployeeId]] = {key: [] for key in KEYS}
    for one in active:
        if not file.includes(one.id, one.department, organisation.departments, company=one.company):
            out[_key_for(file, one)].append(one.id)
    left_out = tuple(LeftOut(key, tuple(people)) for key, people in out.items() if people)
    gone = {person for one in left_out for person in one.people}
    return Participation(len(active), left_out, next((one.id for one in active if one.id not in gone), None))


def _key_for(file: CycleFile, one: Employee) -> str:
    if one.id in file.cycle.without:
        return "without"
    return "companies" if file.cycle.companies and one.company not in file.cycle.companies else "departments"


def for_everybody(text: str) -> str:
    """The text of a cycle file without the keys that leave people out; the rest of it, comments too, stays as it is."""
    kept, table = [], ""
    lines = iter(text.split("\n"))
    for line in lines:
        if header := _TABLE.match(line):
            table = header[1]
        if table != "cycle" or not _CHOICE.match(line):
            kept.append(line)
            continue
        value = line
        while not _is_whole(value) and (more := next(lines, None)) is not None:
            value += f"\n{more}"
    return "\n".join(kept)


def _is_whole(value: str) -> bool:
    """Whether the lines of a key hold all of its value: a list may go on over several."""
    try:
        tomllib.loads(value)
    except tomllib.TOMLDecodeError:
        return False
    return True
