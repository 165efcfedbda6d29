"""Remarks while a goal is written: words that say nothing, and examples that were left as they are.

They are advice on the page alone. No command reads them and no ledger has them, so a remark needs no edition of the rules.
"""

import re
from collections.abc import Iterator
from functools import cache

from domain.findings import Finding, advise
from domain.values import Locale
from domain.writing import catalog
from domain.writing.content import Content, NumericMeasure
from domain.writing.rules.matching import has_number, is_japanese, normal
from domain.writing.rules.rewrites import act, named
from domain.writing.rules.wording import EMPTY_ACT, EMPTY_THEME

_FILLING = re.compile(
    r"しっかり(?:と)?|きちんと|ちゃんと|適切に|円滑に|スムーズに|積極的に|効率的に|徹底的に|できるだけ|なるべく|さらに|より一層|一層|もっと|引き続き|継続的に|全体的に|日々|常に"
    r"|\b(?:really|properly|continuously|actively|further|always|generally|overall|daily)\b"
)
_EMPTY_ACT = re.compile(
    rf"{_FILLING.pattern}|(?:強化|推進|向上|改善|充実|効率化|取り組み|取組)(?:する|させる|を図る|を行う)?$|取り組む$"
    r"|^(?:improv\w+|enhanc\w+|strengthen\w*|promot\w+|optimi[sz]\w+)(?: (?:my|our|the|work|quality|efficiency|communication|skills?|process(?:es)?))+$"
)
_EMPTY_CHALLENGE = re.compile(
    r"[^、。,]{0,10}(?:に|は|が|の|も)?(?:問題|課題|改善の余地|無駄|ムダ)(?:が|も)?(?:ある|多い|あります|多いです)?"
    r"|[^、。,]{0,10}(?:が|は|の|を)?(?:悪い|低い|弱い|足りない|不足(?:している)?|不十分(?:である)?|非効率(?:である)?|大変(?:である)?|忙しい|良くない|よくない"
    r"|できていない|うまくいっていない|改善(?:が必要|したい|する)|向上(?:が必要|させたい)|高めたい|良くしたい)(?:です)?"
    r"|(?:there (?:is|are) |we have )?(?:some |a lot of |many )?(?:problems?|issues?|room for improvement)(?: .{0,12})?"
    r"|(?:the |our |my )?\w+(?: \w+)? (?:is|are) (?:bad|low|poor|weak|not good|inefficient|insufficient|not enough)"
)
_SHORT_JA, _SHORT_EN = 8, 4  # characters; words


def remarks(content: Content) -> tuple[Finding, ...]:
    """Every remark, those about words first."""
    return (*_on_words(content), *_on_examples(content))


def _on_words(content: Content) -> Iterator[Finding]:
    if _says_nothing_about_work(content.theme):
        yield advise("vague_theme", "theme", suggestion=named(content))
    if content.challenge and _is_vague_challenge(normal(content.challenge).strip(" .。!")):
        yield advise("vague_challenge", "challenge")
    for n, step in enumerate(content.steps):
        plain = normal(step.title).strip(" .。!")
        if _EMPTY_ACT.search(plain) and not has_number(plain) and not EMPTY_ACT.search(plain):
            yield advise("vague_step", f"steps[{n}].title", suggestion=act(step.title))


def _says_nothing_about_work(theme: str) -> bool:
    """Whether only words that fit any work are left once the filling ones are taken out; `theme_says_what` finds those without filling."""
    plain = normal(theme).strip(" .。!")
    rest = _FILLING.sub("", plain).strip(" 、,")
    return rest != plain and (not rest or bool(EMPTY_THEME.fullmatch(rest)))


def _is_vague_challenge(plain: str) -> bool:
    if has_number(plain):
        return False
    is_short = len(plain) < _SHORT_JA if is_japanese(plain) else len(plain.split()) < _SHORT_EN
    return is_short or bool(_EMPTY_CHALLENGE.fullmatch(_FILLING.sub("", plain).strip(" 、,")))


def _on_examples(content: Content) -> Iterator[Finding]:
    """The catalogue is there to begin with: its problem and its numbers are those of no department."""
    if content.challenge.strip() in _example_challenges():
        yield advise("example_challenge", "challenge")
    measure = content.measure
    if isinstance(measure, NumericMeasure) and (measure.name, measure.baseline, measure.target) in _example_measures():
        yield advise("example_numbers", "measure.baseline")


@cache
def _example_challenges() -> frozenset[str]:
    return frozenset(one.challenge.in_(locale) for one in catalog.entries() for locale in Locale)


@cache
def _example_measures() -> frozenset[tuple[str, object, object]]:
    return frozenset(
        (one.name.in_(locale), one.baseline, one.target)
        for one in catalog.entries()
        if one.unit is not None
        for locale in Locale
    )
