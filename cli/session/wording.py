"""The words of the screens: what states, tasks, outcomes and events are called, and how moments and people are written."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from domain.goal.goal import Outcome
from domain.lifecycle import EventKind, State
from domain.policy.policy import TaskKind
from domain.values import Locale
from texts.words import reason_text, word

_FACT = 60  # characters of one fact

TASKS: dict[TaskKind, str] = {
    TaskKind.DRAFT: "下書きの提出",
    TaskKind.APPROVAL: "承認",
    TaskKind.STEP: "次のステップ",
    TaskKind.SELF_REVIEW: "自己評価",
    TaskKind.VERDICT: "見直しの判定",
}
OUTCOMES: dict[Outcome, str] = {
    Outcome.ACHIEVED: "達成",
    Outcome.UNREALISTIC: "目標を見直し",
    Outcome.SETTLED: "評価確定",
    Outcome.WITHDRAWN: "取り下げ",
    Outcome.LAPSED: "期間終了",
    Outcome.REMOVED: "退職・対象外",
    Outcome.CANCELLED: "取り止め",
}
EVENTS: dict[EventKind, str] = {
    EventKind.CREATED: "作成",
    EventKind.REVISED: "改訂",
    EventKind.SUBMITTED: "提出",
    EventKind.RECALLED: "取り戻し",
    EventKind.STAGE_APPROVED: "段階承認",
    EventKind.APPROVED: "承認",
    EventKind.RETURNED: "差し戻し",
    EventKind.PROGRESS_REPORTED: "進捗報告",
    EventKind.STEP_COMPLETED: "ステップ完了",
    EventKind.REVIEW_OPENED: "見直し開始",
    EventKind.SELF_REVIEWED: "自己評価",
    EventKind.CONTINUED: "継続",
    EventKind.RESET: "再設定",
    EventKind.CLOSED: "完了",
    EventKind.REOPENED: "完了の取り消し",
    EventKind.WITHDRAWN: "取り下げ",
    EventKind.LAPSED: "期間終了",
    EventKind.REMINDED: "督促",
    EventKind.ESCALATED: "エスカレーション",
    EventKind.REASSIGNED: "担当変更",
    EventKind.DELEGATED: "代理設定",
    EventKind.EXTENDED: "期限変更",
    EventKind.PAUSED: "一時停止",
    EventKind.RESUMED: "一時停止の解除",
    EventKind.COMMENTED: "コメント",
    EventKind.POLICY_AMENDED: "ルール変更",
    EventKind.SIGN_OFF_REFUSED: "外部承認の却下",
    EventKind.LINE_CHANGED: "組織変更",
    EventKind.MOVED: "異動による確定",
    EventKind.ADJUSTED: "甘辛調整",
    EventKind.EXEMPLAR_MARKED: "事例に選定",
}
# What an event says beside its kind: the fields of its body.
FACTS: dict[str, str] = {
    "advice": "助言", "assignees": "担当", "attained": "達成度", "banked": "確定点", "before": "変更前", "bonus": "加点",
    "business_days": "営業日数", "causes": "原因", "climbed": "上った段数", "code": "コード", "comment": "コメント",
    "delegation": "代理", "delegator": "本人", "due": "期日", "evidence": "根拠", "fields": "変更項目", "first": "初日",
    "joined": "追加", "cause_kinds": "原因の種類", "praise": "評価できる点", "progress": "進み具合", "last": "最終日", "late": "遅延", "met": "満たした基準", "outcome": "結果",
    "points": "点", "proposed": "提案", "reason": "理由", "rung": "督促の段", "saw": "確認した番号", "scheduled": "予定日",
    "score": "得点", "stage": "承認段階", "state": "状態", "step": "ステップ", "text": "本文", "to": "代理人",
    "removed": "退職・対象外", "closes": "締め日", "copied": "写し", "delegations": "代理の期間", "line": "上長", "department": "部署", "sites": "勤務地", "slot": "通知の順番", "to_hr": "人事へ", "to_improve": "改善点", "value": "値", "verdict": "判定", "went_well": "良かった点",
}  # fmt: skip
# Left out of the facts: too long for a line, or said elsewhere on the screen.
UNSAID = frozenset({"kind", "content", "policy", "line", "cycle", "owner", "department"})
CYCLE_STATES: dict[str, str] = {"launching": "開始処理中", "open": "実施中", "closed": "終了", "cancelled": "取り止め"}
RESULTS: dict[str, str] = {
    "waiting": "待機中", "written": "作成済み", "started": "開始済み", "failed": "失敗", "removed": "対象外",
    "done": "完了", "skipped": "対象外・変更なし", "refused": "拒否",
}  # fmt: skip
INSTRUCTIONS: dict[str, str] = {
    "extend": "期限の変更", "pause": "一時停止", "resume": "再開", "amend": "ルール変更", "add": "追加", "remove": "除外",
    "cancel": "取り止め", "reopen": "終了の取り消し", "close": "終了", "reassign": "担当替え", "delegate": "代理", "sync": "組織変更",
}  # fmt: skip
# Why there was nothing to do at a goal.
SKIPPED: dict[str, tuple[str, str]] = {
    "closed": ("完了している", "closed"),
    "not_closed": ("完了していない", "not closed"),
    "not_paused": ("一時停止していない", "not paused"),
    "paused": ("すでに一時停止中", "paused already"),
    "no_task": ("対応待ちがない", "waits for nobody"),
    "other_task": ("別の対応を待っている", "waits for something else"),
    "unconcerned": ("関係しない", "not concerned"),
    "unchanged": ("変わらない", "nothing changes"),
    "owner": ("目標の本人にあたる", "it would be the goal's owner"),
    "unknown": ("目標がない", "no such goal"),
    "not_started": (
        "まだ開始されていない。`meguri cycle retry` の後にもう一度指示する",
        "it was not started: `meguri cycle retry`, then ask again",
    ),
    "cycle_ended": ("その前にサイクルが終わった", "the cycle ended before"),
}


def state_name(state: str, locale: Locale) -> str:
    """In English the word that `--state` takes."""
    return word("state", State(state), locale) if locale is Locale.JA else state


def task_name(task: str, locale: Locale) -> str:
    return TASKS[TaskKind(task)] if locale is Locale.JA else task.replace("_", " ")


def outcome_name(outcome: str, locale: Locale) -> str:
    return OUTCOMES[Outcome(outcome)] if locale is Locale.JA else outcome


def event_name(kind: str, locale: Locale) -> str:
    return EVENTS[EventKind(kind)] if locale is Locale.JA else kind.replace("_", " ")


def facts(body: Mapping[str, Any], locale: Locale) -> str:
    """What an event says beside its kind, in one line, each fact shortened."""

    def named(name: str) -> str:
        return FACTS.get(name, name) if locale is Locale.JA else name.replace("_", " ")

    def said(value: Any) -> str:
        if isinstance(value, dict):
            return " ".join(f"{named(name)} {said(one)}" for name, one in value.items())
        return ", ".join(said(one) for one in value) if isinstance(value, list) else reason_text(str(value), locale)

    unsaid = UNSAID if body.get("kind") != EventKind.LINE_CHANGED else UNSAID - {"line", "department"}
    told = {name: said(value) for name, value in body.items() if name not in unsaid and value not in (None, [], {}, "")}
    return "; ".join(f"{named(name)} {visible(value, _FACT)}" for name, value in told.items())


def cycle_state(state: str, locale: Locale) -> str:
    return CYCLE_STATES[state] if locale is Locale.JA else state


def result_name(result: str, locale: Locale) -> str:
    return RESULTS[result] if locale is Locale.JA else result


def instruction_name(kind: str, locale: Locale) -> str:
    return INSTRUCTIONS[kind] if locale is Locale.JA else kind


def local(moment: datetime, zone: str) -> str:
    """To the minute, as the site's clocks show it."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f} %"


def person(employee: str, names: Mapping[str, str]) -> str:
    """The id, which commands take, behind the name."""
    name = names.get(employee)
    return f"{visible(name)} ({employee})" if name else employee


def visible(text: str, longest: int | None = None) -> str:
    """What a person wrote, as one line that cannot steer the terminal: control and direction signs become spaces."""
    shown = " ".join("".join(" " if unicodedata.category(c) in ("Cc", "Cf") else c for c in text).split())
    return shown if longest is None or len(shown) <= longest else shown[: longest - 1] + "…"
