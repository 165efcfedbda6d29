import re
import sys

import pytest

from cli.session import output
from cli.session.columns import column_widths, fitted
from cli.session.layout import width

HEADS = ["goal", "owner", "department", "state", "rev", "waits for", "due", "score", "theme"]
ROWS = [
    [
        f"2026-q4/M{n:04}/1", "小野 ひなた", "カスタマーサポート部", "pending_approval (paused)", "1", "approval",
        "2026-12-08 18:00 JST OVERDUE", "20.00", "経費精算の処理日数を半分にして、月次決算を 3 日早める取り組みを全社に広げる",
    ]
    for n in (31, 32)
]  # fmt: skip


@pytest.mark.parametrize("available", [80, 40, 10])
def test_an_id_is_never_cut_and_text_gives_way(available: int) -> None:
    cells, _ = fitted([HEADS, *ROWS], available)
    for row, shown in zip(ROWS, cells[1:], strict=True):
        assert shown[0] == row[0]
        whole = ["".join(one.split()) for one in shown[:-1]]
        assert whole == ["".join(one.split()) for one in row[:-1]], "nothing with an id or a date is left out"
        assert len(shown[-1].splitlines()) <= 4


def test_a_list_of_goals_fits_into_a_terminal_of_120_columns() -> None:
    assert sum(column_widths([HEADS, *ROWS], 120)) + 2 * (len(HEADS) - 1) <= 120


def test_an_id_within_a_text_stays_in_one_piece() -> None:
    named = [["who"], ["岡本 蓮さん(2026-q4/M0031/1)、小野 ひなたさん(M0032)"]]
    (_, (cell,)), _ = fitted(named, 20)
    assert all(width(line) <= 20 for line in cell.splitlines())
    assert any("2026-q4/M0031/1" in line for line in cell.splitlines())


def test_a_table_on_a_terminal_of_80_columns_prints_whole_ids(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    output.print_table(HEADS, ROWS)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    assert "2026-q4/M0031/1" in shown
    assert max(width(line) for line in shown.splitlines()) <= 80
