"""The journal, for auditors: who changed the directory, roles, tokens, instructions and the like, and who looked, with the proof of each log."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Query, Response

from domain.journal import Entry, Log
from domain.people.organisation import DIRECTORY_ZONE
from service.audit import Audit, JournalFilter, JournalPage, LogProof, opened
from service.message_names import names_of_people
from texts.wording import journal_fact_list
from texts.words import word
from web.console.route import PageRoute
from web.console.visit import AtAudit, Visit

router = APIRouter(route_class=PageRoute, include_in_schema=False)
PATH = "/audit/journal"
PAGE = 50  # entries
_PEOPLE = ("employee", "person", "delegator", "to", "owner")  # facts that are people
_LONGEST_ID = 100


class JournalLine(NamedTuple):
    """An entry with what it says in words; `raw` is the body of one that is not proven, as it is."""

    log: Log
    entry: Entry
    said: tuple[tuple[str, str], ...]  # what a fact is called, and its value
    raw: str
    is_proven: bool


@router.get(PATH)
async def read_journal(
    visit: AtAudit,
    log: Annotated[str, Query(max_length=40)] = Log.ROLES,
    since: Annotated[str, Query(max_length=10)] = "",
    after: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """Entries of one log, the oldest first; all logs where `log` is empty."""
    logs = (Log(log),) if log in set(Log) else tuple(Log)
    begins = _start_of(since)
    page = await Audit(visit.opened.engine).journal(visit.caller, JournalFilter(logs, begins, PAGE, after))
    return visit.page(
        "journal.html", **await _values(visit, page), log=log, since=since if begins else "", is_first=not after
    )


async def _values(visit: Visit, page: JournalPage) -> dict[str, Any]:
    named = await names_of_people(
        visit.opened.engine, {one for _, entry in page.entries for one in _ids_in(entry.body)}
    )
    proofs = {one.log: one for one in page.proofs}
    choices = [(one.value, word("log", one, visit.locale)) for one in Log]
    return {
        "proofs": page.proofs,
        "lines": [_line(visit, proofs[log], entry, named) for log, entry in page.entries],
        "names": page.names,
        "next": page.next,
        "log_choices": [("", visit.text("console.list.all")), *choices],
        "zone": DIRECTORY_ZONE.key,
    }


def _line(visit: Visit, proof: LogProof, entry: Entry, names: Mapping[str, str]) -> JournalLine:
    if not proof.covers(entry):
        return JournalLine(proof.log, entry, (), _raw(entry), is_proven=False)
    told = journal_fact_list(opened(entry), visit.locale, DIRECTORY_ZONE.key, names)
    return JournalLine(proof.log, entry, tuple((label, value) for _, label, value in told), "", is_proven=True)


def _ids_in(body: Mapping[str, Any]) -> list[str]:
    """What may be ids of people: they are not in the texts of an entry."""
    return [one for name in _PEOPLE if isinstance(one := body.get(name), str) and len(one) <= _LONGEST_ID]


def _raw(entry: Entry) -> str:
    return json.dumps(entry.body, ensure_ascii=False)[:500]


def _start_of(written: str) -> datetime | None:
    """The first moment of the day; None for what is no day."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return datetime.combine(day, time(), DIRECTORY_ZONE) if day > date.min else None
