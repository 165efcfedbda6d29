import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.people.people import people
from cli.session.output import MAX_FINDINGS
from domain.people.organisation import Employee
from storage.database import open_database, read_transaction
from storage.people import load_organisation

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "samples" / "company.csv"
Run = Callable[..., Awaitable[Result]]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in English on the test's own database; in a thread, since it has its own event loop."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MEGURI_LOCALE", "en")

    async def invoke(*words: str | Path) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, people, [str(word) for word in words])

    return invoke


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "people.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


async def directory(url: str) -> dict[str, Employee]:
    engine = open_database(url)
    try:
        async with read_transaction(engine) as connection:
            return {str(key): one for key, one in (await load_organisation(connection)).employees.items()}
    finally:
        await engine.dispose()


async def test_the_sample_company_goes_in_and_a_second_time_changes_nothing(run: Run, database_url: str) -> None:
    first, second = await run("import", SAMPLE), await run("import", SAMPLE)
    assert (first.exit_code, first.stdout) == (0, "120 added, 0 changed, 0 unchanged\n")
    assert (second.exit_code, second.stdout) == (0, "0 added, 0 changed, 120 unchanged\n")
    assert len(await directory(database_url)) == 120


async def test_a_character_that_a_spreadsheet_lost_is_told_together_with_all_else(
    run: Run, file: Callable[[str], Path], database_url: str
) -> None:
    rows = "社員番号,氏名,部署,上長\n1,社長 一,経営,\n2,𠮷田 太郎,営業,1\n"
    assert (await run("import", file(rows))).exit_code == 0
    lost = rows.replace("𠮷", "?") + "3,社員 三,営業,99\n"
    for dry_run in ([], ["--dry-run"]):
        refused = await run("import", file(lost), *dry_run, "--json")
        findings = json.loads(refused.stdout)["error"]["findings"]
        assert sorted(one["code"] for one in findings) == ["lost_character", "manager_missing"]
        assert "“𠮷田 太郎” in the directory" in refused.stderr
    told = await run("import", file(rows + "4,?田 花子,営業,1\n5,社員 五,営業,99\n"))
    assert told.exit_code == 1
    assert "a character may have been lost" in told.stderr
    assert "99" in told.stderr
    assert len(await directory(database_url)) == 2


async def test_people_for_whom_the_file_names_no_language_speak_the_companys(
    run: Run, file: Callable[[str], Path], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEGURI_COMPANY_LOCALE", "en")
    assert (await run("import", file("id,name,department,manager\n1,Jane Doe,Board,\n"))).exit_code == 0
    assert (await directory(database_url))["1"].locale == "en"


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(run: Run, database_url: str) -> None:
    result = await run("import", SAMPLE, "--dry-run")
    assert (result.exit_code, result.stdout) == (
        0,
        "120 added, 0 changed, 0 unchanged\na dry run: nothing was changed\n",
    )
    assert await directory(database_url) == {}


async def test_people_who_are_not_in_the_file_are_mentioned(run: Run, file: Callable[[str], Path]) -> None:
    await run("import", SAMPLE)
    result = await run("import", file("id,name,department,manager\nN1,New,営業部,M0010\n"))
    assert result.exit_code == 0
    assert "120 in the directory are not in the file" in result.stdout


async def test_a_refused_file_says_each_row_on_stderr_and_changes_nothing(
    run: Run, file: Callable[[str], Path], database_url: str
) -> None:
    path = file("id,name,department,manager\n1,a,b,\n2,,b,1\n1,c,d,2\n")
    result = await run("import", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["row 3", "row 2, row 4", str(path)]
    assert "nothing was imported" in result.stderr
    assert await directory(database_url) == {}


async def test_circular_managers_are_refused_with_their_rows_and_nothing_changes(
    run: Run, file: Callable[[str], Path], database_url: str
) -> None:
    result = await run("import", file("id,name,department,manager\n1,a,b,\n2,c,b,3\n3,d,b,2\n"))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "row 3, row 4: " in result.stderr
    assert "2 -> 3 -> 2" in result.stderr
    assert await directory(database_url) == {}


async def test_a_file_in_the_wrong_encoding_is_refused_and_nothing_changes(
    run: Run, tmp_path: Path, database_url: str
) -> None:
    path = tmp_path / "utf16.csv"
    path.write_bytes(SAMPLE.read_text(encoding="utf-8").encode("utf-16"))
    result = await run("import", path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "UTF-16" in result.stderr
    assert await directory(database_url) == {}


async def test_findings_end_after_fifty_with_how_many_there_are(run: Run, file: Callable[[str], Path]) -> None:
    rows = "".join(f"{n},,b,\n" for n in range(MAX_FINDINGS + 7))
    result = await run("import", file("id,name,department,manager\n" + rows))
    *findings, more, summary = result.stderr.splitlines()
    assert (len(findings), more) == (MAX_FINDINGS, "and 8 more")
    assert f"({MAX_FINDINGS + 8} errors)" in summary, "an empty name in each row, and too many without a manager"


async def test_json_is_one_document_on_stdout_also_when_the_file_is_refused(
    run: Run, file: Callable[[str], Path]
) -> None:
    done = await run("import", SAMPLE, "--json")
    assert json.loads(done.stdout) == {
        "dry_run": False,
        "imported": {"added": 120, "changed": 0, "unchanged": 0, "absent": 0},
        "findings": [],
    }
    assert done.stderr == ""
    refused = await run("import", file("id,name,department,manager\n1,,b,\n"), "--json")
    told = json.loads(refused.stdout)["error"]
    assert (refused.exit_code, told["code"], told["message"]) == (1, "findings", refused.stderr.splitlines()[-1])
    found = {one["code"]: (one["where"], one["concerned"]) for one in told["findings"]}
    assert found == {"empty_cell": ("row 2", []), "several_tops": ("M0001, row 2", ["M0001", "1"])}


async def test_a_mapping_names_a_header_and_a_bad_one_is_a_usage_error(run: Run, file: Callable[[str], Path]) -> None:
    path = file("id,login,department,manager\n1,ken0,b,\n")
    assert (await run("import", path, "--map", "name=login")).exit_code == 0
    for wrong in (("--map", "name"), ("--map", "=login"), ("--map", "name=login", "--map", "name=id")):
        result = await run("import", path, *wrong)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "FIELD=HEADER" in result.stderr


async def test_several_tops_go_in_when_all_are_named(run: Run, file: Callable[[str], Path]) -> None:
    path = file("id,name,department,manager\n1,a,b,\n2,c,d,\n")
    refused = await run("import", path)
    assert refused.exit_code == 1
    assert "--top" in refused.stderr
    assert (await run("import", path, "--top", "1", "--top", "2")).exit_code == 0


@pytest.mark.parametrize(
    ("name", "reason"), [("missing.csv", "no such file"), (".", "a folder"), ("people.csv/inside", "cannot be read")]
)
async def test_a_file_that_cannot_be_read_is_a_usage_error(
    run: Run, file: Callable[[str], Path], tmp_path: Path, name: str, reason: str
) -> None:
    file("id\n")
    result = await run("import", tmp_path / name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr


async def test_departments_are_counted_and_who_left_is_not(run: Run, file: Callable[[str], Path]) -> None:
    await run("import", file("id,name,department,manager,active\n1,a,東,,yes\n2,b,東,1,yes\n3,c,西,1,no\n"))
    result = await run("show")
    assert result.exit_code == 0
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["department", "people"],
        ["東", "2"],
        ["西", "0"],
        ["total", "2"],
    ]
    told = json.loads((await run("show", "--json")).stdout)
    assert (told["active_count"], told["people_count"]) == (2, 3)
    assert {"department": "東", "active_count": 2} in told["departments"]


async def test_an_employee_is_shown_with_the_line_above_and_the_reports(run: Run) -> None:
    await run("import", SAMPLE)
    told = json.loads((await run("show", "M0006", "--json")).stdout)
    assert told["person"]["employee"] == "M0006"
    assert [one["employee"] for one in told["manager_line"]] == ["M0002", "M0001"]
    assert {one["manager"] for one in told["reports"]} == {"M0006"}
    shown = (await run("show", "M0006")).stdout
    assert shown.index("managers, nearest first") < shown.index("M0001") < shown.index("reports") < shown.index("M0017")


async def test_a_department_is_shown_with_its_people(run: Run) -> None:
    await run("import", SAMPLE)
    shown = await run("show", "--department", "人事部")
    assert shown.exit_code == 0
    assert len(shown.stdout.splitlines()) == 1 + 13
    told = json.loads((await run("show", "--department", "人事部", "--json")).stdout)
    assert len(told["people"]) == 13


async def test_who_and_what_is_not_there_is_refused_with_what_there_is(run: Run) -> None:
    await run("import", SAMPLE)
    nobody, nowhere = await run("show", "M9999"), await run("show", "--department", "宇宙部")
    assert (nobody.exit_code, nobody.stdout, nowhere.exit_code, nowhere.stdout) == (1, "", 1, "")
    assert "M9999" in nobody.stderr
    assert "人事部" in nowhere.stderr
    assert (await run("show", "M0001", "--department", "人事部")).exit_code == 2


async def test_an_empty_directory_says_what_to_do(run: Run) -> None:
    result = await run("show")
    assert result.exit_code == 0
    assert "meguri people import" in result.stdout


async def test_a_name_in_brackets_is_printed_and_not_taken_for_a_style(run: Run, file: Callable[[str], Path]) -> None:
    await run("import", file("id,name,department,manager\n1,[red]a[/red],b,\n"))
    assert "[red]a[/red]" in (await run("show", "1")).stdout


async def test_the_command_speaks_japanese_where_the_environment_does(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEGURI_LOCALE")
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    assert (await run("import", SAMPLE)).stdout == "追加 120 人、変更 0 人、変更なし 0 人。\n"
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert (await run("import", SAMPLE)).stdout == "0 added, 0 changed, 120 unchanged\n"


async def test_a_database_that_does_not_answer_is_exit_three(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    result = await run("import", SAMPLE)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "127.0.0.1:1" in result.stderr


async def test_a_database_without_the_schema_names_the_command_that_mends_it(
    run: Run, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    result = await run("show")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "meguri migrate" in result.stderr


def test_nothing_slow_is_imported_before_a_command_runs() -> None:
    code = "import sys, cli.people; print([m for m in ('sqlalchemy', 'temporalio', 'rich', 'pydantic') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


async def test_people_are_shown_by_company_and_who_is_seconded_is_shown_with_the_employer(
    run: Run, file: Callable[[str], Path]
) -> None:
    rows = "1,a,東,,持株会社,\n2,b,東,1,販売会社,持株会社\n3,c,西,1,販売会社,\n"
    await run("import", file(f"id,name,department,manager,会社,出向元\n{rows}"))
    told = json.loads((await run("show", "--company", "持株会社", "--json")).stdout)
    assert [(one["employee"], one["company"], one["seconded_from"]) for one in told["people"]] == [
        ("1", "持株会社", None), ("2", "販売会社", "持株会社"),
    ]  # fmt: skip
    assert (await run("show", "--company", "販売会社")).stdout.count("\n") == 3
    assert "company: 販売会社, seconded from 持株会社" in (await run("show", "2")).stdout
    assert "company: 持株会社" in (await run("show", "1")).stdout
    nobody = await run("show", "--company", "販社")
    assert (nobody.exit_code, nobody.stdout) == (1, "")
    assert "持株会社" in nobody.stderr
    assert (await run("show", "1", "--company", "持株会社")).exit_code == 2


async def test_a_file_without_companies_leaves_them_as_they_are(
    run: Run, file: Callable[[str], Path], database_url: str
) -> None:
    await run("import", file("id,name,department,manager,会社,出向元\n1,a,東,,販売会社,持株会社\n"))
    await run("import", file("id,name,department,manager\n1,a,西,\n"))
    assert [(one.department, one.company, one.seconded_from) for one in (await directory(database_url)).values()] == [
        ("西", "販売会社", "持株会社")
    ]
