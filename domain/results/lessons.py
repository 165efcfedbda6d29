"""What the reviews of a cycle taught (見直し): causes and improvements, without names, for the hearing of the next cycle."""

from collections import Counter
from collections.abc import Iterable

from domain.results.exemplars import ID_LENGTH, KnownNames, without_names
from domain.values import Frozen


class Lesson(Frozen):
    """What the last self-review of one goal says. The id is the beginning of the hash of its entry: it tells nothing of the owner."""

    id: str
    department: str
    cause_kinds: tuple[str, ...] = ()
    cause: str | None = None
    improvement: str | None = None
    taken_as: str | None = None  # the problem of the next cycle that was taken over from it

    @property
    def as_problem(self) -> str | None:
        """The text of the problem that it becomes: the cause in words, else the improvement."""
        return self.cause or self.improvement


class CauseCount(Frozen):
    """How many last self-reviews of a department name a cause."""

    department: str
    cause: str
    reviews: int


def lesson_id(entry_hash: str) -> str:
    return entry_hash[:ID_LENGTH]


def lesson_of(
    entry_hash: str, department: str, body: dict[str, object], erased: Iterable[str], names: KnownNames
) -> Lesson:
    """The lesson of a self-review. `erased` are the places of texts that were erased."""
    gone = {place.removeprefix("/") for place in erased}

    def text(field: str) -> str | None:
        value = body.get(field)
        return without_names(value, names) if isinstance(value, str) and field not in gone else None

    kinds = body.get("cause_kinds")
    return Lesson(
        id=lesson_id(entry_hash),
        department=department,
        cause_kinds=tuple(str(one) for one in kinds) if isinstance(kinds, list | tuple) else (),
        cause=text("causes"),
        improvement=text("to_improve"),
    )


def count_causes(lessons: Iterable[Lesson]) -> tuple[CauseCount, ...]:
    """The counts by department, the most frequent causes first."""
    counted = Counter((one.department, kind) for one in lessons for kind in one.cause_kinds)
    ordered = sorted(counted.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
    return tuple(CauseCount(department=where, cause=cause, reviews=count) for (where, cause), count in ordered)
