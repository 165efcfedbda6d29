"""What is wrong with the contributors that a content names, before a command is sent: the goal would refuse them."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from domain.findings import Finding, refuse_with
from domain.goal.authority import require_sharing
from domain.goal.goal import Goal
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from domain.writing.content import Content
from storage.people import working_here

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def contributors_gone(connection: "AsyncConnection", contents: Iterable[Content]) -> set[EmployeeId]:
    """The contributors that these contents name, and who do not work here."""
    named = {one.person for content in contents for one in content.contributors or ()}
    return named - await working_here(connection, named) if named else set()


def require_here(content: Content, gone: Collection[EmployeeId]) -> None:
    """Raises a `Refusal` if the content names somebody who does not work here."""
    if unknown := [one.person for one in content.contributors or () if one.person in gone]:
        raise Refusal(Code.UNKNOWN_CONTRIBUTOR, contributor=unknown)


def sharing_findings(goal: Goal, content: Content, gone: Collection[EmployeeId]) -> tuple[Finding, ...]:
    try:
        require_sharing(goal.owner, content, goal.policy.hr)
        require_here(content, gone)
    except Refusal as refusal:
        return (refuse_with(refusal.code, "contributors", refusal.message),)
    return ()
