"""Examples of bodies, for the OpenAPI document: what a company of the samples would send, by the operation's name."""

from collections.abc import Mapping
from typing import Any

_CONTENT = {
    "theme": "月次決算の早期化",
    "challenge": "請求書の回収が月初に集中し、月次決算の確定が遅れている",
    "heard": ["営業部", "購買課"],
    "aligned_to": "経理部: 決算を早く正しく",
    "measure": {
        "kind": "numeric",
        "name": "月次決算を確定するまでの平均日数",
        "unit": "日",
        "direction": "down",
        "baseline": 10,
        "target": 7,
    },
    "steps": [
        {"title": "遅れの原因を三つ挙げる", "due": "2026-12-11"},
        {"title": "電子受領を五社で始める", "due": "2027-01-22"},
    ],
    "weight": 40,
}
_WHY = {"reason": "組織変更のため"}

BODIES: Mapping[str, Any] = {
    "revise": {"content": _CONTENT},
    "submit": {"content": _CONTENT},
    "recall": {},
    "approve": {"comment": "目標値の根拠が明確です。進めてください。"},
    "return_for_changes": {"comment": "目標値の根拠を書き足してください。"},
    "report_progress": {"value": "8.5", "evidence": "12月の実績"},
    "complete_step": {"step": 0, "evidence": "原因の一覧を部内に共有した"},
    "undo_report": {"step": 0, "reason": "別の目標の報告だったため"},
    "call_review": {"reason": "前提が変わったため、早めに振り返りたい"},
    "submit_self_review": {
        "went_well": "電子受領に三社が応じた",
        "causes": "二社は社内規程の改定を待っている",
        "to_improve": "規程の改定前に運用案を渡す",
        "proposed": "continue",
    },
    "decide_review": {"verdict": "continue", "comment": "次回までに残り二社を進めてください。", "bonus": 0},
    "withdraw": {"reason": "部門の方針が変わったため"},
    "comment": {"text": "購買課と来週打ち合わせます。"},
    "reassign": {"person": "M0005", "to": "M0007", "reason": "長期出張のため"},
    "extend": {"due": "2027-01-29", "reason": "棚卸と重なるため"},
    "pause": _WHY,
    "resume": _WHY,
    "reopen": {"reason": "評価の入力に誤りがあったため", "closes": "2027-04-09"},
    "close": {"reason": "事業を移管したため", "cancelled": True},
    "adjust": {"points": "-2.5", "reason": "部門間の水準をそろえるため"},
    "mark_exemplar": {"reason": "指標と手順が具体的で、他部署の手本になるため"},
    "make_hook": {"url": "https://personnel.example.com/meguri", "kinds": ["approved", "closed"]},
    "change_hook": {"paused": True},
    "rotate_hook": {"generation": 1},
    "give_instruction": {
        "kind": "extend",
        "selection": {"departments": ["経理部"]},
        "task": "approval",
        "due": "2027-01-29",
        "reason": "決算期と重なるため",
    },
    "add_problem": {"text": "請求書が月初に集中し、確認が間に合わない", "department": "経理部"},
    "give_commands": {
        "commands": [
            {
                "goal": "2026-q4/M0031/1",
                "command": "approve",
                "seen": 5,
                "key": "morning-1",
                "body": {"comment": "進めてください。"},
            }
        ]
    },
    "begin_goal": {"owner": "M0031"},
    "check_handover": {"to": "M0032", "reason": "異動のため"},
    "hand_over": {"to": "M0032", "reason": "異動のため"},
    "check_goal": {"content": _CONTENT},
    "check_instruction": {"kind": "pause", "selection": {"departments": ["経理部"]}, **_WHY},
    "end_instruction": _WHY,
    "erase_texts": {"entries": [4], "reason": "本人の申し出による"},
    "erase_texts_in_journal": {"log": "hearings", "entries": [12], "reason": "本人の申し出による"},
    "correct_problem": {"text": "請求書が月末に集中し、確認が間に合わない"},
    "take_back_problem": {"reason": "同じ声が既にあるため"},
    "take_over_lesson": {"lesson": "2026-q3/M0031/1", "earlier": "2026-q3"},
    "delegate": {"to": "M0007", "first": "2026-12-21", "last": "2027-01-08", "reason": "長期休暇のため"},
    "end_delegation": {"to": "M0007", "reason": "予定より早く復帰したため"},
    "choose_preferences": {"channel": "mail", "digest_at": "09:00"},
    "choose_preferences_of": {"digest_at": "09:00"},
    "retry_notices": {"cycle": "2026-q4"},
    "keep_unsent": {"fields": {"theme": "月次決算の早期化", "steps.title": ["原因を三つ挙げる", ""]}, "seen": 3},
    "make_token": {"label": "給与システム", "scopes": ["read"], "days": 90},
    "make_account": {"name": "hr-sync", "purpose": "人事システムとの連携", "owner": "M0006"},
    "answer_for_account": {"owner": "M0007"},
    "make_account_token": {"label": "夜間の連携", "scopes": ["read", "people"], "days": 90},
}
