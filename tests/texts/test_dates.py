from datetime import UTC, datetime

import pytest

from texts.dates import moment_text

CLOSING = datetime(2026, 12, 12, 1, 30, tzinfo=UTC)  # 17:30 in Los Angeles


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Tokyo", "2026-12-12 10:30 JST"),
        ("Europe/Paris", "2026-12-12 02:30 CET"),
        ("UTC", "2026-12-12 01:30 UTC"),
        ("America/Los_Angeles", "2026-12-11 17:30 UTC-8"),  # PST is Manila's too
        ("Asia/Kolkata", "2026-12-12 07:00 UTC+5:30"),  # IST is Israel's too
        ("America/Sao_Paulo", "2026-12-11 22:30 UTC-3"),  # has no abbreviation
    ],
)
def test_a_moment_is_shown_as_the_clocks_of_its_site_show_it_with_the_zone(zone: str, shown: str) -> None:
    assert moment_text(CLOSING, zone) == shown
