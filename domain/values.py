"""Small values that the whole domain uses: ids, bilingual texts, exact numbers, and the frozen model."""

import re
from datetime import UTC, date, datetime, time
from decimal import ROUND_DOWN, Decimal
from typing import Annotated, NewType

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, PydanticKnownError

from domain.characters import NOT_STORABLE
from domain.locale import Locale as Locale  # noqa: PLC0414 - one of the values; apart only because it is cheap to import
from domain.typed_days import NotADay, read_day

CycleId = NewType("CycleId", str)
EmployeeId = NewType("EmployeeId", str)
GoalId = NewType("GoalId", str)
CommandId = NewType("CommandId", str)

# Ids stand in workflow ids, search attributes and logs: short, visible, and no slash, which separates them there.
ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$"
# For `Annotated[EmployeeId, ID_FORM]`; pydantic ignores `Id` where it stands for a check.
ID_FORM = StringConstraints(pattern=ID_PATTERN)
Id = Annotated[str, ID_FORM]

MAX_LINE = 200  # characters of a title, a name, a unit
MAX_TEXT = 4_000  # characters of anything a person writes; Temporal refuses payloads of 2 MB


def invalid_value(problem: str, **fields: str | int | list[str]) -> PydanticCustomError:
    """For a validator to raise: the value does not fit, as the text `problem.<problem>` says (domain/problems.py)."""
    return PydanticCustomError(problem, problem.replace("_", " "), fields)


def _storable(text: str) -> str:
    if found := NOT_STORABLE.search(text):
        raise invalid_value("not_storable", at=found.start() + 1, character=f"U+{ord(found[0]):04X}")
    return text


def _one_line(text: str) -> str:
    """A line goes into subjects of mails and rows of tables."""
    if len(text.splitlines()) > 1:
        raise invalid_value("not_one_line")
    return text


Storable = AfterValidator(_storable)
OneLine = AfterValidator(_one_line)

_FILLED = Field(json_schema_extra={"pattern": r"\S"})  # for JSON Schema, which knows no stripping

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE), Storable, OneLine, _FILLED
]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT), Storable, _FILLED]


# For a `TypeAdapter`: the setting of a model in a list or a union does not reach errors of the whole.
SILENT = ConfigDict(hide_input_in_errors=True)


class Frozen(BaseModel):
    """A value: equal by content, never changed, and no field that it does not know."""

    # An error of validation goes into logs and Temporal's histories: it must not repeat what a person wrote.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def plain(number: Decimal) -> Decimal:
    """One spelling per number (`1.0`, `1` and `1E0` are `1`), since the ledger's hash is taken over the text."""
    return Decimal(format(number.normalize(), "f")) + 0  # + 0 turns -0 into 0


_PLAIN_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def _exact(value: object) -> Decimal:
    """A number as `Decimal`; a text has digits and a point, nothing else. In strict JSON too, a number is taken."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise PydanticKnownError("decimal_type")
    if isinstance(value, str) and not _PLAIN_NUMBER.fullmatch(value.strip()):
        raise PydanticKnownError("decimal_parsing")
    return Decimal(value) if isinstance(value, int) else Decimal(str(value))


def number_form(digits: str, decimals: int, **bounds: float) -> WithJsonSchema:
    """What JSON Schema can say of a number that is sent: as a number, or as a text of its digits, whose whole part is `digits`."""
    as_number = {"type": "number", "multipleOf": float(Decimal(1).scaleb(-decimals)), **bounds}
    as_text = {"type": "string", "pattern": rf"^[+-]?{digits}(\.[0-9]{{1,{decimals}}})?$"}
    return WithJsonSchema({"anyOf": [as_number, as_text]}, mode="validation")


Number = Annotated[
    Decimal,
    Field(allow_inf_nan=False, max_digits=24, decimal_places=6),
    AfterValidator(plain),
    number_form("[0-9]{1,18}", 6, exclusiveMinimum=-(10**18), exclusiveMaximum=10**18),
]
"""An exact, finite number of at most 24 digits, 6 behind the point; JSON numbers and strings are both read."""


Share = Annotated[Decimal, Field(allow_inf_nan=False, max_digits=24, decimal_places=12), AfterValidator(plain)]
"""A share such as 1/6, in 12 digits: times any points it is exact to more digits than points are rounded to."""


def shortest(number: Decimal | int) -> int | Decimal:
    """A whole number as `int`, any other as `Decimal`: in JSON, 30 is a number and 33.3 the text "33.3"."""
    return int(number) if number == int(number) else plain(Decimal(number))


def shown(number: Decimal | int) -> int | str:
    """The same for the fields of a message and for documents: a whole number, or the digits as a text."""
    short = shortest(number)
    return short if isinstance(short, int) else str(short)


_HUNDREDTH = Decimal("0.01")


def percent(share: Decimal) -> str:
    """A share in percent with two places at most, rounded down: nothing reads as reached before it is."""
    return f"{(share * 100).quantize(_HUNDREDTH, ROUND_DOWN).normalize():f} %"


Weight = Annotated[
    Decimal,
    BeforeValidator(_exact),
    Field(allow_inf_nan=False, gt=0, le=100, decimal_places=2),
    AfterValidator(plain),
    PlainSerializer(shortest),
    number_form("(?=.*[1-9])[0-9]{1,2}", 2, exclusiveMinimum=0, maximum=100),
]
"""Percent of a person's goals: above 0, at most 100, two decimals. A whole one has the form that it had before decimals came."""


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _typed_day(value: object) -> object:
    """Texts are read as everywhere. A number is one too: pydantic would count seconds with it."""
    if not isinstance(value, str | int):
        return value
    try:
        return read_day(str(value))
    except NotADay as error:
        raise invalid_value(error.why, day=error.meant.isoformat() if error.meant else "") from error


Day = Annotated[date, BeforeValidator(_typed_day), Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]
"""A day that people give. The calendar's ends are far from it, so that adding days to it always gives a date."""


def _without_zone(moment: time) -> time:
    if moment.tzinfo is not None:
        raise invalid_value("time_with_zone")
    return moment


ClockTime = Annotated[time, AfterValidator(_without_zone)]
"""What a clock on the wall shows; its zone is the calendar's."""

Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""An instant, always with its offset; kept in UTC so that one instant has one spelling."""


class Text(Frozen):
    """One sentence in both languages."""

    ja: str
    en: str

    def in_(self, locale: Locale) -> str:
        return self.ja if locale is Locale.JA else self.en
