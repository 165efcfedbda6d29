"""The languages of the screens. Apart from the other values, so that `--help` need not import pydantic."""

from enum import StrEnum


class Locale(StrEnum):
    JA = "ja"
    EN = "en"
