"""Values that are reported: what can be meant is taken, and a slip is refused with the reason."""

from decimal import Decimal

import pytest

from domain.writing.content import NumericMeasure
from domain.writing.reported import implausible


def measure(unit: str, baseline: str, target: str, name: str = "件数") -> NumericMeasure:
    direction = "down" if Decimal(target) < Decimal(baseline) else "up"
    return NumericMeasure.model_validate(
        {"name": name, "unit": unit, "baseline": baseline, "target": target, "direction": direction}
    )


@pytest.mark.parametrize(
    ("of", "value", "why"),
    [
        (measure("人", "0", "20"), "99999999999", "value_far"),
        (measure("人", "0", "20"), "-5", "value_negative"),
        (measure("人", "0", "20"), "3.5", "value_broken"),
        (measure("people", "0", "20"), "3.5", "value_broken"),
        (measure("％", "40", "80", "提出率"), "180", "value_over_whole"),
        (measure("日", "10", "6"), "-1", "value_negative"),
        (measure("万円", "100", "50"), "1000000", "value_far"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_the_reason(of: NumericMeasure, value: str, why: str) -> None:
    found = implausible(of, Decimal(value))
    assert found
    assert found.key == f"part.{why}"


@pytest.mark.parametrize(
    ("of", "value"),
    [
        (measure("人", "0", "20"), "0"),
        (measure("人", "0", "20"), "45"),
        (measure("件", "3.5", "2.5"), "2.8"),  # an average, as the goal's own numbers are
        (measure("日", "10", "6"), "5.5"),
        (measure("%", "100", "120", "前年比"), "180"),
        (measure("%", "40", "80", "提出率"), "100"),
        (measure("度", "-10", "5"), "-12"),
        (measure("円", "0", "0"), "90"),
    ],
)
def test_a_value_that_can_be_meant_is_taken(of: NumericMeasure, value: str) -> None:
    assert implausible(of, Decimal(value)) is None
