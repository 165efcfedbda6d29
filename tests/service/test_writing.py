"""Drafts that the program proposes, for a goal of a cycle with fixed dates."""

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.values import Locale
from domain.writing.catalog import draft, entries, find
from domain.writing.content import Content
from domain.writing.content_file import read_content
from service.content_toml import as_toml
from service.writing import DraftSource, Writing
from storage.tables import EmployeeRow
from tests.callers import OPERATOR
from tests.domain.builders import POLICY, content
from tests.storage.test_ledger import stored


def works(content: Content) -> bool:
    return all(POLICY.calendar.is_business_day(step.due) for step in content.steps)


async def test_every_draft_that_is_proposed_has_its_steps_on_working_days(database: AsyncEngine) -> None:
    goal = (await stored(database)).id
    moved = [entry for entry in entries() if not works(draft(entry, Locale.JA, POLICY.starts, POLICY.ends))]
    assert moved
    for entry in moved:
        content = (await Writing(database).draft(OPERATOR, goal, DraftSource(catalog=entry.id))).content
        assert works(content), entry.id


@pytest.mark.parametrize(("weight", "line"), [("30", "weight = 30"), ("33.3", 'weight = "33.3"')])
def test_a_draft_as_a_file_has_its_weight_exactly(weight: str, line: str) -> None:
    text = as_toml(content(weight=weight))
    assert line in text.splitlines()
    assert read_content(text.encode()) == content(weight=weight)


@pytest.mark.parametrize("locale", Locale)
async def test_a_draft_of_the_catalogue_is_in_the_language_of_its_owner(database: AsyncEngine, locale: Locale) -> None:
    goal, entry = await stored(database), find("accounting/closing-days")
    async with database.begin() as connection:
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == goal.owner).values(locale=locale))
    content = (await Writing(database).draft(OPERATOR, goal.id, DraftSource(catalog=entry.id))).content
    assert content.theme == entry.theme.in_(locale)
