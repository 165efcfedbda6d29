"""Whether a reported value can be meant, by its unit and by the goal's own numbers. A slip of the keyboard is no progress."""

from decimal import Decimal

from domain.messages import Message, message
from domain.writing.content import NumericMeasure
from domain.writing.rules.matching import is_percent, normal
from domain.writing.rules.realism import may_exceed_the_whole

# Units of things that are counted in whole numbers.
_COUNTED = frozenset(
    [
        "人",
        "名",
        "社",
        "件",
        "回",
        "枚",
        "冊",
        "部",
        "台",
        "本",
        "種",
        "種類",
        "例",
        "通",
        "か所",
        "ヶ所",
        "カ所",
        "箇所",
        "部署",
        "拠点",
        "店",
        "店舗",
        "項目",
        "案",
        "件数",
        "人数",
        "people",
        "persons",
        "person",
        "cases",
        "case",
        "times",
        "items",
        "item",
        "copies",
        "sites",
        "companies",
        "documents",
    ]
)
_FARTHEST = 100  # times the larger of baseline and target


def implausible(measure: NumericMeasure, value: Decimal) -> Message | None:
    """Why the value cannot be meant; None for one that can. What the goal's own baseline and target are may be reported too."""
    own = [abs(one) for one in (measure.baseline, measure.target) if one is not None]
    planned = [one for one in (measure.baseline, measure.target) if one is not None]
    if value < 0 <= min(planned):
        return message("part.value_negative", value=value, unit=measure.unit)
    if normal(measure.unit).strip() in _COUNTED and _is_broken(value) and not any(map(_is_broken, planned)):
        return message("part.value_broken", value=value, unit=measure.unit)
    if is_percent(measure.unit) and value > 100 >= max(planned) and not may_exceed_the_whole(measure):  # noqa: PLR2004 - percent
        return message("part.value_over_whole", value=value, unit=measure.unit)
    most = _FARTHEST * max(*own, Decimal(1))
    if abs(value) > most:
        return message("part.value_far", value=value, unit=measure.unit, most=most)
    return None


def _is_broken(number: Decimal) -> bool:
    return number != number.to_integral_value()
