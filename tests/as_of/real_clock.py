"""For tests that compare with the clock of PostgreSQL, which no shift reaches."""

import pytest

from tests.as_of.shift import offset

needs_the_real_clock = pytest.mark.skipif(
    bool(offset()),
    reason="compares with PostgreSQL's clock; this run began shortly before midnight in Tokyo, and its clock is shifted",
)
