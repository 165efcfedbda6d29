"""Random salts and seeds, as those who start a goal's workflow make them."""

from collections.abc import Iterator
from secrets import token_hex

from domain.commitments import SEED_BYTES, salts_from


def fresh_seed() -> str:
    return token_hex(SEED_BYTES)


def fresh_salts() -> Iterator[str]:
    return salts_from(fresh_seed())
