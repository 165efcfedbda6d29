"""Every way in which the rules say no: a code for programs, fields for details, a sentence for people in both languages."""

from enum import StrEnum

from domain.lifecycle import State
from domain.values import Locale, Text


class Code(StrEnum):
    NOT_ALLOWED = "not_allowed"
    SELF_APPROVAL = "self_approval"
    WRONG_STATE = "wrong_state"
    GOAL_CHANGED = "goal_changed"
    PAUSED = "paused"
    NOT_PAUSED = "not_paused"
    NOT_READY = "not_ready"
    NO_SUCH_STEP = "no_such_step"
    STEP_ALREADY_DONE = "step_already_done"
    WRONG_MEASURE = "wrong_measure"
    SELF_REVIEW_FIRST = "self_review_first"
    VERDICT_CONTRADICTS = "verdict_contradicts"
    COMMENT_REQUIRED = "comment_required"
    BONUS_TOO_HIGH = "bonus_too_high"
    DATE_OUTSIDE = "date_outside"
    NO_TASK = "no_task"
    OWNERS_TASK = "owners_task"
    CYCLE_OVER = "cycle_over"
    DELEGATION = "delegation"
    NOT_DELEGATED = "not_delegated"
    INVALID = "invalid"
    UNKNOWN_GOAL = "unknown_goal"
    UNKNOWN_CYCLE = "unknown_cycle"
    CYCLE_BUSY = "cycle_busy"
    CYCLE_STATE = "cycle_state"
    NO_OPEN_CYCLE = "no_open_cycle"
    NOT_IN_CYCLE = "not_in_cycle"
    SELECTION_EMPTY = "selection_empty"
    UNKNOWN_INSTRUCTION = "unknown_instruction"
    INSTRUCTION_TAKEN = "instruction_taken"
    SYNC_RUNNING = "sync_running"
    DIRECTORY_CHANGED = "directory_changed"
    UNKNOWN_COMMAND = "unknown_command"
    UNKNOWN_CAUSE = "unknown_cause"
    ADJUSTMENT_DOWN = "adjustment_down"
    NOT_WORKED_ON = "not_worked_on"
    TOO_MUCH_WEIGHT = "too_much_weight"
    TOO_MANY_GOALS = "too_many_goals"
    UNKNOWN_PARENT = "unknown_parent"
    CIRCLE = "circle"
    UNKNOWN_PROBLEM = "unknown_problem"
    UNKNOWN_ENTRY = "unknown_entry"
    UNKNOWN_CATALOG_DEPARTMENT = "unknown_catalog_department"
    UNKNOWN_EXEMPLAR = "unknown_exemplar"


_SAYS: dict[Code, Text] = {
    Code.NOT_ALLOWED: Text(
        ja="{actor} さんはこの操作を行えません。行えるのは {allowed} です。",
        en="{actor} may not do this; {allowed} may",
    ),
    Code.SELF_APPROVAL: Text(
        ja="自分の目標を自分で承認・判定することはできません。承認者に依頼してください。",
        en="nobody approves or reviews a goal of their own; leave it to the approver",
    ),
    Code.WRONG_STATE: Text(
        ja="目標は「{state}」のため、この操作はできません。できるのは「{possible}」のときです。",
        en="the goal is {state_en}; this can be done while it is {possible_en}",
    ),
    Code.GOAL_CHANGED: Text(
        ja="ご覧になった内容(番号 {expected_seq})の後に目標が変わりました: {changes}。最新の内容(番号 {seq})を確認してから、もう一度操作してください。",
        en="the goal changed after what you saw (number {expected_seq}): {changes}; look at it as it is now (number {seq}), then decide again",
    ),
    Code.PAUSED: Text(
        ja="目標は一時停止中です(理由: {reason})。再開されるまで操作できません。",
        en="the goal is paused ({reason}); it can be changed when it is resumed",
    ),
    Code.NOT_PAUSED: Text(ja="目標は一時停止していません。", en="the goal is not paused"),
    Code.NOT_READY: Text(
        ja="まだ提出できません。次の点を直してください: {findings}",
        en="not ready to submit; please mend: {findings_en}",
    ),
    Code.NO_SUCH_STEP: Text(
        ja="ステップ {step} はありません。ステップは 0 から {last} までです。",
        en="there is no step {step}; the steps are 0 to {last}",
    ),
    Code.STEP_ALREADY_DONE: Text(ja="ステップ {step} はすでに完了しています。", en="step {step} is done already"),
    Code.WRONG_MEASURE: Text(
        ja="この目標の指標は {kind} です。{needs} を指定してください。",
        en="this goal's measure is {kind}: give {needs}",
    ),
    Code.SELF_REVIEW_FIRST: Text(
        ja="本人の自己評価がまだ提出されていません。提出を待つか、督促してください。",
        en="the owner's self-review is not there yet; wait for it or ask for it",
    ),
    Code.VERDICT_CONTRADICTS: Text(
        ja="判定「{verdict}」の後に「{then}」はできません。",
        en="a verdict of {verdict} cannot be followed by {then}",
    ),
    Code.COMMENT_REQUIRED: Text(ja="{what}にはコメントが必要です。", en="a comment is needed for {what_en}"),
    Code.BONUS_TOO_HIGH: Text(
        ja="加点は 1 つの版につき {most} 点までです(付与済み {given} 点)。",
        en="bonus points go up to {most} per revision ({given} given already)",
    ),
    Code.DATE_OUTSIDE: Text(
        ja="日付 {day} は使えません。{first} から {last} までの日付を指定してください。",
        en="{day_en} cannot be used; give a date from {first_en} to {last_en}",
    ),
    Code.NO_TASK: Text(ja="この目標には対応待ちの作業がありません。", en="this goal waits for nobody now"),
    Code.OWNERS_TASK: Text(
        ja="この作業は目標の本人だけが行えます。担当の変更ではなく、期限の延長や代理を使ってください。",
        en="only the goal's owner can do this task: extend it, or let somebody act for the owner",
    ),
    Code.CYCLE_OVER: Text(
        ja="評価サイクルは {closes} に締め切られています。新しい締め日(--closes)を付けて再開してください。",
        en="the cycle closed on {closes}; reopen with a new last day (--closes)",
    ),
    Code.DELEGATION: Text(ja="代理を設定できません: {why}", en="this delegation is not possible: {why_en}"),
    Code.NOT_DELEGATED: Text(
        ja="{actor} さんは、この日に {acting_for} さんの代理ではありません。",
        en="{actor} does not act for {acting_for} on this day",
    ),
    Code.INVALID: Text(ja="入力に誤りがあります: {problems}", en="the input is not valid: {problems}"),
    Code.UNKNOWN_GOAL: Text(
        ja="目標 {goal} はありません。`meguri goal list` で確認してください。",
        en="there is no goal {goal}; `meguri goal list` shows them",
    ),
    Code.UNKNOWN_CYCLE: Text(
        ja="評価サイクル {cycle} はありません。`meguri cycle status` で確認してください。",
        en="there is no cycle {cycle}; `meguri cycle status` shows them",
    ),
    Code.CYCLE_BUSY: Text(
        ja="評価サイクルは今「{phase}」の段階です。`meguri cycle status` で確認し、終わってからもう一度実行してください。",
        en="the cycle is {phase} now; see `meguri cycle status`, and try again when it is open",
    ),
    Code.CYCLE_STATE: Text(
        ja="評価サイクルは「{state}」です。この指示は「{needed}」のサイクルに出せます。",
        en="the cycle is {state}; this can be asked of one that is {needed}",
    ),
    Code.NO_OPEN_CYCLE: Text(
        ja="実行中の評価サイクルがありません。`meguri cycle status` で確認してください。",
        en="no cycle is open; `meguri cycle status` shows them",
    ),
    Code.NOT_IN_CYCLE: Text(
        ja="対象にできません({kind}): {named}。近い名前: {near}。`meguri cycle status` と `meguri people show` で確認してください。",
        en="not known here ({kind}): {named}; the nearest is {near}; see `meguri cycle status` and `meguri people show`",
    ),
    Code.SELECTION_EMPTY: Text(
        ja="対象を --person か --department で指定してください。",
        en="say whom it is about, by --person or --department",
    ),
    Code.UNKNOWN_INSTRUCTION: Text(
        ja="指示 {instruction} はありません。`meguri instruction` で確認してください。",
        en="there is no instruction {instruction}; `meguri instruction` lists them",
    ),
    Code.INSTRUCTION_TAKEN: Text(
        ja="ID {instruction} は別の内容の指示に使われています。別の ID を付けてください。",
        en="the id {instruction} stands for another instruction; choose another id",
    ),
    Code.SYNC_RUNNING: Text(
        ja="別の組織変更 {instruction} を反映しています。終わってからもう一度実行してください。",
        en="another change of the organisation, {instruction}, is being applied; try again when it is done",
    ),
    Code.DIRECTORY_CHANGED: Text(
        ja="比較した後に社員名簿が変わりました。もう一度比較してください。",
        en="the directory has changed since it was compared: compare again",
    ),
    Code.UNKNOWN_COMMAND: Text(
        ja="操作 {command} はありません。使えるのは {known} です。",
        en="there is no command {command}; there are {known}",
    ),
    Code.UNKNOWN_CAUSE: Text(
        ja="原因「{cause}」は選べません。選べるのは {known} です。",
        en="{cause} is no cause to choose; there are {known}",
    ),
    Code.ADJUSTMENT_DOWN: Text(
        ja="このサイクルでは得点を下げる調整({points} 点)はできません。下げるにはルールの adjust_down が必要です。",
        en="this cycle's rules adjust upward only ({points} points asked); to lower a score they must say adjust_down",
    ),
    Code.NOT_WORKED_ON: Text(
        ja="見倣うべき事例にできるのは、達成した目標か評価が確定した目標だけです。",
        en="only a goal that was achieved or settled can be an example to follow",
    ),
    Code.TOO_MUCH_WEIGHT: Text(
        ja="{owner} さんの実行中の目標のウェイトは合計 {taken} % です。この目標の {weight} % を加えると 100 % を超えます。差し戻して、{left} % 以下にしてください。",
        en="the goals that {owner} is working on weigh {taken} % together; with the {weight} % of this one that is more than 100 %: return it, and give it at most {left} %",
    ),
    Code.TOO_MANY_GOALS: Text(
        ja="{owner} さんが実行中の目標はすでに {taken} 件で、上限は {most} 件です。先にどれかを完了してください。",
        en="{owner} is working on {taken} goals already, and {most} are the limit: close one of them first",
    ),
    Code.UNKNOWN_PARENT: Text(
        ja="上位の目標「{parent}」はこのサイクルにありません。`meguri cycle tree` で確認してください。",
        en="there is no theme or goal {parent} in this cycle for parent; see `meguri cycle tree`",
    ),
    Code.CIRCLE: Text(
        ja="上位の目標がめぐって自分に戻っています: {way}。別の目標を上位に選んでください。",
        en="the goals above lead back to this one: {way}; choose another parent",
    ),
    Code.UNKNOWN_PROBLEM: Text(
        ja="課題 {problem} はこのサイクルにありません。`meguri hearing list` で確認してください。",
        en="no problem {problem} was heard for this cycle; `meguri hearing list` shows them",
    ),
    Code.UNKNOWN_ENTRY: Text(
        ja="カタログに {entry} はありません。近いもの: {near}。`meguri catalog` で確認してください。",
        en="the catalogue has no {entry}; the nearest is {near}; see `meguri catalog`",
    ),
    Code.UNKNOWN_CATALOG_DEPARTMENT: Text(
        ja="カタログに部署「{department}」はありません。あるのは {known} です。",
        en="the catalogue has no department {department}; there are {known}",
    ),
    Code.UNKNOWN_EXEMPLAR: Text(
        ja="事例 {exemplar} はありません。`meguri exemplars` で確認してください。",
        en="there is no example {exemplar}; `meguri exemplars` lists them",
    ),
}

STATE_NAMES: dict[State, Text] = {
    State.DRAFT: Text(ja="下書き", en="a draft"),
    State.PENDING_APPROVAL: Text(ja="承認待ち", en="waiting for approval"),
    State.ACTIVE: Text(ja="実行中", en="active"),
    State.IN_REVIEW: Text(ja="見直し中", en="in review"),
    State.CLOSED: Text(ja="完了", en="closed"),
}


class Refusal(Exception):
    """The rules say no, and nothing changed. Fields are strings or numbers; they travel as JSON."""

    def __init__(self, code: Code, **fields: str | int) -> None:
        self.code = code
        self.fields = fields
        super().__init__(self.text(Locale.EN))

    def text(self, locale: Locale) -> str:
        """The sentence for people, in their language."""
        return _SAYS[self.code].in_(locale).format_map(self.fields)


def wrong_state(state: State, *possible: State) -> Refusal:
    """The command belongs to other states than the goal's."""
    return Refusal(
        Code.WRONG_STATE,
        state=STATE_NAMES[state].ja,
        state_en=STATE_NAMES[state].en,
        possible="」「".join(STATE_NAMES[one].ja for one in possible),
        possible_en=" or ".join(STATE_NAMES[one].en for one in possible),
    )
