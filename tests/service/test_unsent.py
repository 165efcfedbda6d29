"""Forms that were not sent: nothing that a person typed is written over, dropped, read by others or logged."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from activities.retention import delete_old_forms
from domain.access import Caller, Door, Role
from domain.refusals import Code, Refusal
from domain.unsent import KEPT, MAX_BYTES, MAX_FORMS
from domain.values import EmployeeId
from service.unsent import Unsent, UnsentChanged, UnsentForm
from storage import unsent_forms
from storage.tables import EmployeeRow, JournalRow, UnsentFormRow
from tests.activities.mailroom import employ
from tests.callers import OPERATOR, by
from texts.say import say_both

ME, OTHER = EmployeeId("M1"), EmployeeId("E1")
PLACE = "goal/2026-q4/M1/1/content"
NOW = datetime(2026, 10, 6, 1, 2, 3, tzinfo=UTC)
TYPED = {"theme": " 月次決算の早期化\r\n", "steps.title": ("原因を三つ", "", "\x0b\u202e"), "target": "七日くらい"}


@pytest.fixture
async def unsent(database: AsyncEngine) -> Unsent:
    await employ(database)
    return Unsent(database)


async def keep(
    unsent: Unsent, fields: Any, version: int | None = None, *, place: str = PLACE, seen: int | None = 4
) -> UnsentForm:
    return await unsent.keep(by(ME), place, fields, seen=seen, version=version, now=NOW)


async def rows(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(UnsentFormRow)) or 0


async def code_of(attempt: Any) -> Code:
    with pytest.raises(Refusal) as refused:
        await attempt
    return refused.value.code


async def test_what_was_typed_is_read_exactly_as_it_was_typed_and_forgotten(unsent: Unsent) -> None:
    assert await unsent.read(by(ME), PLACE) is None
    kept = await keep(unsent, TYPED)
    assert (kept.place, kept.fields, kept.seen, kept.saved_at) == (PLACE, TYPED, 4, NOW)
    assert await unsent.read(by(ME), PLACE) == kept
    changed = await keep(unsent, {"theme": "x"}, kept.version, seen=None)
    assert changed.version > kept.version
    assert await unsent.read(by(ME), PLACE) == changed
    for _ in range(2):  # a repeat changes nothing
        await unsent.forget(by(ME), PLACE, changed.version)
    assert await unsent.read(by(ME), PLACE) is None


async def test_a_repeat_of_a_save_has_the_same_version_and_writes_nothing(
    unsent: Unsent, database: AsyncEngine
) -> None:
    first = await keep(unsent, TYPED)
    again = await keep(unsent, TYPED)
    assert again == first
    second = await keep(unsent, {"theme": "x"}, first.version)
    assert await keep(unsent, {"theme": "x"}, first.version) == second  # the answer was lost
    later = await unsent.keep(
        by(ME), PLACE, {"theme": "x"}, seen=4, version=second.version, now=NOW + timedelta(days=1)
    )
    assert later == second
    assert await rows(database) == 1


async def test_the_same_text_on_a_newer_goal_is_a_change_of_who_went_on_from_it_alone(unsent: Unsent) -> None:
    first = await keep(unsent, TYPED, seen=4)
    newer = await keep(unsent, TYPED, first.version, seen=5)
    assert (newer.seen, newer.version > first.version) == (5, True)
    assert await keep(unsent, TYPED, first.version, seen=4) == newer  # the old tab again: its text is safe


async def test_who_did_not_see_what_is_kept_gets_it_and_changes_nothing(unsent: Unsent) -> None:
    first = await keep(unsent, TYPED)
    second = await keep(unsent, {"theme": "端末"}, first.version)
    for version in (first.version, None, second.version + 1):
        for attempt in (keep(unsent, {"theme": "古い画面"}, version), unsent.forget(by(ME), PLACE, version)):
            with pytest.raises(UnsentChanged) as changed:
                await attempt
            assert (changed.value.kept, changed.value.code, changed.value.status) == (second, "unsent_changed", 409)
    assert await unsent.read(by(ME), PLACE) == second


async def test_a_version_is_never_used_twice_so_a_stale_tab_does_not_take_a_new_form_for_its_own(
    unsent: Unsent,
) -> None:
    stale = await keep(unsent, TYPED)
    await unsent.forget(by(ME), PLACE, stale.version)
    with pytest.raises(UnsentChanged) as gone:
        await keep(unsent, {"theme": "古い画面"}, stale.version)
    assert (gone.value.kept, gone.value.fields) == (None, {"kept": None})
    new = await keep(unsent, {"theme": "新しい画面"})
    with pytest.raises(UnsentChanged):
        await keep(unsent, {"theme": "古い画面"}, stale.version)
    assert await unsent.read(by(ME), PLACE) == new


@pytest.mark.parametrize("is_new", [True, False])
async def test_of_saves_at_the_same_time_one_wins_and_the_others_get_its_text(unsent: Unsent, is_new: bool) -> None:
    version = None if is_new else (await keep(unsent, {"theme": "前"})).version
    texts = [{"theme": f"画面 {one}"} for one in range(5)]
    results = await asyncio.gather(*(keep(unsent, one, version) for one in texts), return_exceptions=True)
    (won,) = (one for one in results if isinstance(one, UnsentForm))
    assert await unsent.read(by(ME), PLACE) == won
    lost = [one for one in results if isinstance(one, UnsentChanged)]
    assert [one.kept for one in lost] == [won] * 4
    assert won.fields == texts[results.index(won)]


async def test_the_same_text_sent_twice_at_the_same_time_is_one_version(unsent: Unsent) -> None:
    first, second = await asyncio.gather(keep(unsent, TYPED), keep(unsent, TYPED))
    assert first == second


async def test_a_save_beside_the_end_of_the_form_is_kept_or_refused_and_never_lost(unsent: Unsent) -> None:
    for _ in range(10):
        before = await keep(unsent, {"theme": "前"})
        kept, ended = await asyncio.gather(
            keep(unsent, {"theme": "後"}, before.version), unsent.forget(by(ME), PLACE, before.version),
            return_exceptions=True,
        )  # fmt: skip
        left = await unsent.read(by(ME), PLACE)
        assert isinstance(kept, UnsentForm) != (ended is None)
        assert left == (kept if isinstance(kept, UnsentForm) else None)
        if left:
            await unsent.forget(by(ME), PLACE, left.version)


async def test_nobody_else_reads_changes_or_forgets_it(unsent: Unsent) -> None:
    kept = await keep(unsent, TYPED)
    assert await unsent.read(by(OTHER), PLACE) is None
    assert (await unsent.list_forms(by(OTHER))).forms == ()
    await unsent.forget(by(OTHER), PLACE, kept.version)
    theirs = await unsent.keep(by(OTHER), PLACE, {"theme": "x"}, seen=None, version=None, now=NOW)
    assert await unsent.read(by(ME), PLACE) == kept
    assert await unsent.read(by(OTHER), PLACE) == theirs


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        (OPERATOR, Code.UNNAMED),
        (by("X9"), Code.NOT_ALLOWED),
        (by("@program:hr-sync"), Code.NOT_ALLOWED),
        (Caller(door=Door.API, employee=ME, roles=frozenset({Role.AUDITOR})), Code.NOT_ALLOWED),
    ],
)
async def test_who_is_no_employee_or_came_to_audit_has_no_forms(unsent: Unsent, caller: Caller, code: Code) -> None:
    kept = await keep(unsent, TYPED)
    assert await code_of(unsent.read(caller, PLACE)) == code
    assert await code_of(unsent.list_forms(caller)) == code
    assert await code_of(unsent.keep(caller, PLACE, TYPED, seen=None, version=None, now=NOW)) == code
    assert await code_of(unsent.forget(caller, PLACE, kept.version)) == code


async def test_the_list_has_the_newest_first_without_texts(unsent: Unsent) -> None:
    places = [f"goal/2026-q4/M1/{one}/content" for one in (1, 2, 3)]
    for number, place in enumerate(places):
        await unsent.keep(by(ME), place, TYPED, seen=None, version=None, now=NOW + timedelta(minutes=number))
    listed = (await unsent.list_forms(by(ME))).forms
    assert [one.place for one in listed] == places[::-1]
    assert "fields" not in listed[0].model_dump()


async def test_a_form_too_many_is_refused_and_none_is_dropped_for_it(unsent: Unsent, database: AsyncEngine) -> None:
    values = [
        {"employee_id": ME, "place": f"problem/{one}", "fields": {"text": "x"}, "saved_at": NOW}
        for one in range(MAX_FORMS - 1)
    ]
    async with database.begin() as connection:
        await connection.execute(insert(UnsentFormRow), values)
    attempts = (keep(unsent, TYPED, place=f"new/{one}") for one in range(4))
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(one, UnsentForm) for one in results) == 1
    assert {one.code for one in results if isinstance(one, Refusal)} == {Code.TOO_MANY_UNSENT}
    listed = (await unsent.list_forms(by(ME))).forms
    assert (await rows(database), len(listed)) == (MAX_FORMS, MAX_FORMS)
    assert await keep(unsent, TYPED, listed[-1].version, place=listed[-1].place)  # one that is kept can be changed
    await unsent.forget(by(ME), listed[0].place, listed[0].version)
    assert await keep(unsent, TYPED, place="new/again")


async def test_bytes_are_counted_as_json_in_utf_8(unsent: Unsent) -> None:
    frame = len('{"text":""}')
    most = "あ" * ((MAX_BYTES - frame) // 3) + "a" * ((MAX_BYTES - frame) % 3)
    assert (await keep(unsent, {"text": most})).fields == {"text": most}
    with pytest.raises(Refusal) as refused:
        await keep(unsent, {"text": most + "a"}, place="other")
    assert (refused.value.code, refused.value.fields) == (Code.TOO_LARGE, {"size": MAX_BYTES + 1, "most": MAX_BYTES})


@pytest.mark.parametrize(
    "fields",
    [{"text": "a\0b"}, {"text": "a\udc80b"}, {"text": ["x", "\ud800"]}, {"text": 1}, {"text": None}, {"text": {"a": "b"}},
     {"text": [["x"]]}, {"a\0": "x"}, {"": "x"}, {"テーマ": "x"}, {"x" * 101: "x"}, "text", ["text"]],
)  # fmt: skip
async def test_what_cannot_be_stored_is_refused_without_repeating_it(
    unsent: Unsent, database: AsyncEngine, fields: Any
) -> None:
    with pytest.raises(Refusal) as refused:
        await keep(unsent, fields)
    assert refused.value.code is Code.INVALID
    assert len(str(say_both(refused.value.message))) < 300
    assert await rows(database) == 0


@pytest.mark.parametrize(
    "place", ["", "/", "a//b", "/a", "a/", "a/../b", "a b", "a\0", "目標", "a\n", "a" * 41, "a/" * 10 + "a", "a" * 40 + "/" + "b" * 40 + "/" + "/".join(["c" * 40] * 3)]
)  # fmt: skip
async def test_a_place_that_is_the_key_of_no_form_is_refused(unsent: Unsent, place: str) -> None:
    attempts = (unsent.read(by(ME), place), keep(unsent, TYPED, place=place), unsent.forget(by(ME), place, 1))
    assert [await code_of(one) for one in attempts] == [Code.INVALID] * 3


@pytest.mark.parametrize(("seen", "version"), [(-1, None), (2**31, None), (None, 0), (None, 2**53)])
async def test_numbers_that_no_goal_and_no_version_has_are_refused(
    unsent: Unsent, seen: int | None, version: int | None
) -> None:
    assert await code_of(keep(unsent, TYPED, version, seen=seen)) == Code.INVALID


async def test_nothing_that_was_typed_is_in_a_log_an_error_or_the_journal(
    unsent: Unsent, database: AsyncEngine
) -> None:
    secret = "家庭の事情を伺いました"
    with capture_logs() as logged:
        kept = await keep(unsent, {"text": secret})
        with pytest.raises(UnsentChanged) as changed:
            await keep(unsent, {"text": secret + "。"})
        with pytest.raises(Refusal) as refused:
            await keep(unsent, {"text": secret + "\0"}, kept.version)
        await delete_old_forms(database, NOW + KEPT + timedelta(days=1))
    assert secret not in repr([logged, kept, refused.value, str(refused.value), changed.value, str(changed.value)])
    assert secret not in repr(unsent_forms.KeptForm(PLACE, {"text": secret}, None, 1, NOW))
    async with database.connect() as connection:
        assert (await connection.execute(select(JournalRow.__table__))).all() == []


async def test_what_was_not_changed_for_90_days_is_deleted_and_nothing_else(
    unsent: Unsent, database: AsyncEngine
) -> None:
    old, new = await keep(unsent, TYPED, place="old"), await keep(unsent, TYPED, place="new")
    for place, age in (("old", KEPT + timedelta(seconds=1)), ("new", KEPT - timedelta(seconds=1))):
        async with database.begin() as connection:
            row = update(UnsentFormRow).where(UnsentFormRow.place == place)
            await connection.execute(row.values(saved_at=NOW - age))
    with capture_logs() as logged:
        for _ in range(2):
            await delete_old_forms(database, NOW)
    assert logged == [{"event": "unsent_forms_deleted", "log_level": "info", "form_count": 1}]
    assert await unsent.read(by(ME), old.place) is None
    assert await unsent.read(by(ME), new.place) is not None


async def test_old_forms_are_deleted_a_few_at_a_time_until_there_are_none(
    unsent: Unsent, database: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.retention._AT_ONCE", 2)
    for number in range(5):
        await keep(unsent, TYPED, place=f"old/{number}")
    await delete_old_forms(database, NOW + KEPT + timedelta(days=1))
    assert await rows(database) == 0


async def test_the_forms_of_who_leaves_are_deleted(unsent: Unsent, database: AsyncEngine) -> None:
    await keep(unsent, TYPED)
    await unsent.keep(by(OTHER), PLACE, TYPED, seen=None, version=None, now=NOW)
    async with database.begin() as connection:
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == ME).values(active=False))
        for _ in range(2):
            await unsent_forms.delete_of_leavers(connection)
    assert await rows(database) == 1
    assert await unsent.read(by(OTHER), PLACE) is not None


async def test_a_form_that_was_saved_while_its_person_left_is_deleted_on_the_same_day(
    unsent: Unsent, database: AsyncEngine
) -> None:
    await keep(unsent, TYPED)
    async with database.begin() as connection:
        await connection.execute(update(EmployeeRow).where(EmployeeRow.id == ME).values(active=False))
    await delete_old_forms(database, NOW)
    assert await rows(database) == 0
