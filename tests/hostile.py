"""Values that break careless programs. Each door is tried with all of them; a value that is harmless there may be accepted."""

from collections.abc import Iterator
from itertools import cycle

TEXTS: dict[str, str] = {
    "empty": "",
    "spaces": "   ",
    "zero byte": "a\0b",
    "terminal escape": "\x1b[31mX\x1b[0m",
    "bell and backspace": "a\a\b",
    "new lines": "a\nb\r\nc\u2028d",
    "text direction override": "abc\u202egpj.exe",
    "isolated direction": "abc\u2066def",
    "half of a surrogate pair": "a\udc80b",
    "full width digits": "２０２６",
    "full width letters": "Ｅ１０",
    "dots": "..",
    "path": "../../../etc/passwd",
    "absolute path": "/etc/passwd",
    "single quotes": "'; DROP TABLE goal; --",
    "double quotes": '"x" \\',
    "formula": '=HYPERLINK("http://example.com","x")',
    "format fields": "%s %n {0} {actor} ${HOME}",
    "markup": "<b>x</b> [red]x[/red] &amp;",
    "option": "--as=E2",
    "wildcards": "%_*?",
    "emoji of several parts": "👨\u200d👩\u200d👧🇯🇵",
    "rare kanji": "𠮷野家 髙﨑",
    "combining marks": "e\u0301" * 30,
    "long line": "あ" * 300,
    "very long": "a" * 100_000,
}
NUMBERS: dict[str, str] = {
    "no number": "NaN",
    "infinity": "Infinity",
    "negative": "-1",
    "negative zero": "-0",
    "fraction": "0.1",
    "more digits than a database takes": "9" * 400,
    "exponent": "1e400",
    "tiny": "1e-400",
    "hexadecimal": "0x10",
    "thousands separator": "1,000",
    "underscore": "1_000",
    "full width": "１２",
    "kanji": "十二",
    "64 bits and one": "9223372036854775808",
}
DATES: dict[str, str] = {
    "no such day": "2026-02-30",
    "leap day of no leap year": "2027-02-29",
    "year zero": "0000-01-01",
    "first year": "0001-01-01",
    "last year": "9999-12-31",
    "year of five digits": "12026-01-01",
    "with time": "2026-11-30T25:00:00",
    "other order": "30.11.2026",
    "no day": "2026-11",
    "unknown era": "X9.4.1",
    "week": "2026-W01-1",
    "serial": "46356",
}
EVERYTHING: dict[str, str] = {**TEXTS, **NUMBERS, **DATES}

# JSON that is valid, but not what any field expects.
JSON_VALUES: tuple[str, ...] = (
    "null", "true", "[]", "{}", "-1", "1e400", "1.5", "99999999999999999999", '""', '"\\u0000"', '"\\ud800"', '"NaN"',
    '["a", ["b"]]', '{"actor": {"actor": "E1"}}', "[" * 500 + "]" * 500, '"' + "x" * 1_000_000 + '"',
)  # fmt: skip
NO_JSON: tuple[str, ...] = (
    "",
    "{",
    "NaN",
    "\0",
    "[" * 100_000,
    '{"actor": "E1"',
    "{}{}",
    "\ufeff{}",
    '{"a": 1, "a": 2}',
)


def dealt(values: dict[str, str], number: int, start: int) -> Iterator[str]:
    """`number` of the values from the place `start` on, so that all values come round over many fields."""
    names = list(values)
    turning = cycle(names[start % len(names) :] + names[: start % len(names)])
    return (values[next(turning)] for _ in range(number))
