"""The bytes of a CSV file as text: UTF-8, with or without a byte order mark, or CP932, as Windows in Japanese writes it.

Nothing is guessed: bytes that could be two encodings are refused, until the reader is told which one it is.
"""

import csv
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import chain

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ZIP, _COMPOUND_FILE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # .xlsx and .ods begin as the first, .xls as the second
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


# Text that only Japanese has: kana, and words of headers whose bytes no Western text holds. Every row of CP932 without them
# could be Windows-1252 as well: `Ren\xe9e` reads as Ren馥 there.
_JAPANESE = re.compile("[\u3041-\u3096\u30a1-\u30fa]|番号|氏名|部署|所属|退職|在籍")
_WESTERN = "cp1252"  # shown beside CP932, where a file could be either
_SEPARATORS = ",\t;"
_FIRST_ROWS = 10
_ROWS = re.compile(r"[^\r\n]+")
_LINE_END = re.compile(rb"[\r\n]")
_LONGEST_ROW = 2_000_000  # bytes; a row of commas alone would become as many cells
ENCODINGS: Mapping[str, str] = {
    "utf-8": "utf-8-sig", "utf-16": "utf-16", "cp932": "cp932", "shift_jis": "cp932", "euc-jp": "euc_jp",
    "windows-1252": "cp1252", "windows-1250": "cp1250", "windows-1251": "cp1251", "iso-8859-1": "iso8859-1",
    "iso-8859-15": "iso8859-15", "gb18030": "gb18030", "big5": "big5", "cp949": "cp949",
}  # fmt: skip
"""The encodings that a person may name, and what Python's codecs call them."""


class NotCsv(StrEnum):
    """Why bytes are not read as the text of a CSV file."""

    SPREADSHEET = "spreadsheet"
    UTF_16 = "utf_16"
    BINARY = "binary"  # a NUL byte
    BAD_ENCODING = "bad_encoding"  # neither UTF-8 nor CP932
    AMBIGUOUS_ENCODING = "ambiguous_encoding"  # CP932 or EUC-JP
    UNCERTAIN_ENCODING = "uncertain_encoding"  # CP932 or a Western one
    OTHER_ENCODING = "other_encoding"  # not the one that was named


class UnreadableText(Exception):
    """These bytes are not the text of a CSV file: `why`, and `at`, where the first wrong byte is, counted from 0.

    `at` is None where the whole file is the reason.
    """

    def __init__(self, why: NotCsv, at: int | None = None) -> None:
        self.why, self.at = why, at
        super().__init__(f"{why} at byte {at}")


def is_workbook(data: bytes) -> bool:
    """Whether the bytes begin as a workbook of a spreadsheet program does."""
    return data.startswith((_ZIP, _COMPOUND_FILE))


def decode_csv(data: bytes) -> str:
    """The text of a CSV file, without its byte order mark. Raises `UnreadableText`."""
    return data.decode(encoding_of(data))


def encoding_of(data: bytes, named: str | None = None) -> str:
    """The name of the encoding, for Python's codecs; `named` is one of `ENCODINGS`. Raises `UnreadableText`."""
    if is_workbook(data):
        raise UnreadableText(NotCsv.SPREADSHEET)
    if named is not None:
        return _checked(data, ENCODINGS[named])
    if data.startswith(_UTF_16_MARKS):
        raise UnreadableText(NotCsv.UTF_16)
    if b"\0" in data:
        raise UnreadableText(NotCsv.BINARY, data.index(b"\0"))
    at_utf_8 = _first_bad_byte(data, "utf-8")
    if at_utf_8 is None:
        return "utf-8-sig"  # takes the mark off where there is one
    at_cp932 = at_utf_8 if data.startswith(_BYTE_ORDER_MARK) else _first_bad_byte(data, "cp932")
    if at_cp932 is not None:
        # The encoding that reads further is the one that was meant.
        raise UnreadableText(NotCsv.BAD_ENCODING, max(at_utf_8, at_cp932))
    if _first_bad_byte(data, "euc_jp") is None:
        # Bytes of EUC-JP are CP932 too, as nonsense in half-width kana; CP932 with kanji in it is never EUC-JP.
        raise UnreadableText(NotCsv.AMBIGUOUS_ENCODING)
    if not _JAPANESE.search(data.decode("cp932")):
        raise UnreadableText(NotCsv.UNCERTAIN_ENCODING, at_utf_8)
    return "cp932"


def _checked(data: bytes, codec: str) -> str:
    at = _first_bad_byte(data, codec)
    if at is not None:
        raise UnreadableText(NotCsv.OTHER_ENCODING, at)
    return codec


def both_readings(data: bytes, at: int) -> tuple[str, str]:
    """The row that holds the byte `at`, read as CP932 and as Windows-1252."""
    first = data.rfind(b"\n", 0, at) + 1
    last = data.find(b"\n", at)
    row = data[first : last if last >= 0 else len(data)].strip()
    return row.decode("cp932", errors="replace"), row.decode(_WESTERN, errors="replace")


def separator_of(text: str, is_known: Callable[[str], bool]) -> str:
    """Comma, tab or semicolon: the one under which most cells of some row are known headers, else the one with most cells.

    `text` is the beginning of the file. Its first rows count, since a title may stand above the header.
    """
    rows = _ROWS.findall(text)[:_FIRST_ROWS]

    def as_header(separator: str) -> tuple[int, int]:
        read = [next(csv.reader([row], delimiter=separator), []) for row in rows]
        return max((sum(map(is_known, row)) for row in read), default=0), max(map(len, read), default=0)

    return max(_SEPARATORS, key=as_header)


def _first_bad_byte(data: bytes, encoding: str) -> int | None:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return None


def start_of_long_row(data: bytes) -> int | None:
    """The first byte of a row that is longer than any table needs; None if there is none. Looks at each byte once."""
    start = 0
    for end in chain((one.start() for one in _LINE_END.finditer(data)), (len(data),)):
        if end - start > _LONGEST_ROW:
            return start
        start = end + 1
    return None
