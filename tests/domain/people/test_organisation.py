import time

import pytest
from pydantic import ValidationError

from domain.findings import Finding, Level
from domain.people.organisation import Employee, Organisation, appoint
from domain.values import EmployeeId, Locale
from texts.findings import finding_hint
from texts.say import say, say_both


def person(employee_id: str, manager: str | None = None, *, active: bool = True) -> Employee:
    return Employee(
        id=EmployeeId(employee_id),
        name=f"社員 {employee_id}",
        department="営業部",
        manager_id=None if manager is None else EmployeeId(manager),
        active=active,
    )


def codes(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.code for finding in findings]


def ids(*names: str) -> tuple[EmployeeId, ...]:
    return tuple(EmployeeId(name) for name in names)


def test_the_line_of_managers_runs_from_the_nearest_to_the_top() -> None:
    company = Organisation([person("A"), person("B", "A"), person("C", "B"), person("D", "C")])
    assert company.manager_line(EmployeeId("D")) == ids("C", "B", "A")
    assert company.manager_line(EmployeeId("A")) == ()
    assert company.tops() == ids("A")
    assert company.reports(EmployeeId("B")) == ids("C")
    assert company.reports(EmployeeId("D")) == ()
    assert company.findings() == ()


def test_a_line_that_enters_or_is_a_circle_ends_and_names_each_manager_once() -> None:
    company = Organisation([person("A", "B"), person("B", "C"), person("C", "A"), person("D", "A")])
    assert company.manager_line(EmployeeId("D")) == ids("A", "B", "C")
    assert company.manager_line(EmployeeId("A")) == ids("B", "C")
    assert Organisation([person("A", "A")]).manager_line(EmployeeId("A")) == ()


def test_a_manager_who_is_not_there_ends_the_line() -> None:
    assert Organisation([person("A", "ghost")]).manager_line(EmployeeId("A")) == ()


def test_the_line_of_somebody_unknown_is_an_error_and_not_an_empty_line() -> None:
    with pytest.raises(KeyError):
        Organisation([person("A")]).manager_line(EmployeeId("B"))


def test_an_id_that_comes_twice_is_an_error_and_loses_nobody_in_silence() -> None:
    with pytest.raises(ValueError, match="twice"):
        Organisation([person("A"), person("A")])


def test_each_circle_is_found_once_and_shown_as_it_closes() -> None:
    people = [person("T"), person("A", "B"), person("B", "C"), person("C", "A"), person("D", "A"), person("E", "D")]
    people += [person("X", "Y"), person("Y", "X")]
    findings = Organisation(people).findings()
    assert codes(findings) == ["circular_managers", "circular_managers"]
    assert "A -> B -> C -> A;" in say_both(findings[0].message).en
    assert "X -> Y -> X;" in say_both(findings[1].message).en
    assert findings[0].where == "A, B, C"


def test_a_manager_of_oneself_is_refused_in_words_of_its_own() -> None:
    findings = Organisation([person("T"), person("A", "A")]).findings()
    assert codes(findings) == ["own_manager"]
    assert findings[0].where == "A"


def test_a_second_person_without_a_manager_is_refused_and_both_are_named() -> None:
    findings = Organisation([person("A"), person("B"), person("C", "A")]).findings()
    assert codes(findings) == ["several_tops"]
    assert findings[0].level is Level.REFUSE
    assert findings[0].where == "A, B"
    for locale in Locale:
        assert "--top" not in say(findings[0].message, locale)
        assert "--top" in str(finding_hint(findings[0], locale))


def test_several_tops_that_were_named_go_through_and_a_third_one_does_not() -> None:
    company = Organisation([person("A"), person("B"), person("C")])
    assert company.findings(tops=ids("A", "B", "C")) == ()
    findings = company.findings(tops=ids("A", "B"))
    assert [(one.code, one.where) for one in findings] == [("several_tops", "C")]


@pytest.mark.parametrize("named", ["C", "unknown", "L"])
def test_somebody_named_as_a_top_who_is_none_is_refused(named: str) -> None:
    company = Organisation([person("A"), person("C", "A"), person("L", active=False)])
    findings = company.findings(tops=ids("A", named))
    assert [(one.code, one.where) for one in findings] == [("not_a_top", named)]


def test_somebody_who_left_needs_no_manager() -> None:
    company = Organisation([person("A"), person("L", active=False)])
    assert company.tops() == ids("A")
    assert company.findings() == ()


def test_a_missing_manager_is_one_finding_that_counts_and_names_those_who_lack_them() -> None:
    people = [person("T"), *(person(f"E{n}", "ghost") for n in range(8)), person("F", "phantom")]
    findings = Organisation(people).findings()
    assert codes(findings) == ["manager_missing", "manager_missing"]
    assert findings[0].where == "E0, E1, E2, E3, E4"
    assert "ghost" in say_both(findings[0].message).en
    assert "E4 and 3 more" in say_both(findings[0].message).en
    assert "8 people" in say_both(findings[0].message).en
    assert findings[1].where == "F"


def test_a_manager_who_left_is_refused_for_the_active_and_no_matter_for_the_others() -> None:
    people = [person("T"), person("M", "T", active=False), person("A", "M"), person("L", "M", active=False)]
    findings = Organisation(people).findings()
    assert [(one.code, one.where) for one in findings] == [("manager_inactive", "A")]


def test_places_are_told_in_the_terms_of_what_the_reader_gave() -> None:
    findings = Organisation([person("A", "ghost")]).findings(place=lambda employee_id: f"row of {employee_id}")
    assert findings[0].where == "row of A"


def test_every_finding_speaks_both_languages() -> None:
    people = [person("A"), person("B"), person("C", "C"), person("D", "E"), person("E", "D"), person("F", "ghost")]
    people += [person("G", "A", active=False), person("H", "G")]
    findings = Organisation(people).findings()
    assert {one.code for one in findings} == {
        "several_tops",
        "own_manager",
        "circular_managers",
        "manager_missing",
        "manager_inactive",
    }
    for one in findings:
        assert say(one.message, Locale.JA) != say(one.message, Locale.EN)


def test_a_chain_of_a_hundred_thousand_people_is_checked_in_linear_time() -> None:
    people = [person("E0"), *(person(f"E{n}", f"E{n - 1}") for n in range(1, 100_000))]
    started = time.perf_counter()
    assert Organisation(people).findings() == ()
    assert time.perf_counter() - started < 5  # a fifth of a second; walking every line anew would take hours


@pytest.mark.parametrize(
    "mail", ["plain", "a@b@c.jp", "a b@c.jp", "a@c.jp\n", "@c.jp", "a@", "a@c.jp,b@c.jp", "a" * 250 + "@c.jp"]
)
def test_what_is_not_one_mail_address_is_refused(mail: str) -> None:
    with pytest.raises(ValidationError, match="mail"):
        Employee(id=EmployeeId("A"), name="a", department="d", mail=mail)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x1b[31m", "broken \ufffd", "\u202eevil", "x" * 201])
def test_a_name_that_would_break_a_header_or_a_terminal_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        Employee(id=EmployeeId("A"), name=name, department="d")


def test_names_as_people_bear_them_are_kept() -> None:
    for name in ("髙橋 𠮷男", "O'Brien-Müller", "山田　太郎", "外字\ue000"):
        assert Employee(id=EmployeeId("A"), name=name, department="d").name == name


def test_people_whose_manager_is_not_in_the_file_report_to_whom_it_says_and_tops_to_nobody() -> None:
    cut_out = [person("A", "B"), person("B", "A"), person("C", "GONE"), person("D", "C")]
    mended = appoint(cut_out, ids("A"), EmployeeId("A"))
    assert [one.manager_id for one in mended] == [None, "A", "A", "C"]
    assert Organisation(mended).findings() == ()


def test_nobody_is_appointed_whom_nobody_named() -> None:
    cut_out = (person("A", "GONE"), person("B", "A"))
    assert appoint(cut_out, (), None) == cut_out
    assert appoint(cut_out, (), EmployeeId("A")) == cut_out, "nobody reports to themselves"
