"""A second cycle for the same people at the same time is pointed out; the same file under another id must be confirmed."""

from datetime import date

import pytest

from domain.cycle.file import CycleFile
from domain.cycle.overlaps import RunningCycle, overlap_findings
from domain.findings import Level
from domain.values import CycleId, Locale
from tests.domain.cycle.test_amendments import file, organisation
from texts.findings import finding_text

RUNNING = RunningCycle(CycleId("q4"), file(), date(2027, 3, 26))
OTHER_ID = ('id = "q4"', 'id = "q4-again"')


def found(second: CycleFile, *, confirmed: bool = False) -> list[tuple[str, Level]]:
    return [(one.code, one.level) for one in overlap_findings(second, [RUNNING], organisation(), confirmed=confirmed)]


def test_the_same_file_under_another_id_must_be_confirmed() -> None:
    again = file(OTHER_ID, ("2026年度 第4四半期", "やり直し"))
    assert found(again) == [("same_cycle_runs", Level.REFUSE)]
    assert found(again, confirmed=True) == [("cycle_overlaps", Level.ADVISE)]
    assert found(again.moved_to(date(2026, 12, 1))) == [("same_cycle_runs", Level.REFUSE)], "--starts changes nothing"


@pytest.mark.parametrize(
    ("starts", "code"), [(date(2027, 3, 13), "cycle_overlaps"), (date(2027, 3, 12), "same_cycle_runs")]
)
def test_the_next_of_a_series_may_begin_while_the_last_reviews_of_the_one_before_are_held(
    starts: date, code: str
) -> None:
    """The cycle that runs ends on March 12, and closes on March 26."""
    [(given, _)] = found(file(OTHER_ID).moved_to(starts))
    assert given == code


def test_the_refusal_says_when_both_are_and_from_when_the_next_one_may_start() -> None:
    [one] = overlap_findings(file(OTHER_ID), [RUNNING], organisation(), confirmed=False)
    said = finding_text(one, Locale.JA)
    assert "2026年10月1日" in said
    assert "2027年3月13日" in said


def test_another_cycle_for_the_same_people_at_the_same_time_is_pointed_out() -> None:
    assert found(file(OTHER_ID, ("closes = 2027-03-26", "closes = 2027-03-19"))) == [("cycle_overlaps", Level.ADVISE)]


@pytest.mark.parametrize("days", [date(2027, 3, 27), date(2026, 1, 5)])
def test_cycles_one_after_the_other_have_nothing_to_do_with_each_other(days: date) -> None:
    assert found(file(OTHER_ID).moved_to(days)) == []


def test_a_cycle_for_other_people_and_the_cycle_itself_are_not_pointed_out() -> None:
    everybody = "".join(f'"{one}", ' for one in ("p1", "h1", "h2", "e1"))
    running = RUNNING._replace(file=file(('hr = ["h1"]', f'hr = ["h1"]\nwithout = [{everybody}]')))
    assert list(overlap_findings(file(OTHER_ID), [running], organisation(), confirmed=False)) == []
    assert found(file()) == []
