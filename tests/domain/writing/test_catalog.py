"""The catalogue: the measures of the practice are there, whole in both languages, and each makes a draft that can be submitted."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from domain.messages import message
from domain.refusals import Code, Refusal
from domain.values import MAX_LINE, Locale, Text
from domain.writing.catalog import CatalogEntry, draft, entries, find, search
from domain.writing.content import NumericMeasure
from domain.writing.rules import check
from tests.domain.builders import list_of, policy

POLICY = policy(edition=2)
ASKED = {
    "hr": "採用人数 採用コスト 採用後の離職率 研修の実施数 研修の満足度 一人当たり研修コスト 育成プランの達成度 社員の目標達成度合い 配属後の満足度 部署別の有給取得率",
    "accounting": "清算完了までの平均日数 入力データの精度 手順の文書化",
    "finance": "固定資産回転率 棚卸資産回転率 自己資本利益率 総資産利益率 財務コストの削減",
    "general": "契約書の電子化率 社内報のデジタル化 経費の削減率 エネルギーコスト",
    "legal": "契約審査の平均日数 コンプライアンス研修の受講率",
    "common": "ミス・クレームの件数 処理時間 資格の取得率 売上高人件率 採用計画の達成度",
}
DEDUCTS_OR_VAGUE = re.compile(
    r"ゼロ|しない|なくす|無くす|遅れない|徹底|頑張|がんば|意識|努め"
    r"|\b(?:never|no more|zero|avoid|don't|do not|try|as much as possible)\b",
    re.IGNORECASE,
)


def _promises(entry: CatalogEntry) -> list[Text]:
    """What the owner commits to, once it stands in a goal."""
    image = [entry.success_image] if entry.success_image else []
    return [entry.theme, *image, *entry.criteria, *(step.title for step in entry.steps)]


def _texts(entry: CatalogEntry) -> list[Text]:
    """Every sentence of the entry; not its unit, which may be a sign."""
    return [entry.name, entry.tells, entry.count, entry.challenge, *_promises(entry)]


def test_the_measures_of_the_practice_are_there_and_about_sixty_in_all() -> None:
    names = {department: {e.name.ja for e in entries() if e.id.startswith(f"{department}/")} for department in ASKED}
    for department, asked in ASKED.items():
        assert set(asked.split()) <= names[department]
    assert 55 <= len(entries()) <= 70
    assert len({entry.id for entry in entries()}) == len(entries())
    assert entries()[-1].id.startswith("common/")


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
@pytest.mark.parametrize("locale", Locale)
def test_a_draft_of_every_entry_can_be_submitted_as_it_is_without_a_single_finding(
    entry: CatalogEntry, locale: Locale
) -> None:
    made = draft(entry, locale, POLICY.starts, POLICY.ends)
    assert not check(made, POLICY)
    assert made.challenge
    assert sum(step.points for step in made.steps) + (made.measure.points if made.measure else 0) == 100


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_every_text_is_written_in_its_language(entry: CatalogEntry) -> None:
    for text in _texts(entry):
        assert any(ord(c) > 0x3000 for c in text.ja)
        assert text.en
        assert all(ord(c) < 0x3000 for c in text.en)


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_every_text_fits_a_line(entry: CatalogEntry) -> None:
    assert all(0 < len(one) <= MAX_LINE for text in _texts(entry) for one in (text.ja, text.en))


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_what_goes_into_a_goal_adds_and_promises_no_mere_effort(entry: CatalogEntry) -> None:
    for text in _promises(entry):
        assert not DEDUCTS_OR_VAGUE.search(f"{text.ja} {text.en}")


@pytest.mark.parametrize(
    "words",
    [
        "ミスをゼロにする",
        "締切に遅れない",
        "確認を徹底する",
        "Never miss a date",
        "zero errors",
        "try harder",
        "don't wait",
    ],
)
def test_words_that_deduct_or_say_nothing_are_seen(words: str) -> None:
    assert DEDUCTS_OR_VAGUE.search(words)


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_an_example_is_within_reach_and_a_plan_has_three_steps(entry: CatalogEntry) -> None:
    assert len(entry.steps) == 3
    if entry.baseline is None or entry.target is None:
        assert 2 <= len(entry.criteria) <= 4
    else:
        assert entry.target > 0
        assert entry.baseline / 3 <= entry.target <= entry.baseline * 3


def test_the_owners_numbers_take_the_place_of_the_examples() -> None:
    made = draft(find("accounting/closing-days"), Locale.JA, date(2026, 10, 1), date(2026, 12, 25), baseline=Decimal(12), target=Decimal(9))  # fmt: skip
    assert isinstance(made.measure, NumericMeasure)
    assert (made.measure.baseline, made.measure.target) == (Decimal(12), Decimal(9))
    assert [step.due for step in made.steps] == sorted(step.due for step in made.steps)


@pytest.mark.parametrize(
    "department", ["accounting", "経理", "経理部", "経理課", "ACCOUNTING", "ａｃｃｏｕｎｔｉｎｇ", "　経理部 "]
)
def test_a_department_is_found_by_its_names_and_brings_what_is_for_all(department: str) -> None:
    files = {entry.id.partition("/")[0] for entry in search(department=department)}
    assert files == {"accounting", "common"}


@pytest.mark.parametrize(
    ("words", "entry"),
    [
        ("離職", "hr/early-turnover"),
        ("ＲＯＥ", "finance/roe"),
        ("turnover hiring", "hr/early-turnover"),
        ("電子　契約", "general/contracts-digital"),
    ],
)
def test_words_are_found_in_either_language_and_width(words: str, entry: str) -> None:
    assert entry in [one.id for one in search(words)]


def test_every_word_must_stand() -> None:
    assert not search("離職 棚卸資産回転率")


def test_what_is_not_there_is_refused_with_what_is() -> None:
    with pytest.raises(Refusal) as caught:
        find("accounting/closing-day")
    assert (caught.value.code, caught.value.message.fields["near"]) == (
        Code.UNKNOWN_ENTRY,
        message("part.did_you_mean", near="accounting/closing-days"),
    )
    with pytest.raises(Refusal) as caught:
        search(department="魔法部")
    assert caught.value.code is Code.UNKNOWN_CATALOG_DEPARTMENT
    assert message("part.catalog_department", name="経理", file="accounting") in list_of(caught.value, "known")


@pytest.mark.parametrize(
    "broken",
    [
        {"unit": None}, {"target": None}, {"success_image": {"ja": "絵", "en": "picture"}}, {"kind": "qualitative"},
        {"steps": [{"at": 50, "title": {"ja": "a", "en": "a"}}]}, {"cadence": "daily"},
        {"steps": [{"at": at, "title": {"ja": "a", "en": "a"}} for at in (50, 40)]},
        {"steps": [{"at": at, "title": {"ja": "a", "en": "a"}} for at in (4, 40)]},
    ],
)  # fmt: skip
def test_an_entry_that_is_not_whole_is_refused(broken: dict[str, Any]) -> None:
    whole = find("accounting/closing-days").model_dump()
    assert CatalogEntry.model_validate(whole)
    with pytest.raises(ValueError, match=r"entry|steps|cadence|at"):
        CatalogEntry.model_validate(whole | broken)
