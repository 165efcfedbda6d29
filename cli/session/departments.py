"""A word where a department is asked for by a name that it no longer has."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from cli.session.session import Terminal


async def tell_renamed(engine: "AsyncEngine", to: "Terminal", names: "Iterable[str | None]") -> None:
    """Says on stderr which of these departments have another name now; None is left out."""
    given = [name for name in names if name]
    if not given:
        return
    from storage.database import read_transaction
    from storage.departments import load_departments

    async with read_transaction(engine) as connection:
        found = await load_departments(connection)
    for name in given:
        if (now := found.current(name)) != name:
            to.complain(to.text("screen.department.renamed_since", old=name, new=now))
