"""A cycle file without a name: the check says how the cycle is named, and it is launched under that name."""

from datetime import timedelta

from domain.cycle.fiscal_year import nearest_period
from domain.values import Locale
from tests.cli.office import CYCLE, HR, Office, today

UNNAMED = CYCLE.replace('name = "2026年度 第4四半期"', "fiscal_year_starts = 4")
LENGTH = timedelta(days=108)  # of the file, from 24 November to 12 March


async def test_the_name_of_the_last_cycle_is_pointed_out(office: Office) -> None:
    other = CYCLE.replace("2026年度", "2019年度") + "fiscal_year_starts = 4\n"
    told = await office.told("cycle", "check", office.cycle_file("copied", other))
    assert ("name_of_other_period", "cycle.name") in [(one["code"], one["where"]) for one in told["findings"]]


async def test_a_cycle_without_a_name_is_launched_under_that_of_its_period(office: Office) -> None:
    name = nearest_period(today(), today() + LENGTH, 4).name.text(Locale.JA)
    file = office.cycle_file("unnamed", UNNAMED)
    assert f"it is named {name}" in await office.done("cycle", "check", file, "--starts", str(today()))
    checked = await office.told("cycle", "check", file, "--starts", str(today()))
    assert (checked["name"], checked["refused"]) == (name, False)
    await office.done("cycle", "start", file, "--as", HR, "--starts", str(today()), "--overlapping")
    assert (await office.told("cycle", "status", "unnamed"))["name"] == name
    again = ("cycle", "start", file, "--as", HR, "--starts", str(today()))
    assert "already launched" in (await office.done(*again))
