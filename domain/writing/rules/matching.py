"""How the rules read texts: one spelling per character, and numbers in whatever way they were written."""

import re
import unicodedata

_COUNTERS = "つ|件|回|人|名|社|日|週|か月|ヶ月|カ月|月|年|時間|分|点|割|%|本|枚|部|部署|か所|ヶ所|箇所|種|例|度|円|冊|台|版|頁|名分|営業日"
_DIGITS = "一二三四五六七八九十百千万"
# It looks only where a number begins and gives no digit back (++), so that the time grows with the length of the text.
_KANJI_NUMBER = re.compile(rf"(?<![{_DIGITS}])(?!十分(?!間))[{_DIGITS}]++(?:{_COUNTERS})(?!ひとり|一人|緒|般|部の)")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_ENGLISH_NUMBER = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|half|every|each|all)\b")


def normal(text: str) -> str:
    """NFKC (full width becomes plain), small letters."""
    return unicodedata.normalize("NFKC", text).casefold()


def is_japanese(text: str) -> bool:
    return bool(_JAPANESE.search(text))


def has_number(text: str) -> bool:
    """In digits, in kanji before a counter (三つ, 二十件), or as an English word."""
    plain = normal(text)
    return bool(re.search(r"\d", plain) or _KANJI_NUMBER.search(plain) or _ENGLISH_NUMBER.search(plain))


def is_percent(unit: str) -> bool:
    return normal(unit).strip() in ("%", "パーセント", "percent", "pct", "per cent")
