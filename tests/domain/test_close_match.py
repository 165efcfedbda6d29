from domain.close_match import close_match


def test_the_nearest_known_word_is_what_was_meant() -> None:
    assert close_match("経里部", ["経理部", "総務部", "営業部"]) == "経理部"


def test_a_word_that_resembles_nothing_has_no_match_unless_less_will_do() -> None:
    assert close_match("xyz", ["abc"]) is None
    assert close_match("abxy", ["abcd"]) is None
    assert close_match("abxy", ["abcd"], similar=0.4) == "abcd"


def test_nothing_known_matches_nothing() -> None:
    assert close_match("abc", []) is None
