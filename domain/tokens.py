"""API tokens: `meguri_<id>_<secret>`. The id is public; of the secret, only its hash is kept."""

import hashlib
import re
from enum import StrEnum
from typing import NamedTuple

SECRET_BYTES = 32  # nobody can guess so many, so a plain SHA-256 without a salt protects them
ID_BYTES = 6
MAX_DAYS = 366
DEFAULT_DAYS = 90

_FORM = re.compile(r"meguri_([0-9a-f]{12})_([0-9a-f]{64})")


class Scope(StrEnum):
    """What a token may be used for; its person's own permissions bound it further."""

    READ = "read"  # look, and change nothing
    GOALS = "goals"  # commands to goals
    CYCLES = "cycles"  # start and steer cycles
    PEOPLE = "people"  # the directory
    PROVISION = "provision"  # keep the directory by SCIM, and nothing else
    SYSTEM = "system"  # receivers of events
    AUDIT = "audit"  # look at everything as an auditor; each look is recorded


class Parts(NamedTuple):
    """A token's public id and its secret, both in hexadecimal digits."""

    id: str
    secret: str

    @property
    def hash(self) -> str:
        """What is stored of the secret."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def __str__(self) -> str:
        return f"meguri_{self.id}_{self.secret}"


def read_token(text: str) -> Parts | None:
    """The parts of a token; None for a text that is none."""
    found = _FORM.fullmatch(text)
    return Parts(*found.groups()) if found else None
