"""What somebody probably meant: the known word nearest to one that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches

SIMILAR = 0.6  # of 1: `difflib`'s own limit; below it, suggestions surprise more than they help


def close_match(written: str, known: Iterable[str], similar: float = SIMILAR) -> str | None:
    """The known word most like `written`; None where none is at least `similar` (from 0 to 1).

    Each known word costs about 10 microseconds: pass hundreds or thousands, not everybody in a company.
    """
    found = get_close_matches(written, sorted(known), n=1, cutoff=similar)
    return found[0] if found else None
