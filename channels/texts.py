"""Every notice's sentence in Japanese and English, and the words around them.

`{goal}` is the goal as its reader calls it, `{actor}` a person; what the facts do not tell is put in general words
(`MISSING`), so that each sentence reads well with no fact at all. Dates, other people, results and comments are not in
the sentences: channels/lines.py adds those that are known and that belong there (`UNDATED`, `WITH_RESULT`).
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from domain.notices import NoticeKind
from domain.values import Text


class Group(StrEnum):
    """What a notice is to its reader, in the order of a message."""

    WAITS = "waits"
    OVERDUE = "overdue"
    DECIDED = "decided"
    TO_KNOW = "to_know"


HEADINGS: Mapping[Group, Text] = MappingProxyType(
    {
        Group.WAITS: Text(ja="ご対応をお願いします", en="Waiting for you"),
        Group.OVERDUE: Text(ja="期限を過ぎているもの", en="Past the due date"),
        Group.DECIDED: Text(ja="決まったこと", en="Decided"),
        Group.TO_KNOW: Text(ja="お知らせ", en="For your information"),
    }
)


class Wording(NamedTuple):
    """Where a notice stands in a message, and what it says."""

    group: Group
    text: Text


_K = NoticeKind

WORDINGS: Mapping[NoticeKind, Wording] = MappingProxyType(
    {
        _K.DRAFT_OPENED: Wording(
            Group.WAITS,
            Text(
                ja="{goal}の下書きをご用意しました。内容を記入し、提出してください。",
                en="{goal} is ready to be written: please fill it in and submit it.",
            ),
        ),
        _K.DRAFT_REMINDER: Wording(
            Group.WAITS,
            Text(
                ja="{goal}の提出をお待ちしています。内容を記入し、提出してください。",
                en="{goal} is awaited: please fill it in and submit it.",
            ),
        ),
        _K.APPROVAL_REQUESTED: Wording(
            Group.WAITS,
            Text(
                ja="{goal}が提出されました。内容を確認し、承認または差し戻しをしてください。",
                en="{goal} was submitted: please read it, then approve or return it.",
            ),
        ),
        _K.APPROVAL_REMINDER: Wording(
            Group.WAITS,
            Text(
                ja="{goal}が承認を待っています。内容を確認し、承認または差し戻しをしてください。",
                en="{goal} is waiting for approval: please read it, then approve or return it.",
            ),
        ),
        _K.RETURNED: Wording(
            Group.WAITS,
            Text(
                ja="{goal}が{actor}から差し戻されました。コメントを参考に見直し、もう一度提出してください。",
                en="{goal} was returned by {actor}: please revise it with the comment in mind and submit it again.",
            ),
        ),
        _K.RECALLED: Wording(
            Group.TO_KNOW,
            Text(
                ja="{goal}の提出が取り消されました。次の提出までお待ちください。",
                en="{goal} was taken back by its owner: nothing is asked of you until it is submitted again.",
            ),
        ),
        _K.APPROVED: Wording(
            Group.DECIDED,
            Text(
                ja="{goal}が承認されました。ステップを一つずつ進めていきましょう。",
                en="{goal} was approved. Take it one step at a time, and enjoy the first.",
            ),
        ),
        _K.STAGE_APPROVED: Wording(
            Group.DECIDED,
            Text(
                ja="{goal}が{actor}に承認され、次の承認者へ進みました。",
                en="{goal} was approved by {actor} and went on to the next approver.",
            ),
        ),
        _K.STEP_DUE: Wording(
            Group.WAITS,
            Text(
                ja="{goal}の{step}に取り組む時期です。進み具合を記録してください。",
                en="{step} of {goal} is up next: please record your progress.",
            ),
        ),
        _K.STEP_OVERDUE: Wording(
            Group.OVERDUE,
            Text(
                ja="{goal}の{step}が期日を過ぎました。できたところまでを記録し、必要に応じて見直しを相談してください。",
                en="{step} of {goal} has passed its date: please record what is done so far; a review can be asked for.",
            ),
        ),
        _K.REVIEW_OPENED: Wording(
            Group.WAITS,
            Text(
                ja="{goal}の見直しが始まりました。できたことと、その理由をふりかえりに記入してください。",
                en="The review of {goal} has opened: please write what went well, and why.",
            ),
        ),
        _K.VERDICT_REQUESTED: Wording(
            Group.WAITS,
            Text(
                ja="{goal}のふりかえりが提出されました。内容を確認し、判定してください。",
                en="The self-review of {goal} is in: please read it and give your verdict.",
            ),
        ),
        _K.REVIEW_REMINDER: Wording(
            Group.WAITS,
            Text(
                ja="{goal}の見直しが対応を待っています。内容を確認し、見直しを進めてください。",
                en="The review of {goal} is waiting: please have a look and take it further.",
            ),
        ),
        _K.VERDICT_GIVEN: Wording(
            Group.DECIDED,
            Text(
                ja="{goal}の見直しで「{verdict}」と判定されました。おつかれさまでした。",
                en="The review of {goal} ended with “{verdict}”. Thank you for your work.",
            ),
        ),
        _K.GOAL_RESET: Wording(
            Group.WAITS,
            Text(
                ja="{goal}は{revision}に改められました。これまでの得点は残ります。内容を記入し、提出してください。",
                en="{goal} starts afresh as {revision}; points earned so far stay. Please fill it in and submit it.",
            ),
        ),
        _K.ESCALATED: Wording(
            Group.OVERDUE,
            Text(
                ja="{goal}への対応が期限を過ぎたため、あなたにも共有されました。状況を確認し、対応を進めてください。",
                en="{goal} is past its due date and is now shared with you: please see how it can go on.",
            ),
        ),
        _K.ESCALATION_TOLD: Wording(
            Group.OVERDUE,
            Text(
                ja="{goal}への対応が期限を過ぎたため、ほかの方にも共有されました。引き続き対応を進めてください。",
                en="{goal} is past its due date and was shared with one more person: please take it further.",
            ),
        ),
        _K.GOAL_CLOSED: Wording(
            Group.DECIDED,
            Text(
                ja="{goal}が完了しました。おつかれさまでした。",
                en="{goal} is complete. Thank you for your work.",
            ),
        ),
        _K.GOAL_LAPSED: Wording(
            Group.DECIDED,
            Text(
                ja="{goal}はサイクルの終わりとともに締め切られました。次のサイクルでも、ぜひ取り組んでください。",
                en="{goal} came to its end with the cycle. The next cycle is a good time to take it up.",
            ),
        ),
        _K.WITHDRAWN: Wording(
            Group.TO_KNOW,
            Text(
                ja="{goal}が取り下げられました。ご対応は不要になりました。",
                en="{goal} was withdrawn: nothing is asked of you any more.",
            ),
        ),
        _K.COMMENTED: Wording(
            Group.TO_KNOW,
            Text(
                ja="{goal}に{actor}からコメントが寄せられました。",
                en="{goal} has a comment by {actor}.",
            ),
        ),
        _K.REASSIGNED: Wording(
            Group.TO_KNOW,
            Text(
                ja="{goal}の担当者が変更されました。今の担当者を確認してください。",
                en="{goal} has moved to other hands: please see who has it now.",
            ),
        ),
        _K.DELEGATED: Wording(
            Group.TO_KNOW,
            Text(
                ja="{goal}への対応に代理が指名されました。期間と内容を確認してください。",
                en="For {goal}, somebody was named to act on another’s behalf: please see for whom and how long.",
            ),
        ),
        _K.PAUSED: Wording(
            Group.TO_KNOW,
            Text(
                ja="{goal}が一時停止されました。再開までお待ちください。",
                en="{goal} is paused: nothing is asked of you until it goes on.",
            ),
        ),
        _K.RESUMED: Wording(
            Group.TO_KNOW,
            Text(
                ja="{goal}が再開されました。新しい期限を確認してください。",
                en="{goal} goes on: please note the new due date.",
            ),
        ),
        _K.EXTENDED: Wording(
            Group.TO_KNOW,
            Text(
                ja="{goal}の期限が延長されました。新しい期限を確認してください。",
                en="{goal} has more time: please note the new due date.",
            ),
        ),
        _K.REOPENED: Wording(
            Group.TO_KNOW,
            Text(
                ja="完了していた{goal}が、{actor}によりもう一度開かれました。続きを進めてください。",
                en="{goal}, which was complete, was opened again by {actor}: please take it further.",
            ),
        ),
        _K.SIGN_OFF_REFUSED: Wording(
            Group.TO_KNOW,
            Text(
                ja="{goal}について、ほかのシステムから届いた承認は適用されませんでした。内容を確認してください。",
                en="For {goal}, a sign-off sent by another system was not applied: please have a look.",
            ),
        ),
        _K.POLICY_AMENDED: Wording(
            Group.TO_KNOW,
            Text(
                ja="{goal}のルールが改定されました。内容を確認してください。",
                en="The rules for {goal} were amended: please have a look.",
            ),
        ),
    }
)

# A kind that a newer release queued and this one does not know is still told.
UNKNOWN = Wording(Group.TO_KNOW, Text(ja="{goal}についてお知らせがあります。", en="There is news about {goal}."))

MISSING: Mapping[str, Text] = MappingProxyType(
    {
        "actor": Text(ja="担当者", en="the person in charge"),
        "step": Text(ja="次のステップ", en="the next step"),
        "verdict": Text(ja="判定済み", en="a verdict"),
        "revision": Text(ja="新しい版", en="a new revision"),
    }
)

# The due date in their facts is that of somebody else's task, or nobody's.
UNDATED = frozenset(
    {_K.STAGE_APPROVED, _K.COMMENTED, _K.PAUSED, _K.DELEGATED, _K.POLICY_AMENDED, _K.RECALLED, _K.WITHDRAWN}
)
# These tell how the goal stands; elsewhere a score of nothing yet would only dishearten.
WITH_RESULT = frozenset({_K.VERDICT_GIVEN, _K.GOAL_RESET, _K.GOAL_CLOSED, _K.GOAL_LAPSED})

# Verdicts and outcomes as people read them; one word has one translation wherever it stands.
WORDS: Mapping[str, Text] = MappingProxyType(
    {
        "continue": Text(ja="継続", en="continue"),
        "achieved": Text(ja="達成", en="achieved"),
        "unrealistic": Text(ja="目標を見直し", en="unrealistic"),
        "settled": Text(ja="評価確定", en="settled"),
        "withdrawn": Text(ja="取り下げ", en="withdrawn"),
        "lapsed": Text(ja="期間終了", en="lapsed"),
    }
)
