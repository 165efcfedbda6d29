"""The changes of departments as HR reads them, before a file is applied."""

from typing import TYPE_CHECKING

from cli.session.output import print_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.session.session import Terminal
    from domain.people.department_changes import ShownChange

_SHOWN = 100  # changes that are listed


def list_changes(to: "Terminal", changes: "Sequence[ShownChange]") -> None:
    """The changes of departments, each on a line."""
    if not changes:
        return
    to.tell("screen.department.changes", n=len(changes))
    for one in changes[:_SHOWN]:
        line = to.text(
            f"screen.department.{one.kind}", department=one.department, before=one.before or "-", after=one.after or "-"
        )
        print_line(f"  {line}")
    if (more := len(changes) - _SHOWN) > 0:
        to.tell("screen.sync.more", n=more)
