"""Where an open goal stands in the organisation: the few columns of its row that are compared with the directory."""

from collections.abc import Mapping
from typing import NamedTuple

from domain.values import EmployeeId, GoalId


class Placement(NamedTuple):
    """Where an open goal stands in the organisation.

    `line` and `assignees` are ids joined by commas: a company has as many placements as open goals, and a text is read
    from the database in a fraction of the time of a list. `hr` are the HR members of the goal's rules.
    """

    goal: GoalId
    owner: EmployeeId
    department: str
    line: str
    assignees: str
    sites: Mapping[EmployeeId, str]
    hr: tuple[EmployeeId, ...]
    deputies: tuple[EmployeeId, ...] = ()  # both sides of the goal's delegations
    chains: str = (
        ""  # `Goal.stages`, `Goal.reviewers` and `Goal.joint` as JSON, one behind the other; an empty one is left out
    )
    away: bool = False  # paused because the owner is on leave
    review_stage: int = 1  # of the goal's rules
    stages: str = "[]"  # of the goal's rules, as JSON
    leavers: str = "settle"  # of the goal's rules
    leaves: str | None = None  # the owner's last day, as the goal knows it
    additional: bool = False  # its department is that of an additional post
    gone: bool = False  # the owner has left, and the goal stays open
    part_hr: str = ""  # ids joined by commas
    hr_of: str = "[]"  # of the goal's rules, as JSON
    hr_left: str = "[]"  # of the HR of the goal's rules, as JSON
    contributors: tuple[str, ...] = ()
