"""The secrets of receivers of events. They are derived from one key of the installation, so that the database holds none."""

import base64
import binascii
import hashlib
import hmac

from domain import messages
from domain.errors import MeguriError

_SHORTEST_KEY = 32  # bytes


class WrongHookKey(MeguriError):
    """`MEGURI_HOOK_KEY` is malformed or too short. The error's message does not contain it."""


class HookKey:
    """The key of the installation. Raises `WrongHookKey` for a text that is none."""

    def __init__(self, text: str) -> None:
        try:
            self._key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):  # ValueError: characters other than ASCII
            self._key = b""
        if len(self._key) < _SHORTEST_KEY:
            raise WrongHookKey("wrong_hook_key", messages.message("error.wrong_hook_key", setting="MEGURI_HOOK_KEY"))

    def __repr__(self) -> str:
        return "HookKey()"

    @property
    def id(self) -> str:
        """Tells this key from another one, and nothing else about it."""
        return self._derived("id").hex()[:16]

    def secret(self, receiver: str, generation: int) -> str:
        """The secret of the receiver after `generation` - 1 rotations, in the form of Standard Webhooks."""
        return "whsec_" + base64.b64encode(self._derived(f"secret/{receiver}/{generation}")).decode()

    def _derived(self, purpose: str) -> bytes:
        return hmac.new(self._key, f"meguri/hook/{purpose}".encode(), hashlib.sha256).digest()
