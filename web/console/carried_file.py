"""A file that goes from page to page in a field of the form, so that nobody hands it in twice; nothing is stored on the server."""

import base64
import binascii
import zlib

from domain.people.people_rows import MAX_BYTES

_MOST = 300_000  # characters of the field: about a megabyte of CSV, as people of companies compress
_LEVEL = 6


def carried(data: bytes) -> str:
    """The bytes as the value of a field; empty where that would be too long."""
    packed = base64.b64encode(zlib.compress(data, _LEVEL)).decode()
    return packed if len(packed) <= _MOST else ""


def uncarried(value: str) -> bytes | None:
    """The bytes again; None for a value that is none, or whose bytes are more than any file may have."""
    if not value or len(value) > _MOST:
        return None
    try:
        reader = zlib.decompressobj()
        data = reader.decompress(base64.b64decode(value, validate=True), MAX_BYTES)
    except (binascii.Error, zlib.error, ValueError):
        return None
    return data if reader.eof else None
