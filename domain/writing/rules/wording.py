"""Rules on words: a goal adds rather than deducts, and says what others can see.

Text is read in one spelling (domain/writing/rules/matching.py). Patterns name what deducts; words that only look alike (ゼロベース,
欠かせない, zero-based) are left alone, and the table in tests/domain/writing/rules/ holds such cases.
"""

import re
from collections.abc import Iterator

from domain.findings import Finding, Level, advise, refuse
from domain.policy.policy import Policy
from domain.writing.content import Content, Direction, NumericMeasure, QualitativeMeasure
from domain.writing.rules.matching import has_number, is_japanese, normal
from domain.writing.rules.rewrites import act, additive, concrete, named

_BAD_JA = "ミス|誤り|間違い|遅れ|遅延|遅刻|漏れ|事故|災害|クレーム|苦情|違反|残業|不備|手戻り|滞留|紛失|未処理|欠勤|失敗|トラブル|漏えい|漏洩|誤送信|誤入力|抜け"
_BAD_EN = "errors?|mistakes?|complaints?|delays?|incidents?|accidents?|overtime|defects?|omissions?|losses|violations?|breaches|leaks?|rework|findings?|late|missed|overdue|backlogs?|waste"
_DEDUCTIVE = re.compile(
    "|".join(
        (
            r"ゼロ(?!から|ベース|トラスト|カーボン|エミッション|秘書|円)",
            r"(?<![\d.,])0\s*(?:件|回|時間|日|人|名|円)(?:に|を|と|へ|達成|。|$)",
            r"(?<!少)(?<!すく)なく(?:す|し(?!て)|そう)|無く(?:す|し)|根絶|撲滅|全廃|皆無",
            rf"(?:{_BAD_JA})[^。、]{{0,6}}(?:しない|させない|ない|なし|無し|せず)(?![がくで]|か(?!ら)|よりも)",
            r"(?:遅れ|忘れ|間違え|漏らさ|落とさ|怠ら|破ら|起こさ|(?<!取り)残さ|超過し|見落とさ|見逃さ|溜め|切らさ|滞らせ)(?:ない|ず)",
            r"無(?:事故|災害|違反|遅刻|欠勤)|ノー(?:ミス|残業)",
            r"\bzero\b(?![- ]?(?:based|trust|carbon|base|emission|knowledge))(?<!from zero)",
            rf"\b(?:no|any)\s+(?:more\s+)?(?:\w+\s+)?(?:{_BAD_EN})\b|\b(?:{_BAD_EN})-free\b|\b0\s+(?:{_BAD_EN})\b",
            rf"\bwithout\s+(?:any\s+|a\s+)?(?:single\s+)?(?:\w+\s+)?(?:{_BAD_EN})\b",
            r"\bnever\b|\beliminat\w+\s+(?:all|every|any)\b|\bavoid(?:ing)?\b|\bstop\s+\w+ing\b",
            r"\b(?:do|does|must|should|will|shall)\s+not\b|\bdon't\b|\bnot\s+(?:make|miss|exceed|forget|be late)\b",
        )
    )
)
_VAGUE_JA = r"良く|よくする|よくなる|向上|改善|徹底|頑張|がんば|努め|努力|意識|適切|適正|しっかり|きちんと|円滑|スムーズ|強化|推進|充実|積極的|効率的|活性化|高める|なるべく|できるだけ|尽くす|心がけ|心掛け"
_VAGUE_EN = r"improv\w*|better|good|great|properly|smooth\w*|effective\w*|efficient\w*|appropriate\w*|enhanc\w*|strengthen\w*|do (?:my|our) best|try\b|as much as possible|high[- ]quality|optimi[sz]\w*|proactive\w*|excellent"
_VAGUE = re.compile(rf"{_VAGUE_JA}|\b(?:{_VAGUE_EN})")
_WHO = re.compile(
    r"人|者|部署|社員|担当|誰|顧客|取引先|課長|部長|メンバー|全員|本人|上司|部下|現場|経営|事業部|拠点"
    r"|\b(?:people|anybody|anyone|everybody|everyone|somebody|someone|staff|managers?|colleagues?|visitors?|customers?|suppliers?|teams?|departments?|newcomers?|employees?|auditors?|who)\b"
)
_SEEN = re.compile(
    r"見|読|聞|答|一覧|記録|言え|説明|でき|終え|終わ|届|分か|わか|使|出せ|並|引き継|選べ|戻|進め|受け|会い|探せ|頼め|決ま|公開|提出|載|届|揃|そろ|整|ある|配"
    r"|\b(?:can|see|sees|reads?|finds?|says?|answers?|finish\w*|done|use[sd]?|list|record\w*|publish\w*|on one page|within|explains?|knows?|shows?|there (?:is|are)|has|have|receives?|asks?|signed|agreed|written)\b"
)
_SHORT_JA, _SHORT_EN = 12, 5  # characters; words
_GENERAL_JA = "業務|仕事|作業|スキル|能力|品質|サービス|チーム|組織|自己|生産性|コミュニケーション|業務効率|業務品質|知識|モチベーション|意識|風土|人材"
EMPTY_THEME = re.compile(
    rf"(?:(?:{_GENERAL_JA})(?:の|を|力)?)*(?:改善|向上|強化|効率化|アップ|推進|徹底|充実|活性化|啓発|育成|頑張\w*|努力\w*|改革)"
    r"(?:する|を図る|に努める|を行う|を目指す|を頑張る|していく)?"
    r"|(?:to )?(?:do (?:my|our) best|work harder?|be better|try harder)(?: .{0,12})?"
    r"|(?:to )?(?:improv\w+|enhanc\w+|strengthen\w*|better|promot\w+|optimi[sz]\w+)(?: (?:my|our|the|overall|work|business))*"
    r"(?: (?:work|skills?|quality|efficiency|productivity|performance|communication|services?|operations|processes|teamwork|knowledge))?"
)
EMPTY_ACT = re.compile(
    r"頑張|がんば|努め|努力|意識|徹底|なるべく|できるだけ|適宜|随時|心がけ|心掛け|検討(?:する)?$|対応(?:する)?$"
    r"|\b(?:try (?:to|harder)|as needed|work on|continue to|keep an eye|consider|as much as possible|do (?:my|our) best|when possible|be careful)\b"
)
_TWO = re.compile(
    r"。.+|(?:し|する|図る)(?:、また|とともに|と同時に|ほか)|、かつ|(?:および.*){2}|;|\band also\b|\bas well as\b|\bin addition\b"
)


def adds_rather_than_deducts(content: Content, policy: Policy) -> Iterator[Finding]:
    """減点方式ではなく加点方式: a goal that can only be missed adds nothing. Steps and criteria get advice."""
    for where, text, level in _places(content):
        if _DEDUCTIVE.search(normal(text)):
            yield _deductive(where, text, level, content)
    measure = content.measure
    if isinstance(measure, NumericMeasure) and measure.direction is Direction.DOWN and measure.target <= 0:
        yield _deductive("measure.target", f"{content.theme} {measure.name}", Level.REFUSE, content)


def _places(content: Content) -> Iterator[tuple[str, str, Level]]:
    yield "theme", content.theme, Level.REFUSE
    if content.measure:
        yield "measure.name", content.measure.name, Level.REFUSE
    if isinstance(content.measure, QualitativeMeasure):
        yield "measure.success_image", content.measure.success_image, Level.REFUSE
        for n, criterion in enumerate(content.measure.criteria):
            yield f"measure.criteria[{n}]", criterion, Level.ADVISE
    for n, step in enumerate(content.steps):
        yield f"steps[{n}].title", step.title, Level.ADVISE


def _deductive(where: str, text: str, level: Level, content: Content) -> Finding:
    make = refuse if level is Level.REFUSE else advise
    return make("deductive", where, suggestion=additive(text, content))


def image_is_concrete(content: Content, policy: Policy) -> Iterator[Finding]:
    """Where no number fits, a picture that others can see; words such as 適切に or "properly" show nothing."""
    if isinstance(content.measure, QualitativeMeasure) and _is_vague_image(content.measure.success_image):
        yield refuse("vague_image", "measure.success_image", suggestion=concrete(content.measure.success_image))


def _is_vague_image(image: str) -> bool:
    plain = normal(image)
    long_enough = len(plain) >= _SHORT_JA if is_japanese(plain) else len(plain.split()) >= _SHORT_EN
    if has_number(plain):
        return False
    seen = bool(_SEEN.search(plain))
    return not long_enough or (not seen) or bool(_VAGUE.search(plain) and not _WHO.search(plain))


def criteria_are_observable(content: Content, policy: Policy) -> Iterator[Finding]:
    """A criterion is met or not, by anybody's eye."""
    criteria = content.measure.criteria if isinstance(content.measure, QualitativeMeasure) else ()
    for n, criterion in enumerate(criteria):
        plain = normal(criterion)
        if not has_number(plain) and _VAGUE.search(plain):
            yield advise("vague_criterion", f"measure.criteria[{n}]", suggestion=concrete(criterion))


def theme_says_what(content: Content, policy: Policy) -> Iterator[Finding]:
    """目標のテーマ: what about it, not that it shall be better."""
    if content.theme and EMPTY_THEME.fullmatch(normal(content.theme).strip(" .。!")):
        yield advise("vague_theme", "theme", suggestion=named(content))


def steps_are_acts(content: Content, policy: Policy) -> Iterator[Finding]:
    """ステップ式: something that is done or not on its day."""
    for n, step in enumerate(content.steps):
        plain = normal(step.title)
        if EMPTY_ACT.search(plain) and not has_number(plain):
            yield advise("vague_step", f"steps[{n}].title", suggestion=act(step.title))


def measure_has_unit(content: Content, policy: Policy) -> Iterator[Finding]:
    if isinstance(content.measure, NumericMeasure) and not content.measure.unit:
        yield advise("no_unit", "measure.unit")


def one_goal_at_a_time(content: Content, policy: Policy) -> Iterator[Finding]:
    """Two goals in one have one score between them."""
    if _TWO.search(normal(content.theme)):
        yield advise("two_goals_in_one", "theme")
