"""People are found by the beginning of a name or a number, and by department, page by page."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.messages import message
from domain.refusals import Code, Refusal
from domain.values import EmployeeId
from service.people import People
from service.people_search import PAGE, PeopleFilter, PeopleSearch
from storage.database import open_database
from tests.callers import OPERATOR
from tests.servers import Postgres

_MANY = "".join(f"N{n:03},山田 花子{n},営業部,E1,はい,\n" for n in range(PAGE + 3))
_PEOPLE = f"""社員番号,氏名,部署,上長,在籍,フリガナ
E1,社長 一,経営,,はい,
E2,森 香織,経理部,E1,はい,モリ カオリ
E3,森田 一郎,経理部,E1,はい,ﾓﾘﾀ ｲﾁﾛｳ
E4,大森 修,総務部,E1,はい,おおもり　おさむ
E5,Mori Ann,総務部,E1,はい,
E6,森川 去,経理部,E1,いいえ,
E7,マイケル・スミス,総務部,E1,はい,
{_MANY}"""
NOW = datetime.now(UTC)


@pytest_asyncio.fixture(scope="module")
async def company(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    async with postgres.migrated_database() as url:
        engine = open_database(url)
        imported = await People(engine).import_file(OPERATOR, _PEOPLE.encode())
        assert imported.imported, imported.findings
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE employee SET number = 'K-77' WHERE id = 'E4'"))
            posts = """[{"department": "総務部", "manager_id": "E1"}]"""
            await connection.execute(
                text("UPDATE employee SET posts = CAST(:posts AS jsonb) WHERE id = 'E3'"), {"posts": posts}
            )
        yield engine
        await engine.dispose()


async def _found(company: AsyncEngine, **wanted: object) -> list[str]:
    page = await PeopleSearch(company).search(OPERATOR, PeopleFilter.model_validate(wanted), NOW)
    return [one.employee for one in page.people]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"beginning": "森"}, ["E2", "E3"]),
        ({"beginning": "森香"}, ["E2"]),
        ({"beginning": "森 香織"}, ["E2"]),
        ({"beginning": "森\u3000香"}, ["E2"]),
        ({"beginning": "mori a"}, ["E5"]),
        ({"beginning": "K-7"}, ["E4"]),
        ({"beginning": "E2"}, ["E2"]),
        ({"beginning": "e2"}, ["E2"]),
        ({"beginning": "ｋ－７"}, ["E4"]),
        ({"beginning": "%"}, []),
        ({"beginning": "香織"}, ["E2"]),
        ({"beginning": "一郎"}, ["E3"]),
        ({"beginning": "ＭＯＲＩ"}, ["E5"]),
        ({"beginning": "ann"}, ["E5"]),
        ({"beginning": "もり"}, ["E2", "E3"]),
        ({"beginning": "モリカ"}, ["E2"]),
        ({"beginning": "ﾓﾘﾀ"}, ["E3"]),
        ({"beginning": "オサム"}, ["E4"]),
        ({"beginning": "すみす"}, ["E7"]),
        ({"beginning": "マイケル スミス"}, ["E7"]),
        ({"beginning": "森", "with_leavers": True}, ["E2", "E3", "E6"]),
        ({"department": "総務部"}, ["E3", "E4", "E5", "E7"]),
        ({"beginning": "森", "department": "総務部"}, ["E3"]),
    ],
)
async def test_people_are_found_by_the_beginning_of_a_name_or_number_and_by_department(
    company: AsyncEngine, wanted: dict[str, object], expected: list[str]
) -> None:
    assert await _found(company, **wanted) == expected


async def test_a_page_has_fifty_people_and_the_next_one_the_rest(company: AsyncEngine) -> None:
    first = await PeopleSearch(company).search(OPERATOR, PeopleFilter(beginning="山田"), NOW)
    assert len(first.people) == PAGE
    assert first.next
    rest = await PeopleSearch(company).search(OPERATOR, PeopleFilter(beginning="山田", after=first.next), NOW)
    assert [one.employee for one in rest.people] == ["N050", "N051", "N052"]
    assert rest.next is None


async def test_a_person_is_found_by_number_and_an_unknown_one_is_refused(company: AsyncEngine) -> None:
    search = PeopleSearch(company)
    assert await search.find(OPERATOR, "K-77") == await search.find(OPERATOR, "E4") == "E4"
    assert await search.names(OPERATOR, [EmployeeId("E4"), EmployeeId("nobody")]) == {"E4": "大森 修"}
    with pytest.raises(Refusal) as refused:
        await search.find(OPERATOR, "nobody")
    assert refused.value.code is Code.UNKNOWN_EMPLOYEE


@pytest.mark.parametrize("named", ["ｋ－７７", "e4", "大森", "大森　修", "おさむ"])
async def test_a_person_is_also_found_by_a_name_that_nobody_else_has(company: AsyncEngine, named: str) -> None:
    assert await PeopleSearch(company).find(OPERATOR, named) == "E4"


async def test_of_several_people_who_are_meant_the_refusal_names_the_numbers(company: AsyncEngine) -> None:
    with pytest.raises(Refusal) as refused:
        await PeopleSearch(company).find(OPERATOR, "森")
    assert refused.value.code is Code.UNKNOWN_EMPLOYEE
    assert refused.value.message.fields["near"] == message("part.several_people", people=("E2", "E3"))
