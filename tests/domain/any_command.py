"""Hypothesis strategies for commands of every kind, from any actor, for any principal."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from domain.goal.commands import COMMANDS, Command
from domain.goal.goal import Delegation
from domain.policy.policy import DEFAULT_LADDERS, Ladder, Leavers
from tests.domain.builders import (
    BERLIN,
    DEPUTY,
    DIRECTOR,
    HR,
    HR_TOO,
    MANAGER,
    NUMBERS,
    OWNER,
    PICTURE,
    STRANGER,
    content,
    fresh_id,
    policy,
)

PATIENT = {kind: Ladder(due_in=one.due_in + 3, rungs=one.rungs) for kind, one in DEFAULT_LADDERS.items()}
PEOPLE = st.sampled_from([OWNER, MANAGER, DIRECTOR, HR, HR_TOO, STRANGER, DEPUTY])
NAMES = st.sampled_from([None, None, None, OWNER, MANAGER, STRANGER])
DATES = st.dates(date(2026, 9, 28), date(2027, 1, 8))
_ALWAYS: dict[str, Any] = {}
_STAGE_RULES = st.sampled_from(  # all stages of up to four; some that only some goals need
    [
        *({"approval_stages": stages} for stages in range(1, 5)),
        {"approval_stages": 2, "stages": (_ALWAYS, {"weight_over": 50})},
        {"approval_stages": 3, "stages": ({"measure": "qualitative"}, _ALWAYS, {"target_over": 5})},
    ]
)
POLICIES = st.builds(
    lambda stages, **rules: policy(**stages, **rules),
    _STAGE_RULES,
    self_review=st.booleans(),
    max_bonus=st.sampled_from([0, 20]),
    weighted=st.booleans(),
    attainment_cap=st.sampled_from(["1", "1.5"]),
    reviews=st.sampled_from([(), (date(2026, 11, 3),), (date(2026, 10, 30), date(2026, 11, 30))]),
    sites=st.sampled_from([{}, {"berlin": BERLIN}]),
    ladders=st.sampled_from([DEFAULT_LADDERS, PATIENT]),
    leavers=st.sampled_from(Leavers),
)
JOINT = st.sampled_from(  # chains of people who must all agree, also of the same person, of HR, and of nobody
    [
        (),
        (),
        (((MANAGER, DIRECTOR), (STRANGER, DEPUTY)),),
        (((STRANGER, DIRECTOR), (DEPUTY, DIRECTOR)), ((STRANGER,), (HR,), ())),
        ((), ((MANAGER,), (DEPUTY,))),
    ]
)
LINES = st.sampled_from([(), (MANAGER,), (MANAGER, DIRECTOR), (HR, MANAGER), (DIRECTOR, STRANGER, DEPUTY)])
STAGES = st.sampled_from(  # chains of evaluators: other people, the same twice, HR, a stage that follows the line
    [
        (),
        (),
        ((DIRECTOR,),),
        ((STRANGER, DEPUTY), (DIRECTOR,)),
        ((), (DEPUTY, DIRECTOR)),
        ((STRANGER,), (STRANGER,), (HR,)),
    ]
)
REVIEWERS = st.sampled_from([(), (), (DIRECTOR,), (STRANGER, DEPUTY), (HR,)])
SITES = st.sampled_from([{}, {OWNER: "berlin"}, {MANAGER: "berlin", OWNER: "nowhere"}])
DELEGATIONS = st.lists(st.builds(Delegation, delegator=PEOPLE, to=PEOPLE, first=DATES, last=DATES), max_size=2)
CLOSES = st.none() | st.dates(date(2026, 12, 20), date(2027, 2, 28))
WEIGHTS = st.integers(1, 100) | st.decimals("0.01", 100, places=2)
SHARINGS: tuple[Any, ...] = (  # managers, evaluators and HR too
    None,
    ({"person": STRANGER, "share": 30},),
    ({"person": MANAGER, "share": 33}, {"person": STRANGER, "share": 33}),
    ({"person": DIRECTOR, "share": 1}, {"person": HR, "share": 49}, {"person": DEPUTY, "share": 49}),
)
CONTENTS = st.builds(
    content,
    measure=st.sampled_from([NUMBERS, PICTURE, None]),
    weight=WEIGHTS,
    theme=st.sampled_from("ab"),
    contributors=st.sampled_from(SHARINGS),
)
SEQS = st.integers(1, 12)
FIELDS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "revise": st.fixed_dictionaries({"content": CONTENTS}),
    "submit": st.fixed_dictionaries({"content": st.none() | CONTENTS}),
    "recall": st.just({}),
    "approve": st.fixed_dictionaries({"expected_seq": SEQS}),
    "return_for_changes": st.fixed_dictionaries({"comment": st.just("直す"), "expected_seq": st.none() | SEQS}),
    "report_progress": st.fixed_dictionaries({"value": st.none() | st.integers(0, 12)})
    | st.fixed_dictionaries({"met": st.lists(st.integers(0, 5), max_size=4)}),
    "complete_step": st.fixed_dictionaries({"step": st.integers(0, 3)}),
    "undo_report": st.fixed_dictionaries({"step": st.none() | st.integers(0, 3), "reason": st.just("押し間違い")}),
    "end_delegation": st.fixed_dictionaries({"delegator": PEOPLE, "to": PEOPLE}),
    "call_review": st.just({"reason": "相談"}),
    "submit_self_review": st.fixed_dictionaries(
        {"went_well": st.just("順調"), "cause_kinds": st.sampled_from([None, [], ["time"], ["月"]])}
    ),
    "decide_review": st.fixed_dictionaries(
        {
            "verdict": st.sampled_from(["continue", "achieved", "unrealistic"]),
            "then": st.sampled_from([None, "continue", "reset", "close"]),
            "expected_seq": SEQS,
            "bonus": st.sampled_from([0, 5, 30]),
            "comment": st.sampled_from([None, "確認"]),
            "new_weight": st.sampled_from([None, 30, "33.3"]),
            "new_target": st.sampled_from([None, "5"]),
            "praise": st.sampled_from([None, "よく進んだ"]),
        }
    ),
    "withdraw": st.just({"reason": "異動"}),
    "comment": st.just({"text": "了解"}),
    "reassign": st.fixed_dictionaries(
        {
            "assignees": st.lists(PEOPLE, min_size=1, max_size=3),
            "expected_seq": st.none() | SEQS,
            "reason": st.just("休職"),
        }
    )
    | st.fixed_dictionaries({"person": PEOPLE, "to": PEOPLE, "reason": st.just("休職")}),
    "delegate": st.fixed_dictionaries({"delegator": PEOPLE, "to": PEOPLE, "first": DATES, "last": DATES}),
    "extend": st.fixed_dictionaries({"due": DATES, "closes": CLOSES, "reason": st.just("繁忙")}),
    "pause": st.just({"reason": "休職"}),
    "resume": st.just({}),
    "reopen": st.fixed_dictionaries({"reason": st.just("訂正"), "closes": CLOSES}),
    "close": st.sampled_from([{}, {"achieved": True}, {"cancelled": True}]).map(lambda how: {"reason": "終了"} | how),
    "amend_policy": st.fixed_dictionaries(
        {
            "policy": POLICIES,
            "rules": st.sampled_from([None, ["max_bonus"], ["closes", "reviews"]]),
            "reason": st.just("改定"),
        }
    ),
    "adjust": st.fixed_dictionaries({"points": st.sampled_from(["0", "2.5", "-3"]), "reason": st.just("調整")}),
    "note_repair": st.just({"how": ("ledger_filled",), "expected_seq": 1}),
    "mark_exemplar": st.just({"reason": "手本"}),
    "erase_texts": st.fixed_dictionaries(
        {"entries": st.lists(st.integers(1, 12), min_size=1, max_size=3), "reason": st.just("本人の請求")}
    ),
    "change_line": st.fixed_dictionaries(
        {
            "line": LINES,
            "stages": STAGES,
            "away": st.booleans(),
            "leaves": st.none() | DATES,
            "gone": st.sampled_from([False, False, True]),
            "reviewers": REVIEWERS,
            "joint": JOINT,
            "department": st.sampled_from(["経理", "総務"]),
            "sites": SITES,
            "replaced": st.sampled_from([{}, {STRANGER: DEPUTY}, {MANAGER: DIRECTOR}]),
            "left": st.sampled_from([(), (), (STRANGER,), (MANAGER, DEPUTY)]),
            "delegations": DELEGATIONS,
            "settle": st.booleans(),
            "new_weight": st.none() | WEIGHTS,
            "reason": st.just("組織変更"),
        }
    ),
}


@st.composite
def any_command(draw: st.DrawFn) -> Command:
    """A command of any kind, from any actor, for any principal, on any version: most of these are refused."""
    name = draw(st.sampled_from(sorted(COMMANDS)))
    fields = {"id": fresh_id(), "actor": draw(PEOPLE), "acting_for": draw(NAMES)} | draw(FIELDS[name])
    return COMMANDS[name].model_validate(fields)
