"""Files that must be refused: each finding says where and why, and directory, cycles and goals do not change."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.findings import Finding
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.cycles import Checked
from service.reorganisation import Reorganisation
from tests.acceptance.scene import CYCLE, HR, SAMPLES, Company, today
from tests.acceptance.unchanged import says, unchanged
from tests.callers import by
from texts.say import say_both

pytestmark = pytest.mark.slow

SAMPLE = (SAMPLES / "cycle.toml").read_text(encoding="utf-8")


async def imported(company: Company, text: str, encoding: str = "utf-8") -> tuple[Finding, ...]:
    """The findings for which the file was refused."""
    async with unchanged(company):
        result = await Reorganisation(company.engine).compare(by(HR), text.encode(encoding))
    assert result.difference is None
    return result.findings


async def checked(company: Company, text: str) -> Checked:
    """The findings of the check of an invalid cycle file."""
    async with unchanged(company):
        found = await company.cycles.check(text.encode(), today(), starts=None)
        with pytest.raises(ValueError, match="only after a check without errors"):
            await company.cycles.launch(found, HR, datetime.now(UTC))
    return found


def one(findings: tuple[Finding, ...], code: str) -> Finding:
    return next(finding for finding in findings if finding.code == code)


async def test_managers_in_a_circle_are_refused_and_the_circle_is_shown(company: Company) -> None:
    text = "社員番号,氏名,部署,上長\nX1,甲,総務部,X3\nX2,乙,総務部,X1\nX3,丙,総務部,X2\nX4,丁,総務部,\n"
    finding = one(await imported(company, text), "circular_managers")
    assert all(person in say_both(finding.message).ja for person in ("X1", "X2", "X3"))
    assert finding.where.startswith("row ")


@pytest.mark.parametrize(
    ("encoding", "code", "said"),
    [
        ("utf-16", "utf_16", "save it as “CSV UTF-8”"),
        ("euc-jp", "bad_encoding", "CP932"),
    ],
)
async def test_a_file_of_people_in_another_encoding_is_refused_with_the_way_to_save_it(
    company: Company, encoding: str, code: str, said: str
) -> None:
    text = (SAMPLES / "company.csv").read_text(encoding="utf-8").replace("髙", "高")  # EUC-JP lacks it
    findings = await imported(company, text, encoding)
    assert [finding.code for finding in findings] == [code]
    assert said in say_both(findings[0].message).en


async def test_a_cycle_file_with_an_unknown_key_is_refused_and_the_key_it_meant_is_suggested(company: Company) -> None:
    found = await checked(company, SAMPLE.replace("approval_stages", "aproval_stages"))
    finding = one(found.findings, "unknown_key")
    assert finding.where == "policy.aproval_stages"
    assert say_both(finding.message).en == "unknown key; did you mean approval_stages?"


async def test_a_cycle_file_with_dates_out_of_order_is_refused_by_key(company: Company) -> None:
    found = await checked(company, SAMPLE.replace("2027-03-26", "2027-03-01").replace('"2026-q4"', '"other"'))
    assert one(found.findings, "dates_out_of_order").where == "cycle.closes"


async def test_a_draft_with_a_step_outside_the_cycle_is_refused_by_key(company: Company) -> None:
    text = SAMPLE.replace('"2026-q4"', '"other"').replace("due = 2027-03-05", "due = 2037-03-05")
    async with unchanged(company):
        found = await company.cycles.check(text.encode(), today(), starts=today())
    assert one(found.findings, "step_outside_cycle").where == "drafts[1].steps[2].due"


async def test_an_id_that_another_file_was_launched_under_is_refused(company: Company) -> None:
    text = SAMPLE.replace("第4四半期", "第4四半期(改)")
    async with unchanged(company):
        found = await company.cycles.check(text.encode(), today(), starts=today())
        with pytest.raises(ValueError, match="only after a check without errors"):
            await company.cycles.launch(found, HR, datetime.now(UTC))
    finding = one(found.findings, "cycle_taken")
    assert finding.where == "cycle.id"
    assert say_both(finding.message).en == f"a cycle {CYCLE} was already launched from another file; choose another id"


async def test_launching_twice_changes_nothing(company: Company) -> None:
    starts = (await company.cycles.find_all())[0].file.cycle.starts
    async with unchanged(company):
        found = await company.cycles.check(SAMPLE.encode(), today(), starts=starts)
        assert found.already_launched
        for _ in range(2):
            await company.cycles.launch(found, HR, datetime.now(UTC) + timedelta(hours=1))


async def test_only_hr_launches(company: Company) -> None:
    text = SAMPLE.replace('"2026-q4"', '"another"')
    found = await company.cycles.check(text.encode(), today(), starts=today())
    async with unchanged(company):
        with pytest.raises(Refusal) as caught:
            await company.cycles.launch(found, EmployeeId("M0031"), datetime.now(UTC))
    says(
        caught.value,
        Code.NOT_ALLOWED,
        "M0031 may not do this; M0006, M0025 may",
        "社員番号 M0031はこの操作を行えません",
    )
