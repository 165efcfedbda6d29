"""The page about security: its table has every point of OWASP ASVS 5.0 up to level 2, and what it names exists."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("\n## OWASP ASVS")[2]

# Of each section, how many points are of level 1 or 2. Within a section these come first.
POINTS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5,
    "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4,
    "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3,
    "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4,
    "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
# A file or folder of the project, as the page names it.
_PATH = re.compile(r"`((?:\w[\w.-]*/)+[\w.-]*|[\w-]+\.(?:py|md|yml|lock))`")
_OF_THE_INSTALLATION = {"var/", "var/log/", "var/postgres.password"}


def _rows() -> list[list[str]]:
    lines = [line for line in TABLE.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|", 2)] for line in lines]


def _points(cell: str) -> list[str]:
    found = []
    for part in cell.split(", "):
        first, _, last = part.partition("-")
        section, number = first.rsplit(".", 1)
        until = int((last or first).rsplit(".", 1)[1])
        found += [f"{section}.{one}" for one in range(int(number), until + 1)]
    return found


def test_each_point_is_in_the_table_once() -> None:
    found = [point for cell, *_ in _rows() for point in _points(cell)]
    wanted = [f"{section}.{number}" for section, count in POINTS.items() for number in range(1, count + 1)]
    assert len(wanted) == 253  # 70 of level 1 and 183 of level 2
    assert found == wanted


def test_each_point_has_a_state_and_a_reason() -> None:
    assert [row for row in _rows() if row[1] not in ("met", "operator", "no", "none") or not row[2]] == []


def test_what_the_page_names_exists() -> None:
    named = {path for path in _PATH.findall(PAGE) if not path.startswith("/")} - _OF_THE_INSTALLATION
    assert len(named) > 30
    assert sorted(path for path in named if not (ROOT / path).exists()) == []
