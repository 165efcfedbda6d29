"""Files that somebody sent with a form: what kind they are is seen from their bytes, since browsers say it differently."""

import base64
import binascii
import zlib
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from domain.findings import Finding
from service.sheet_reading import Filled, read_filled, unzipped

_ZIP = b"PK"
_WORKBOOK = "[Content_Types].xml"  # every workbook has it
MOST_PACKED = 60_000  # characters


def read_sent(data: bytes) -> Filled:
    """The goals of a sheet, a table, or a zip file of them."""
    if not data.startswith(_ZIP):
        return read_filled([("table.csv", data)])
    if _is_workbook(data):
        return read_filled([("sheet.xlsx", data)])
    files = unzipped(data)
    return Filled((), (files,)) if isinstance(files, Finding) else read_filled(files)


def _is_workbook(data: bytes) -> bool:
    try:
        with ZipFile(BytesIO(data)) as archive:
            return _WORKBOOK in archive.namelist()
    except (BadZipFile, ValueError, NotImplementedError):
        return False


def packed(data: bytes) -> str | None:
    """The file as a short text, for a field of a page that asks once more; None where it is too long for one."""
    text = base64.b64encode(zlib.compress(data, 9)).decode()
    return text if len(text) <= MOST_PACKED else None


def unpacked(text: str, most: int) -> bytes | None:
    """What was packed, at most `most` bytes of it; None for a text that is none."""
    try:
        data = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), most + 1)
    except (binascii.Error, zlib.error, ValueError):
        return None
    return data if data and len(data) <= most else None
