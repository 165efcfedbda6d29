"""A goal that adds, in place of one that only deducts (減点方式ではなく加点方式): by what the text is about.

The owner can take a rewrite as it is; tests check that each passes every rule.
"""

import re
from typing import NamedTuple

from domain.messages import Message, message
from domain.writing.content import Content, NumericMeasure, QualitativeMeasure
from domain.writing.rules.matching import is_japanese, normal


class _Topic(NamedTuple):
    """What a text is about, and a goal that adds. `{work}` is the work at which it happens."""

    words: re.Pattern[str]
    ja: str
    en: str


def _topic(words: str, ja: str, en: str) -> _Topic:
    return _Topic(re.compile(words), ja, en)


_TOPICS = (
    _topic(
        r"残業|時間外|overtime|late nights?",
        "{work}の時間を生む見直しを3つ実施する",
        "carry out 3 changes that free time in {work}",
    ),
    _topic(
        r"クレーム|苦情|complain",
        "{work}で喜ばれた対応を5件集めて共有する",
        "collect and share 5 cases in {work} that people welcomed",
    ),
    _topic(
        r"離職|退職|turnover|resign|attrition|leav(?:e|ing) the company",
        "働き続けたい職場にする施策を3つ提案し、1つ試す",
        "propose 3 ways to make people want to stay, and try one",
    ),
    _topic(
        r"遅れ|遅延|遅刻|期限|期日|delay|late|deadline|overdue",
        "{work}を早める工夫を3つ試し、かかった日数を記録する",
        "try 3 ways to finish {work} sooner, and record the days",
    ),
    _topic(
        r"事故|災害|漏えい|漏洩|流出|違反|トラブル|incident|accident|leak|breach|violation",
        "{work}の備えを3つ整え、訓練を2回行う",
        "put 3 safeguards in place for {work}, and hold 2 drills",
    ),
    _topic(
        r"紛失|所在|lost|loss",
        "{work}の所在が分かる台帳を整え、月1回確かめる",
        "keep a register of where things are in {work}, and look through it monthly",
    ),
    _topic(
        r"未処理|滞留|溜|ため込|backlog|pending|unprocessed",
        "{work}の処理枠を週2回設け、済んだ件数を記録する",
        "set 2 hours a week for {work}, and record what gets done",
    ),
    _topic(
        r"コスト|費用|無駄|ムダ|経費の削|cost|waste|spend",
        "{work}の費用を活かす提案を3つまとめる",
        "make 3 proposals for better use of what {work} costs",
    ),
    _topic(
        r"ミス|誤|間違|漏れ|不備|手戻り|error|mistake|defect|omission|wrong|rework",
        "{work}の効率化施策を3つ提案する",
        "propose 3 ways to make {work} smoother",
    ),
)
_ANYTHING = _topic(r"", "{work}を良くする提案を3つまとめ、1つ試す", "make 3 proposals for {work}, and try one of them")
# Names of back-office work; the first one that occurs in the goal's own words is taken.
_WORK_JA = (
    "経費処理|経費精算|給与計算|勤怠管理|請求書の処理|請求書処理|請求書|支払処理|支払|入金確認|仕訳|伝票処理|伝票|月次決算|決算|照合|棚卸|"
    "データ入力|契約審査|契約書の管理|契約書|契約|採用|研修|面接|受付|問い合わせ対応|備品管理|備品|発注|押印|開示資料|資金繰り|社会保険の手続き|"
    "入社手続き|個人情報の取り扱い|個人情報|車両管理|会議室の運用|社内報|固定資産の登録"
)
_WORK_EN = (
    "expense processing|expense claims|expenses|payroll|attendance records|invoices?|invoice processing|payments?|journal entries|"
    "monthly closing|month-end closing|closing|reconciliations?|stocktaking|data entry|contract reviews?|contracts?|recruiting|"
    "training|interviews?|reception|inquiries|purchase orders|disclosure|cash forecasts?|onboarding|personal data|meeting rooms?|"
    "fixed assets|filings?"
)


def additive(text: str, content: Content) -> Message:
    """A goal that adds, about the same thing as `text`, at the work that the goal names.

    In the language of the goal, not of the reader: the owner takes it over as it is.
    """
    plain = normal(text)
    topic = next((one for one in _TOPICS if one.words.search(plain)), _ANYTHING)
    measure = content.measure.name if content.measure else ""
    places = (text, content.theme, content.challenge, measure)
    if is_japanese(text):
        sentence = topic.ja.format(work=_first(_WORK_JA, places) or "担当業務")
    else:
        sentence = topic.en.format(work=_first(_WORK_EN, places) or "our work")
    return message("suggestion.as_written", text=sentence)


def _first(works: str, places: tuple[str, ...]) -> str | None:
    """The first work that is named; longer names before the shorter ones that they hold."""
    pattern = re.compile("|".join(sorted(works.split("|"), key=len, reverse=True)))
    found = (pattern.search(normal(place)) for place in places)
    return next((one.group() for one in found if one), None)


def concrete(text: str) -> Message:
    """A pattern for a picture that others can see, at the work that the text names.

    Its words are for the reader, in their language; the example is theirs to fill.
    """
    work = _first(_WORK_JA, (text,)) or "この業務"
    return message("suggestion.picture", work=work)


def named(content: Content) -> Message:
    """A theme that names the work and the change: from the goal's own measure, in the goal's language."""
    japanese, measure = is_japanese(content.theme), content.measure
    match measure:
        case NumericMeasure(baseline=baseline, target=target) if baseline is not None:
            unit = measure.unit
            ja = f"{measure.name}を{baseline:f}{unit}から{target:f}{unit}にする"
            en = f"Bring {measure.name} from {baseline:f} to {target:f} {unit}".rstrip()
        case NumericMeasure() | QualitativeMeasure():
            ja, en = (
                f"{measure.name}の手本を1つ作り、部内で使い始める",
                f"Make one model of {measure.name} and put it to use",
            )
        case None:
            ja, en = "月次決算を3営業日早く締める", "Close the month three business days earlier"
    sentence = ja if japanese else en
    return message("suggestion.as_written", text=sentence)


def act(title: str) -> Message:
    """A step that is done or not on its day, in the language of the one that it replaces."""
    sentence = (
        "原因を3つ挙げ、部内で共有する" if is_japanese(title) else "Name 3 causes and share them with the department"
    )
    return message("suggestion.as_written", text=sentence)
