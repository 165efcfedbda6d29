"""The encoding of a file of people: proven by the whole file, or named by a person; never guessed."""

import pytest

from domain.csv_text import ENCODINGS
from domain.people.people_file import PeopleFile, read_people
from domain.values import Locale
from texts.findings import finding_hint, finding_text

_ENGLISH = "id,name,department,manager\n"
WESTERN = _ENGLISH + "E1,Renée Smith,Sales,\n"
KANJI_ONLY = _ENGLISH + "E1,山田 太一,営業,\n"
WITH_KANA = _ENGLISH + "E1,山田 花子,営業,\nE2,山田 さくら,営業,E1\n"


def codes(file: PeopleFile) -> list[tuple[str, str]]:
    return [(one.code, one.where) for one in file.findings]


@pytest.mark.parametrize("text", [WESTERN, KANJI_ONLY])
def test_a_file_that_could_be_japanese_or_western_is_asked_for(text: str) -> None:
    data = text.encode("cp1252" if text is WESTERN else "cp932")
    file = read_people(data)
    assert codes(file) == [("uncertain_encoding", "row 2")]
    assert "--encoding" in str(finding_hint(file.findings[0], Locale.EN))


def test_both_readings_are_shown() -> None:
    (finding,) = read_people(WESTERN.encode("cp1252")).findings
    told = finding_text(finding, Locale.EN)
    assert "Renée Smith" in told
    assert "Ren馥" in told


@pytest.mark.parametrize(
    ("named", "codec"), [("windows-1252", "cp1252"), ("iso-8859-1", "latin-1"), ("utf-16", "utf-16")]
)
def test_an_encoding_that_a_person_names_is_taken(named: str, codec: str) -> None:
    file = read_people(WESTERN.encode(codec), encoding=named)
    assert file.employees[0].name == "Renée Smith"


def test_kana_or_a_japanese_header_anywhere_prove_japanese() -> None:
    assert read_people(WITH_KANA.encode("cp932")).employees[1].name == "山田 さくら"
    headed = KANJI_ONLY.replace(_ENGLISH, "社員番号,氏名,部署,上長\n")
    assert read_people(headed.encode("cp932")).employees[0].name == "山田 太一"
    assert read_people(KANJI_ONLY.encode("cp932"), encoding="cp932").employees[0].name == "山田 太一"


@pytest.mark.parametrize("codec", ["cp1250", "cp1251", "iso8859-15"])
def test_names_of_other_alphabets_are_not_read_as_japanese(codec: str) -> None:
    names = {"cp1250": "Šimůnek Žďár", "cp1251": "Иван Чайковский", "iso8859-15": "Zoë Œuvré"}
    data = f"{_ENGLISH}E1,{names[codec]},Sales,\n".encode(codec)
    assert read_people(data).employees == ()


def test_bytes_that_the_named_encoding_does_not_have_are_told() -> None:
    assert codes(read_people(WESTERN.encode("cp1252"), encoding="utf-8")) == [("other_encoding", "row 2")]


def test_every_name_of_an_encoding_is_one_that_python_knows() -> None:
    for name, codec in ENCODINGS.items():
        assert read_people(WESTERN.replace("é", "e").encode(codec), encoding=name).employees, name
