"""The time at work on the command line: the check before the launch, the scores, their means, and the workbook."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest_asyncio
from python_calamine import CalamineWorkbook

from tests.cli.office import CYCLE, HARA, HR, MANAGER, MORI, ONO, PEOPLE, Office, today

FILE = CYCLE + '\n[policy]\ntime_at_work = true\n[[drafts]]\ndepartment = "経理部"\n'
FAR = today() + timedelta(days=2_000)


@pytest_asyncio.fixture(scope="module")
async def counted(office: Office) -> Office:
    """HARA was on leave for the whole cycle, ONO joined half-way, MORI joins after it; the manager was always there."""
    text = office.cycle_file("t4", FILE)
    check = ("cycle", "check", text, "--starts", today().isoformat())
    assert "none of the 6 participants has a date of joining" in (await office.type(*check)).stderr
    assert "対象者 6 人の誰にも入社日がありません" in (await office.type(*check, MEGURI_LOCALE="ja")).stderr
    await office.done("cycle", "start", text, "--as", HR, "--starts", today().isoformat(), "--overlapping")
    half, long_ago = today() + timedelta(days=60), today() - timedelta(days=9)
    columns = {HARA: f",{long_ago},,{FAR},{FAR}", ONO: f"{half},,,,", MORI: f"{FAR},,,,"}
    header, *rows = PEOPLE.splitlines()
    rows = [f"{row},{columns.get(row.split(',')[0], ',,,,')}" for row in rows]
    people = office.file("p.csv", "\n".join([f"{header},入社日,休業開始日,休業終了日,休業開始日2,休業終了日2", *rows]))
    refused = await office.refused("people", "sync", people, "--as", HR)
    assert "a leave of 原田 修 (E11) has no last day and overlaps" in refused or "overlaps" in refused
    rows = [row.replace(f"{long_ago},,", f"{long_ago},{FAR - timedelta(days=1)},") for row in rows]
    people = office.file("p.csv", "\n".join([f"{header},入社日,休業開始日,休業終了日,休業開始日2,休業終了日2", *rows]))
    shown = await office.done("people", "sync", people, "--as", HR)
    assert f"  大野 あかり ({ONO}): - → {half}" in shown
    assert f"  原田 修 ({HARA}): - → {long_ago} – {FAR - timedelta(days=1)}, {FAR} – {FAR}" in shown
    await office.done("people", "sync", people, "--as", HR, "--apply")
    return office


async def test_a_person_s_page_shows_the_date_of_joining_and_every_leave(counted: Office) -> None:
    page = await counted.done("people", "show", HARA)
    assert page.count("leave: ") == 2
    assert f"leave: {FAR} – {FAR}" in page
    assert "joined on" in await counted.done("people", "show", ONO)
    told = await counted.told("people", "show", HARA)
    assert told["person"]["further_leaves"] == [{"first": FAR.isoformat(), "last": FAR.isoformat()}]


async def test_the_scores_show_the_share_and_its_days(counted: Office) -> None:
    told = (await counted.told("cycle", "scores", "t4", "--as", HR))["people"]
    found = {one["employee"]: one for one in told}
    assert found[HARA]["share_at_work"] == found[MORI]["share_at_work"] == "0.0000"
    assert (found[MANAGER]["share_at_work"], found[MANAGER]["days_at_work"]) == ("1", None)
    ono = found[ONO]
    assert 0 < ono["days_at_work"] < ono["days_of_cycle"]
    share = Decimal(ono["days_at_work"]) / ono["days_of_cycle"]
    assert ono["share_at_work"] == str(share.quantize(Decimal("0.0001"), ROUND_HALF_UP))
    table = await counted.done("cycle", "scores", "t4", "--as", HR)
    assert "at work (days)" in table
    assert f"{Decimal(ono['share_at_work']) * 100:.2f} % ({ono['days_at_work']}/{ono['days_of_cycle']})" in table
    assert "100.00 %" in table
    streamed = await counted.told("cycle", "scores", "t4", "--as", HR, "--all")
    assert streamed["people"] == told
    assert "at work" not in await counted.done("cycle", "scores", "q4", "--as", HR)


async def test_means_are_weighted_and_say_so(counted: Office) -> None:
    await counted.alter("UPDATE goal SET score = 90 WHERE id = 't4/E3/1'")
    for by in ("department", "reviewer"):
        told = await counted.told("cycle", "scores", "t4", "--as", HR, "--by", by)
        assert told["by_time_at_work"] is True
    people = (await counted.told("cycle", "scores", "t4", "--as", HR))["people"]
    share = next(Decimal(one["share_at_work"]) for one in people if one["employee"] == ONO)
    departments = await counted.told("cycle", "scores", "t4", "--as", HR, "--by", "department")
    mean = (90 / (1 + share)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert next(one["mean"] for one in departments["spreads"] if one["name"] == "経理部") == str(mean)
    assert "means are weighted by the time at work" in await counted.done(
        "cycle", "scores", "t4", "--as", HR, "--by", "department"
    )
    plain = await counted.told("cycle", "scores", "q4", "--as", HR, "--by", "department")
    assert plain["by_time_at_work"] is False


async def test_the_workbook_has_the_share_and_a_weighted_mean(counted: Office, tmp_path: Path) -> None:
    for cycle in ("t4", "q4"):
        await counted.done("sheet", "results", cycle, tmp_path / f"{cycle}.xlsx", "--as", HR)
    book, plain = (CalamineWorkbook.from_path(tmp_path / f"{cycle}.xlsx") for cycle in ("t4", "q4"))
    people = {row[0]: row for row in book.get_sheet_by_name("people").to_python()}
    assert people["employee"][-1] == "share at work"
    assert (people[HARA][-1], people[MANAGER][-1]) == (0, 1)
    assert 0 < people[ONO][-1] < 1  # type: ignore[operator] # a number
    assert "mean (weighted by time at work)" in book.get_sheet_by_name("summary").to_python()[1]
    assert plain.get_sheet_by_name("people").to_python()[1][-1] == "final"
    assert "mean" in plain.get_sheet_by_name("summary").to_python()[1]
