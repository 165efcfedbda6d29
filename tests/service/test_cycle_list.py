"""The list of cycles, page by page: dates and numbers of each."""

import pytest

from domain.values import CycleId
from service.cycle_list import CycleLists
from tests.callers import by
from tests.service.steered import EVERYBODY, HR, MORI, Steered

pytestmark = pytest.mark.slow


async def test_pages_of_one_hold_every_cycle_once_the_latest_launch_first(company: Steered) -> None:
    for name in ("one", "two", "three"):
        await company.launch(name)
    lists = CycleLists(company.engine)
    seen, after = [], ""
    while True:
        page = await lists.page(by(MORI), after, limit=1)
        seen += [one.cycle for one in page.cycles]
        if not page.next:
            break
        after = page.next
    assert seen == ["three", "two", "one"]
    whole = await lists.page(by(MORI), "no key")
    assert [one.cycle for one in whole.cycles] == seen
    cycle, rules = whole.cycles[0], (await company.cycles.require(CycleId("three"))).rules
    assert (cycle.starts, cycle.ends, cycle.closes) == (rules.starts, rules.ends, rules.closes)
    assert (cycle.people, cycle.failed, cycle.number_of_goals) == (len(EVERYBODY), 0, len(EVERYBODY))
    assert (cycle.launched_by, cycle.launched_by_name) == (HR, "西村 直美")
