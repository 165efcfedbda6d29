"""A device with passkeys, in software: it answers the options of the server as a browser would, and can be made to lie."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT, _VERIFIED, _SYNCABLE, _SYNCED, _WITH_KEY = 1, 4, 8, 16, 64


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Device:
    """One passkey. `origin`: the site that its browser shows."""

    origin: str
    host: str = "localhost"
    verifies: bool = True  # asks for the finger or the PIN
    synced: bool = False
    kind: str | None = None  # instead of what the browser is asked for
    signs_altered: bool = False
    attests: tuple[str, dict[str, Any]] = ("none", {})  # the form and the content of what says which device it is
    signatures: int = 0
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def add(self, options: dict[str, Any]) -> dict[str, Any]:
        """What the browser sends for a new passkey."""
        self.handle = bytes_of(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        length = len(self.credential).to_bytes(2, "big")
        with_key = bytes(16) + length + self.credential + cbor2.dumps(public)
        attestation = {"fmt": self.attests[0], "attStmt": self.attests[1], "authData": self._data(_WITH_KEY) + with_key}
        return self._sent(
            clientDataJSON=self._client("webauthn.create", options["challenge"]),
            attestationObject=cbor2.dumps(attestation),
        )

    def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        """What the browser sends to sign in."""
        self.signatures += 1
        client, data = self._client("webauthn.get", options["challenge"]), self._data()
        signed = data + hashlib.sha256(client).digest()
        signature = self.key.sign(signed + b"x" * self.signs_altered, ec.ECDSA(hashes.SHA256()))
        return self._sent(clientDataJSON=client, authenticatorData=data, signature=signature, userHandle=self.handle)

    def _client(self, kind: str, challenge: str) -> bytes:
        parts = {"type": self.kind or kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(parts).encode()

    def _data(self, more: int = 0) -> bytes:
        flags = _PRESENT | _VERIFIED * self.verifies | (_SYNCABLE | _SYNCED) * self.synced | more
        host = hashlib.sha256(self.host.encode()).digest()
        return host + bytes([flags]) + self.signatures.to_bytes(4, "big")

    def _sent(self, **response: bytes) -> dict[str, Any]:
        name = text_of(self.credential)
        parts = {one: text_of(data) for one, data in response.items()}
        return {"id": name, "rawId": name, "type": "public-key", "response": parts}
