"""A company of any size as the CSV that its personnel system writes: the same people at every call, no randomness.

Managers make a tree: one president, three to twelve people below each manager. Of 191,000 people most have seven managers
above them. A department is what one manager of the fourth level leads. Employee numbers say nothing about rank.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

LARGE = 191_000
EVERY_NTH_HAS_A_POST = 20
HEADER = ("社員番号", "氏名", "メールアドレス", "部署", "役職", "上長", "言語", "在籍", "勤務地", "退職日")

_FAMILY_NAMES = [
    "佐藤",
    "鈴木",
    "高橋",
    "田中",
    "伊藤",
    "渡辺",
    "山本",
    "中村",
    "小林",
    "加藤",
    "吉田",
    "山田",
    "佐々木",
    "山口",
    "松本",
    "井上",
    "木村",
    "林",
    "斎藤",
    "清水",
    "髙橋",
    "𠮷田",
    "濵田",
]
_GIVEN_NAMES = [
    "陽菜",
    "蓮",
    "結衣",
    "湊",
    "葵",
    "樹",
    "美咲",
    "大翔",
    "さくら",
    "悠真",
    "凛",
    "朝陽",
    "七海",
    "健",
    "恵",
    "剛",
    "香織",
    "学",
    "奈々",
    "亮",
]
_DIVISIONS = ["東日本", "西日本", "中部", "九州", "北海道", "海外", "第一", "第二", "第三", "先端", "産業", "公共"]
_UNITS = [
    "人事部",
    "経理部",
    "財務部",
    "総務部",
    "法務部",
    "営業部",
    "開発部",
    "製造部",
    "品質保証部",
    "購買部",
    "物流部",
    "情報システム部",
]
_TITLES = ("代表取締役社長", "本部長", "事業部長", "部長", "課長", "係長", "主任")
_SITES = ("tokyo", "osaka", "nagoya", "fukuoka", "sapporo", "singapore")
_FIRST_LAST_DAY = date(2030, 1, 7)
_STRIDE = 104_729  # a prime, so that numbers taken in its steps come once each


class Person(NamedTuple):
    """One row, in the order of `HEADER`."""

    id: str
    name: str
    mail: str
    department: str
    title: str
    manager: str
    locale: str
    active: str
    site: str
    leaves: str


def people(size: int = LARGE) -> Iterator[Person]:
    """The company's people, in the order of their employee numbers."""
    managers, levels = _tree(size)
    departments = _departments(managers, levels)
    place_of = [0] * size  # the place in the tree, by the order in the file
    for place in range(size):
        place_of[place * _STRIDE % size] = place
    for place in place_of:
        yield _person(place, size, managers[place], levels[place], departments[place])


def changed(company: list[Person], count: int) -> list[Person]:
    """The same people with `count` rows changed, spread evenly: other names, titles, departments and sites in turns."""
    result, step = list(company), max(1, len(company) // count)
    for turn in range(count):
        at = turn * step
        result[at] = company[at]._replace(**_change(turn, company[at]))
    return result


def as_csv(company: list[Person]) -> bytes:
    """UTF-8 with a byte order mark and CRLF, as spreadsheets save it."""
    return _csv(HEADER, company)


def with_posts_as_csv(company: list[Person]) -> bytes:
    """The same, with two evaluators for everybody who has as many managers, and an additional post for every twentieth person."""
    by_id = {one.id: one for one in company}
    rows: list[tuple[str, ...]] = []
    for turn, one in enumerate(company):
        second = by_id[one.manager].manager if one.manager else ""
        rows.append((*one, one.manager, second, "本務", ""))
        if (
            turn % EVERY_NTH_HAS_A_POST == 0 and second
        ):  # who may lead the post: somebody who is above the person anyway
            post = one._replace(
                department=company[(turn + _STRIDE) % len(company)].department + "準備室", manager=second
            )
            rows.append((*post, second, "", "兼務", "20"))
    return _csv((*HEADER, "一次評価者", "二次評価者", "本務兼務区分", "兼務率"), rows)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def _tree(size: int) -> tuple[list[int], list[int]]:
    """For each place, in order of rank, the place of its manager (-1 at the top) and its level (0 at the top)."""
    managers, levels = [-1], [0]
    manager = 0
    while len(managers) < size:
        reports = min(3 + (manager * 7) % 10, size - len(managers))
        managers += [manager] * reports
        levels += [levels[manager] + 1] * reports
        manager += 1
    return managers, levels


def _departments(managers: list[int], levels: list[int]) -> list[str]:
    names: list[str] = []
    for place, (manager, level) in enumerate(zip(managers, levels, strict=True)):
        if level == 0:
            names.append("経営")
        elif level <= 3:
            division = _DIVISIONS[place % len(_DIVISIONS)]
            names.append(f"{division}{_UNITS[place // 12 % len(_UNITS)]}{place:04}")
        else:
            names.append(names[manager])
    return names


def _person(place: int, size: int, manager: int, level: int, department: str) -> Person:
    number = _number(place, size)
    family = _FAMILY_NAMES[place % len(_FAMILY_NAMES)]
    given = _GIVEN_NAMES[place // len(_FAMILY_NAMES) % len(_GIVEN_NAMES)]
    leaves = _FIRST_LAST_DAY + timedelta(days=place % 90) if place % 200 == 199 else None
    return Person(
        id=number,
        name=f"{family} {given}",
        mail=f"{number.lower()}@example.jp",
        department=department,
        title=_TITLES[level] if level < len(_TITLES) else "",
        manager=_number(manager, size) if manager >= 0 else "",
        locale="en" if place % 25 == 24 else "ja",
        active="在籍",
        site=_SITES[place % 7] if place > 0 and place % 7 < len(_SITES) else "",
        leaves=leaves.isoformat() if leaves else "",
    )


def _number(place: int, size: int) -> str:
    return f"E{place * _STRIDE % size + 1:06}"


def _change(turn: int, person: Person) -> dict[str, str]:
    match turn % 4:
        case 0:
            return {"name": f"{person.name}（旧姓）"}
        case 1:
            return {"title": "専任"}
        case 2:
            return {"department": "新規事業準備室"}
        case _:
            return {"site": "osaka" if person.site == "tokyo" else "tokyo"}
