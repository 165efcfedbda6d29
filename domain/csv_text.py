"""The bytes of a CSV file as text: UTF-8, with or without a byte order mark, or CP932, as Windows in Japanese writes it.

Nothing is guessed: bytes that could be two encodings are refused.
"""

from enum import StrEnum

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ZIP, _COMPOUND_FILE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # .xlsx and .ods begin as the first, .xls as the second
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class NotCsv(StrEnum):
    """Why bytes are not read as the text of a CSV file."""

    SPREADSHEET = "spreadsheet"
    UTF_16 = "utf_16"
    BINARY = "binary"  # a NUL byte
    BAD_ENCODING = "bad_encoding"  # neither UTF-8 nor CP932
    AMBIGUOUS_ENCODING = "ambiguous_encoding"  # CP932 or EUC-JP


class UnreadableText(Exception):
    """These bytes are not the text of a CSV file: `why`, and `at`, where the first wrong byte is, counted from 0.

    `at` is None where the whole file is the reason.
    """

    def __init__(self, why: NotCsv, at: int | None = None) -> None:
        self.why, self.at = why, at
        super().__init__(f"{why} at byte {at}")


def decode_csv(data: bytes) -> str:
    """The text of a CSV file, without its byte order mark. Raises `UnreadableText`."""
    return data.decode(encoding_of(data))


def encoding_of(data: bytes) -> str:
    """The name of the encoding, for Python's codecs. Raises `UnreadableText`."""
    if data.startswith((_ZIP, _COMPOUND_FILE)):
        raise UnreadableText(NotCsv.SPREADSHEET)
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
    return "cp932"


def _first_bad_byte(data: bytes, encoding: str) -> int | None:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return None
