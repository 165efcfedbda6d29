"""The sheet commands: writing sheets, importing filled-in ones completely or not at all, and permissions."""

import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from domain.values import GoalId, Locale
from domain.writing.content import Content
from sheets.fields import merged
from sheets.goal_sheet import write_goal_sheet
from sheets.goals_csv import write_goals_csv
from sheets.model import GoalSheet
from tests.cli.office import HARA, HR, MANAGER, MORI, ONO, Office
from tests.sheets.filled import sheet_of

MORIS, HARAS = f"q4/{MORI}/1", f"q4/{HARA}/1"


def filled(folder: Path, goal: str, seq: int, **fields: Any) -> Path:
    """A filled-in sheet: the sheet that the product writes for a draft with these fields."""
    said: dict[str, Any] = {"target": Decimal(6), "baseline": Decimal(10), "measure": "所要日数", "unit": "日"}
    one = sheet_of(merged(Content(), said | fields))
    held = one.goals[0].goal.model_copy(update={"id": GoalId(goal), "seq": seq})
    path = folder / f"{goal.replace('/', '_')}.xlsx"
    path.write_bytes(write_goal_sheet(GoalSheet(*one[:5], (one.goals[0]._replace(goal=held),)), Locale.JA))
    return path


async def content_of(office: Office, goal: str) -> Any:
    return (await office.told("goal", "show", goal))["content"]


async def test_a_sheet_is_written_for_each_person_whom_one_may_see(office: Office, tmp_path: Path) -> None:
    for actor, people in ((HR, 6), (MANAGER, 4), (MORI, 1)):
        written = (await office.told("sheet", "export", "q4", tmp_path / actor, "--as", actor))["files"]
        assert len(written) == people
    assert [Path(one).name for one in written] == [f"q4_{MORI}.xlsx"]
    cells = CalamineWorkbook.from_path(written[0]).get_sheet_by_index(0).to_python()
    assert any("森 香織" in map(str, row) for row in cells)
    assert "may not" in await office.refused("sheet", "export", "q4", tmp_path, "--as", MORI, "--person", HARA)
    assert "cycle q9 was not found" in await office.refused("sheet", "export", "q9", tmp_path, "--as", HR)


async def test_an_untouched_sheet_changes_nothing(office: Office, tmp_path: Path) -> None:
    written = (await office.told("sheet", "export", "q4", tmp_path, "--as", HR))["files"]
    before = await office.told("goal", "list", "--cycle", "q4")
    done = await office.told("sheet", "import", *written, "--as", HR)
    assert (done["changed"], done["unchanged"]) == ([], 6)
    assert await office.told("goal", "list", "--cycle", "q4") == before


async def test_a_filled_sheet_goes_into_the_draft_after_a_dry_run_that_changes_nothing(
    office: Office, tmp_path: Path
) -> None:
    sheet = filled(tmp_path, MORIS, 1, theme="請求書のミスをゼロにする", weight=Decimal(60))
    would = await office.told("sheet", "import", sheet, "--as", MORI, "--dry-run")
    assert would["changed"][0]["fields"] == ["theme", "measure", "weight"]
    assert "deductive" in [one["code"] for one in would["changed"][0]["findings"]]
    assert (await content_of(office, MORIS))["theme"] == ""
    await office.done("sheet", "import", sheet, "--as", MORI)
    now = await content_of(office, MORIS)
    assert (now["theme"], now["weight"], now["measure"]["target"]) == ("請求書のミスをゼロにする", 60, "6")
    assert "0 changed, 1 as they were" in await office.done("sheet", "import", sheet, "--as", MORI)


async def test_an_older_sheet_does_not_undo_what_was_written_since(office: Office, tmp_path: Path) -> None:
    goal = f"q4/{ONO}/1"
    first = filled(tmp_path, goal, 1, theme="はじめの案")
    await office.done("sheet", "import", first, "--as", ONO)
    older = filled(tmp_path, goal, 1, theme="古い紙の案")
    assert "the draft has changed since it was written out" in await office.refused(
        "sheet", "import", older, "--as", ONO
    )
    assert (await content_of(office, goal))["theme"] == "はじめの案"


async def test_of_many_files_all_are_taken_in_or_none(office: Office, tmp_path: Path) -> None:
    good = filled(tmp_path, HARAS, 1, theme="良い案")
    table = tmp_path / "bad.csv"
    table.write_text(f"目標の ID,目標値,ステップ1の期日\n{HARAS},多め,来月\nq4/E99/1,3,\n", "utf-8")
    said = await office.refused("sheet", "import", good, table, "--as", HR)
    assert "bad.csv / row 2" in said
    assert "bad.csv / row 3" in said
    assert "is also at q4_E11_1.xlsx" in said
    assert (await content_of(office, HARAS))["theme"] == ""


async def test_nobody_else_fills_in_a_sheet_and_nothing_but_a_draft_changes(office: Office, tmp_path: Path) -> None:
    sheet = filled(tmp_path, HARAS, 1, theme="上司の案")
    assert "only its owner and HR" in await office.refused("sheet", "import", sheet, "--as", MANAGER)
    await office.done("goal", "withdraw", f"q4/{MANAGER}/1", "--as", MANAGER, "--reason", "異動")
    closed = filled(tmp_path, f"q4/{MANAGER}/1", 9, theme="別の案")
    said = await office.refused("sheet", "import", closed, "--as", HR)
    assert "only a draft can be changed; different: " in said
    assert "theme" in said


@pytest.mark.parametrize("name", ["nothing.xlsx", "text.xlsx", "text.csv"])
async def test_what_is_no_sheet_is_refused_by_name(office: Office, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name != "nothing.xlsx":
        path.write_text("これは目標ではない", "utf-8")
    code = 2 if name == "nothing.xlsx" else 1
    assert name in await office.refused("sheet", "import", path, "--as", HR, code=code)


async def test_goals_go_out_as_a_table_and_come_in_again(office: Office, tmp_path: Path) -> None:
    table = tmp_path / "goals.csv"
    assert (await office.told("sheet", "goals", "q4", table, "--as", HR))["goal_count"] == 6
    assert (await office.told("sheet", "import", table, "--as", HR))["unchanged"] == 6
    changed = table.read_text("utf-8-sig").replace(f"{HARAS},1,", f"{HARAS},1,表からの案")
    table.write_text(changed, "utf-8")
    assert [one["goal"] for one in (await office.told("sheet", "import", table, "--as", HR))["changed"]] == [HARAS]
    assert (await content_of(office, HARAS))["theme"] == "表からの案"


async def test_results_are_hrs_and_come_as_a_workbook_or_a_table(office: Office, tmp_path: Path) -> None:
    book, table = tmp_path / "r.xlsx", tmp_path / "r.csv"
    await office.done("sheet", "results", "q4", book, "--as", HR)
    await office.done("sheet", "results", "q4", table, "--as", HR, MEGURI_LOCALE="ja")
    pages = CalamineWorkbook.from_filelike(io.BytesIO(book.read_bytes()))
    assert pages.sheet_names == ["summary", "people", "goals", "distribution"]
    goals = pages.get_sheet_by_name("goals").to_python()
    assert [row[0] for row in goals[2:]] == sorted(f"q4/{one}/1" for one in ("E1", "E2", "E3", "E10", "E11", "E12"))
    people = pages.get_sheet_by_name("people").to_python()
    assert [row[1] for row in people[2:] if row[0] == MORI] == ["森 香織"]
    assert table.read_text("utf-8-sig").splitlines()[0].startswith("目標の ID,氏名,部署,テーマ")
    assert "may not" in await office.refused("sheet", "results", "q4", tmp_path / "own.xlsx", "--as", MORI)
    assert ".xlsx or .csv" in await office.refused("sheet", "results", "q4", tmp_path / "r.pdf", "--as", HR, code=2)


def test_a_table_of_nothing_has_its_head() -> None:
    assert write_goals_csv([], Locale.EN).decode("utf-8-sig").startswith("goal,number,theme")


async def test_a_sheet_that_is_there_is_kept_until_somebody_says_to_overwrite_it(
    office: Office, tmp_path: Path
) -> None:
    filled, export = tmp_path / f"q4_{MORI}.xlsx", ("sheet", "export", "q4", tmp_path, "--as", HR)
    filled.write_bytes(b"filled in by hand")
    result = await office.type(*export)
    assert result.exit_code == 1
    assert (
        f"1 files were there already and were kept, since somebody may have filled them in: q4_{MORI}.xlsx"
        in result.stderr
    )
    assert filled.read_bytes() == b"filled in by hand"
    assert (tmp_path / f"q4_{HARA}.xlsx").exists(), "what is missing is written"
    again = json.loads((await office.type(*export, "--json")).stdout)
    assert (again["files"], len(again["kept"])) == ([], 6)
    await office.done(*export, "--overwrite")
    assert filled.read_bytes() != b"filled in by hand"


async def test_a_table_and_results_that_are_there_are_kept_too(office: Office, tmp_path: Path) -> None:
    for words in (("goals", "q4", tmp_path / "g.csv"), ("results", "q4", tmp_path / "r.xlsx")):
        words[2].write_bytes(b"filled in by hand")
        assert "is there already" in await office.refused("sheet", *words, "--as", HR)
        assert words[2].read_bytes() == b"filled in by hand"
        await office.done("sheet", *words, "--as", HR, "--overwrite")
        assert words[2].read_bytes() != b"filled in by hand"


async def test_a_place_that_cannot_be_written_to_is_named(office: Office, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", "utf-8")
    for words in (("goals", "q4", tmp_path / "taken" / "g.csv"), ("results", "q4", tmp_path / "taken" / "r.xlsx")):
        assert "cannot be written" in await office.refused("sheet", *words, "--as", HR, code=2)
