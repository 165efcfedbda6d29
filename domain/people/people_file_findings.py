"""What is wrong with a file of people, in words for the person who must correct it."""

from collections.abc import Sequence

from domain.findings import Finding, Level
from domain.values import Text

_MAX_SHOWN = 40  # characters of a value, and names of columns, that a finding repeats

_SIGNS = (
    "1〜200 文字で、制御文字と文字化けのない文字に",
    "1 to 200 characters, none of them a control character or broken",
)
_ID = (
    "半角英数字と . _ - の 40 文字まで（先頭は英数字）に",
    "up to 40 letters, digits and . _ -, a letter or digit first",
)
RULES = {
    "id": _ID,
    "name": _SIGNS,
    "mail": ("name@example.jp の形で一つだけに", "one address, as name@example.com"),
    "department": _SIGNS,
    "title": _SIGNS,
    "manager_id": _ID,
    "locale": ("ja か en に", "ja or en"),
    "active": ("「はい」か「いいえ」（「在籍」か「退職」）に", "yes or no"),
    "site": _ID,
    "leaves": ("2026-11-30 の形の日付に", "a date, as 2026-11-30"),
}

_SAYS = {
    "too_large": (
        "{limit} MB を超えています。社員の CSV か確認してください。",
        "larger than {limit} MB: is it the right file?",
    ),
    "spreadsheet": (
        "Excel などの表計算ファイルです。「CSV UTF-8」で保存し直してください。",
        "a spreadsheet (Excel or the like): save it as “CSV UTF-8”",
    ),
    "utf_16": (
        "UTF-16（Excel の「Unicode テキスト」）です。「CSV UTF-8」で保存し直してください。",
        "UTF-16 (Excel's “Unicode Text”): save it as “CSV UTF-8”",
    ),
    "binary": (
        "CSV ではありません（NUL バイト）。ファイルを確認してください。",
        "not a CSV file (a NUL byte): is it the right file?",
    ),
    "bad_encoding": (
        "UTF-8 でも CP932（Shift_JIS）でもありません（{at} バイト目の {byte}）。「CSV UTF-8」で保存し直してください。",
        "neither UTF-8 nor CP932 (Shift_JIS): byte {at} is {byte}; save it as “CSV UTF-8”",
    ),
    "ambiguous_encoding": (
        "CP932（Shift_JIS）か EUC-JP か判別できません。UTF-8 で保存し直してください。",
        "this may be CP932 (Shift_JIS) or EUC-JP: save it as UTF-8",
    ),
    "bad_csv": (
        'CSV として読めません（{error}）。引用符 " の閉じ忘れがないか確認してください。',
        "not readable as CSV ({error}): look for a quotation mark that is not closed",
    ),
    "empty_file": ("ファイルが空です。", "the file is empty"),
    "no_rows": ("見出しの下に社員の行がありません。", "there is nobody below the header"),
    "bad_field": (
        "項目 {given} はありません。使えるのは {fields} です。",
        "there is no field {given}; there are {fields}",
    ),
    "field_twice": ("項目 {given} が重複して指定されています。", "field {given} is mapped twice"),
    "no_header": (
        "見出し {wanted}（{name}）がありません。この行の見出し: {headers}",
        "there is no header {wanted} (for {name}); this row has {headers}",
    ),
    "no_column": (
        "{name}（{example} など）の列がありません。`--map {name}=見出し` で指定してください。この行の見出し: {headers}",
        "no column for {name}: name it by `--map {name}=HEADER`; this row has {headers}",
    ),
    "ambiguous_column": (
        "{name} に当たる列が複数あります（{titles}）。一つだけ残すか、`--map {name}=見出し` で選んでください。",
        "several columns could be {name} ({titles}): keep one, or choose by `--map {name}=HEADER`",
    ),
    "cell_count": (
        "セルが {cells} 個あります（見出しは {expected} 個）。区切り文字と引用符を確認してください。",
        "{cells} cells under a header of {expected}: look at the separators and quotation marks",
    ),
    "duplicate": (
        "{name} の {value} が {both} で重複しています。どちらかを直してください。",
        "{name} {value} comes twice: {both}; mend one of them",
    ),
    "empty_cell": ("{name} が空です。{rule}してください。", "{name} is empty; it must be {rule_en}"),
    "bad_cell": (
        "{name}「{value}」は使えません。{rule}してください。",
        "{name} “{value}” cannot be used; it must be {rule_en}",
    ),
}


def refuse(code: str, where: str, **fields: str | int) -> Finding:
    """A finding that refuses the file; `fields` are what its sentence names."""
    ja, en = (sentence.format_map(fields) for sentence in _SAYS[code])
    return Finding(level=Level.REFUSE, code=code, where=where, message=Text(ja=ja, en=en))


def row(number: int) -> str:
    """A row as a spreadsheet numbers it: the first is 1."""
    return f"row {number}"


def row_of_byte(data: bytes, at: int) -> str:
    """The row that holds the byte at `at`, counted from 0; line breaks inside quotation marks count too."""
    return row(data.count(b"\n", 0, at) + 1)


def shown(value: str) -> str:
    """The beginning of a value, without characters that do not print."""
    printable = "".join(sign if sign.isprintable() else "�" for sign in value[:_MAX_SHOWN])
    return printable + ("…" if len(value) > _MAX_SHOWN else "")


def listed(names: Sequence[str]) -> str:
    """The first names, separated by commas."""
    return ", ".join(shown(name) for name in names[:_MAX_SHOWN]) + (" …" if len(names) > _MAX_SHOWN else "")
