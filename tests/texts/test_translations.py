"""The catalogues are complete: both languages have every text that the code uses, with the same fields."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Message

from channels.texts import Group
from domain.goal.goal import Outcome
from domain.instructions.instructions import KINDS, Skipped
from domain.lifecycle import EventKind, State
from domain.notices.notices import NoticeKind
from domain.people.people_columns import FIELDS as COLUMNS
from domain.policy.policy import Act, TaskKind
from domain.problems import OTHER, OWN, TYPES
from domain.refusals import Code
from domain.values import Locale
from domain.writing.causes import CAUSES
from domain.writing.content import Content, Direction
from sheets.fields import FIELDS
from texts import translations
from texts.places import field_of_sheet
from texts.say import READINGS, say
from texts.words import values

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "domain",
    "service",
    "sheets",
    "channels",
    "embedded",
    "storage",
    "workflows",
    "activities",
    "cli",
    "texts",
    "web",
)
NAMES = sorted({*translations.FILES.values(), translations.WORDS})
# The example is a Japanese text with a field; the English sentence has no example.
IN_ONE_LANGUAGE = frozenset({"suggestion.picture"})
# Latin words that Japanese texts may contain: formats, encodings, products, keys of files, examples of values.
ALLOWED = re.compile(
    r"`[^`]*`|--[a-z-]+|name=login|meguri (?:inbox|goal show)|\[sites\.\{site\}\]|cycle\.hr|adjust_down|samples/[a-z.]+|\.venv/bin/meguri [a-z -]+|docs/[a-z_]+\.md|MEGURI_VAR|MEGURI_WEB_ADDRESS|name@example\.jp|2026-11-30T09:00:00\+09:00|\{[^}]*\}"
    r"|\b(?:TOML|CSV|UTF-8|UTF-16|CP932|Shift_JIS|EUC-JP|Excel|Unicode|JSON|NUL|MB|ID|xlsx|JP|DE|U\+0000|Asia/Tokyo|true"
    r"|false|ja|en|HR|PostgreSQL|Temporal|Linux|macOS|Ctrl-C|root|Meguri|meguri|DATABASE_URL|XX|Webhook|URL|https|Keyword|TLS|API|Web|HH:MM|UTC|csv|IP|JavaScript)\b"
)


def entries(name: str, locale: Locale) -> Iterator[Message]:
    return (entry for entry in translations.catalog(name, locale) if entry.id)


def key_of(entry: Message) -> str:
    return entry.id if isinstance(entry.id, str) else entry.id[0]


def forms_of(entry: Message) -> tuple[str, ...]:
    return (entry.string,) if isinstance(entry.string, str) else tuple(entry.string or ())


@cache
def keys(locale: Locale = Locale.EN) -> frozenset[str]:
    return frozenset(key_of(entry) for name in NAMES for entry in entries(name, locale))


def fields(text: str) -> frozenset[tuple[str, str]]:
    return frozenset((name, spec or "") for _, name, spec, _ in Formatter().parse(text) if name is not None)


def names_of(text: str) -> frozenset[str]:
    return frozenset(name for name, _ in fields(text))


def strings_in_code() -> frozenset[str]:
    """All string constants in the code."""
    found = set[str]()
    for path in (
        ROOT / "worker.py",
        ROOT / "starter.py",
        *(path for room in ROOMS for path in (ROOT / room).rglob("*.py")),
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return frozenset(found)


_IN_TEMPLATES = re.compile(r"""\bt\(\s*"([a-z0-9_.]+)"(\s*~)?""")


@cache
def keys_in_templates() -> frozenset[str]:
    """What the pages' templates say: keys, and the beginnings (with a dot at the end) of keys that they build."""
    templates = (path.read_text(encoding="utf-8") for path in (ROOT / "web" / "pages").glob("*.html"))
    return frozenset(found[1] for one in templates for found in _IN_TEMPLATES.finditer(one))


def is_in_templates(key: str) -> bool:
    said = keys_in_templates()
    return key in said or any(key.startswith(one) for one in said if one.endswith("."))


def made_from_codes() -> set[str]:
    """Keys that the product builds from the code of a refusal, a finding, a problem or a notice."""
    return {
        *(f"refusal.{code}" for code in Code),
        *(f"problem.{kind}" for kind in (*TYPES, *OWN, OTHER)),
        *(f"notice.{kind}" for kind in NoticeKind),
        *(f"mail.heading.{group}" for group in Group),
        *(f"mail.task.{kind}" for kind in TaskKind),
        *(f"part.rule_{name}" for name in ("id", "name", "mail", "locale", "active", "leaves", "post", "share")),
        *(f"finding.{code}" for code in strings_in_code() if re.fullmatch(r"[a-z0-9_]+", code)),
    }


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_texts_with_the_same_fields(name: str) -> None:
    japanese = {key_of(one): names_of("".join(forms_of(one))) for one in entries(name, Locale.JA)}
    english = {key_of(one): names_of("".join(forms_of(one))) for one in entries(name, Locale.EN)}
    assert {key for key in english if japanese.get(key) != english[key]} - IN_ONE_LANGUAGE == set()
    assert set(japanese) == set(english)


@pytest.mark.parametrize("locale", Locale)
@pytest.mark.parametrize("name", NAMES)
def test_no_text_is_empty_or_doubtful_and_each_is_in_the_catalogue_of_its_key(name: str, locale: Locale) -> None:
    for entry in entries(name, locale):
        key = key_of(entry)
        assert translations.file_of(key) == name, key
        assert all(forms_of(entry)), key
        assert not entry.fuzzy, key
        assert len({names_of(form) for form in forms_of(entry)}) == 1, key


@pytest.mark.parametrize("locale", Locale)
@pytest.mark.parametrize("name", NAMES)
def test_babel_finds_no_fault_in_a_catalogue(name: str, locale: Locale) -> None:
    assert [(entry.id, errors) for entry, errors in translations.catalog(name, locale).check()] == []


def test_every_text_is_said_somewhere() -> None:
    said = strings_in_code() | made_from_codes()
    beginnings = (
        "join.", "place.", "field.", "column.", "cell.", "head.",
        "help.meguri", "help.option.", "help.metavar.",  # tests/cli/session/test_help.py
    )  # fmt: skip
    words = {f"{kind}.{value}" for kind in word_kinds() for value in values(kind)}
    hints = {f"hint.{key}" for key in keys()}
    families = {
        key
        for key in keys()
        if key.startswith(("screen.", "sheet.", "console.")) and (said | word_kinds()) & prefixes_of(key)
    }
    unused = {key for key in keys() if key not in said and not key.startswith(beginnings) and not is_in_templates(key)}
    unused -= words | hints | families | {f"{key}.nobody" for key in keys()}
    assert unused == set()


def prefixes_of(key: str) -> set[str]:
    """How code names a family of texts: as a kind of words, or as the beginning of an f-string."""
    family = key.rpartition(".")[0]
    return {family, f"{family}."}


def word_kinds() -> set[str]:
    """The kinds of words that texts or the code refer to."""
    specs = {
        spec.partition(" ")[0]
        for name in NAMES
        for locale in Locale
        for one in entries(name, locale)
        for form in forms_of(one)
        for _, spec in fields(form)
    }
    return (specs - READINGS - {""}) | {
        "state", "task", "event", "outcome", "verdict", "next", "measure", "direction", "cycle_state", "phase", "result",
        "instruction", "skipped", "act", "cause", "cadence", "answer", "locale", "channel", "selected", "reason", "os_error",
        "grouping", "role", "actor", "log", "entry", "heard_as", "token_state", "company_role", "hook_state", "delivery_state",
        "role_source",
    }  # fmt: skip


def test_every_key_in_the_code_is_in_the_catalogues() -> None:
    beginnings = tuple(f"{one}." for one in translations.FILES if one != "sheet")
    named = {
        one
        for one in strings_in_code()
        if one.startswith(beginnings) and re.fullmatch(r"[a-z]+(\.[A-Za-z0-9_]+)+", one)
    }
    modules = {one for one in named if one.split(".")[-1] in {"py", "po", "toml", "html"}}
    families = {key.rpartition(".")[0] for key in keys() if key.startswith("screen.")}
    assert named - modules - keys() - families - {"part.rule_"} == set()


def test_every_key_in_the_templates_is_in_the_catalogues() -> None:
    said = {one for one in keys_in_templates() if not one.endswith(".")}
    assert said - keys() == set()
    beginnings = {one for one in keys_in_templates() if one.endswith(".")}
    assert {one for one in beginnings if not any(key.startswith(one) for key in keys())} == set()


def test_every_refusal_problem_and_notice_has_its_sentence_and_none_is_left_over() -> None:
    for kind, made in (("refusal", set(Code)), ("problem", {*TYPES, *OWN, OTHER})):
        said = {key for key in keys() if key.startswith(f"{kind}.") and not key.endswith(".nobody")}
        assert {key.removeprefix(f"{kind}.") for key in said} == made
    assert {f"notice.{kind}" for kind in NoticeKind} <= keys()


def _may_be_empty() -> set[tuple[str, str]]:
    """Code and field of every refusal whose list the code writes as "-" where nothing is in it."""
    found = set[tuple[str, str]]()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "Refusal" and node.args:
                    code = ast.unparse(node.args[0]).removeprefix("Code.").lower()
                    found |= {(code, one.arg or "") for one in node.keywords if "or '-'" in ast.unparse(one.value)}
    return found


def test_a_list_with_nobody_in_it_has_a_sentence_of_its_own() -> None:
    """A sentence that says "only - may do it" is none."""
    lists = _may_be_empty() | {
        ("not_allowed", "allowed"),
        ("unnamed", "allowed"),
    }  # domain/access.py makes these from a name
    assert ("hr_begins_goals", "hr") in lists, "the walk through the code finds something"
    assert {code for code, _ in lists if f"refusal.{code}.nobody" not in keys()} == {"no_participant"}
    for locale in Locale:
        for code, field in lists - {("no_participant", "owner")}:
            key = f"refusal.{code}"
            others = dict.fromkeys(names_of(translations.template(key, locale)), "X")
            for nobody in ("-", (), ["-"]):
                said = say(key, locale, **(others | {field: nobody}))
                assert said == say(f"{key}.nobody", locale, **others)
                assert "-" not in said


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        ("state", State), ("task", TaskKind), ("event", EventKind), ("outcome", Outcome), ("act", Act),
        ("direction", Direction), ("locale", Locale), ("measure", ("numeric", "qualitative")),
        ("verdict", ("continue", "achieved", "unrealistic")), ("next", ("continue", "reset", "close")),
        ("instruction", [kind.model_fields["kind"].default for kind in KINDS]), ("column", COLUMNS),
        ("field", Content.model_fields), ("cause", CAUSES),
        ("skipped", Skipped.model_fields["code"].annotation.__args__),  # type: ignore[union-attr]
    ],
)  # fmt: skip
def test_every_value_has_a_word_in_both_languages(kind: str, members: object) -> None:
    assert {str(one) for one in members} <= set(values(kind))  # type: ignore[attr-defined]
    for value in values(kind):
        assert all(translations.has(f"{kind}.{value}", locale) for locale in Locale)


@pytest.mark.parametrize("locale", Locale)
def test_every_field_of_a_sheet_has_its_label(locale: Locale) -> None:
    assert all(field_of_sheet(field, locale) for field in FIELDS)


def test_a_text_reads_its_values_in_the_same_way_in_both_languages() -> None:
    """Both languages must format a value in the same way: as a person, a date or a word."""
    for name in NAMES:
        english = {key_of(one): readings(forms_of(one)[0]) for one in entries(name, Locale.EN)}
        for one in entries(name, Locale.JA):
            read = readings(forms_of(one)[0])
            assert {field for field, kinds in english[key_of(one)].items() if kinds - read.get(field, set())} == set()


def readings(text: str) -> dict[str, set[str]]:
    """The formats with which a text shows each field; unformatted is always among them, as for English keys of columns."""
    found: dict[str, set[str]] = {}
    for field, spec in fields(text):
        found.setdefault(field, {""}).add(spec.partition(" ")[0])
    return found


@pytest.mark.parametrize("name", [name for name in NAMES if name != "help"])
def test_nothing_in_japanese_texts_is_english(name: str) -> None:
    english = {
        key_of(one): left
        for one in entries(name, Locale.JA)
        if (left := re.findall(r"[A-Za-z]{2,}", ALLOWED.sub("", " ".join(forms_of(one)))))
    }
    assert english == {}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("help", "screens", "notices", "errors")])
def test_no_text_names_a_command_or_an_option(name: str) -> None:
    for locale in Locale:
        named = {key_of(one) for one in entries(name, locale) if re.search(r"--\w|`?meguri \w", "".join(forms_of(one)))}
        assert named == set()


@pytest.mark.parametrize("name", NAMES)
def test_brackets_are_half_width(name: str) -> None:
    assert not [key_of(one) for one in entries(name, Locale.JA) if re.search("[（）]", "".join(forms_of(one)))]


def test_the_words_of_places_need_a_number_at_most_and_those_of_values_nothing() -> None:
    for one in entries(translations.WORDS, Locale.EN):
        kind = key_of(one).partition(".")[0]
        allowed = {"place": {"n"}, "cell": {"n"}}.get(kind, set())
        if kind not in ("format", "rule", "person"):
            assert names_of("".join(forms_of(one))) <= allowed, key_of(one)
