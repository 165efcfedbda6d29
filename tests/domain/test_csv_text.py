import pytest

from domain.csv_text import NotCsv, UnreadableText, decode_csv, encoding_of

TEXT = "社員番号,氏名\nM1,髙橋 はなこ\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_text_is_read_in_each_encoding_without_its_mark(encoding: str) -> None:
    assert decode_csv(TEXT.encode(encoding)) == TEXT


def test_ascii_is_utf_8() -> None:
    assert encoding_of(b"id,name\n") == "utf-8-sig"


@pytest.mark.parametrize(
    ("data", "why", "at"),
    [
        (b"PK\x03\x04rest", NotCsv.SPREADSHEET, None),
        (b"\xd0\xcf\x11\xe0rest", NotCsv.SPREADSHEET, None),
        (TEXT.encode("utf-16"), NotCsv.UTF_16, None),
        (b"id\nM1\0", NotCsv.BINARY, 5),
        ("山田,営業".encode("euc_jp"), NotCsv.AMBIGUOUS_ENCODING, None),
        (b"id\nJ\xfcrgen\xff", NotCsv.BAD_ENCODING, 4),
        (b"\xef\xbb\xbfid\n\xff", NotCsv.BAD_ENCODING, 6),
    ],
)
def test_bytes_that_are_no_csv_are_refused_with_the_reason_and_the_byte(
    data: bytes, why: NotCsv, at: int | None
) -> None:
    with pytest.raises(UnreadableText) as refused:
        decode_csv(data)
    assert (refused.value.why, refused.value.at) == (why, at)
