"""The keys of `--json`: the same thing has the same key and the same type in every document. docs/json.md lists them.

The documents of the use cases are shaped for their own purpose; here their keys become those of the list. What people and
the rules wrote (contents, bodies of ledger entries, policies) has keys of its own and is printed as it is.
"""

from collections.abc import Mapping
from typing import Any

# Parts with keys of their own.
OPAQUE = frozenset({
    "body", "content", "measure", "asked", "policy", "now", "after_reset", "self_review", "ledger", "causes", "rules", "sites",
    "participants", "goals_by_department", "counts", "score_terms", "imported", "credited", "earned",
})  # fmt: skip

# The id of a thing is called by what the thing is; the list that holds it says which.
_NOUNS = {
    "entries": "entry", "lessons": "lesson", "exemplars": "exemplar", "problems": "problem", "instructions": "instruction",
    "delegations": "delegation", "people": "employee", "manager_line": "employee", "reports": "employee", "named_evaluators": "employee", "person": "employee",
    "roots": "node", "children": "node", "node": "node",
}  # fmt: skip

# Keys whose meaning depends on the type: a number is a count, a list holds the things.
_BY_TYPE: dict[tuple[str, type], str] = {
    ("goals", int): "goal_count", ("goals", dict): "goals_by_department", ("people", int): "people_count",
    ("overdue", int): "overdue_count", ("paused", int): "paused_count", ("active", int): "active_count",
    ("answers", int): "answer_count", ("notices", int): "notice_count", ("entries", int): "entry_count",
    ("waiting", int): "waiting_count", ("reviews", int): "review_count", ("problems", dict): "problem_counts", ("employee", dict): "person",
    ("changed", int): "changed_count", ("exemplar", bool): "is_exemplar", ("name", dict): "names", ("title", dict): "titles",
    ("department", dict): "department_names", ("theme", dict): "themes", ("message", dict): "messages",
    ("failures", int): "failure_count", ("attempts", int): "attempt_count", ("counts", list): "distribution", ("managers", list): "manager_changes",
}  # fmt: skip

_RENAMED = {
    "person": "employee", "calibrated": "final", "attained": "confirmed", "terms": "score_terms", "manager_id": "manager",
    "owner_id": "owner", "cycle_id": "cycle", "goal_id": "goal", "recipient_id": "recipient", "delegator_id": "delegator",
    "to_id": "to",
}  # fmt: skip


def in_vocabulary(value: Any, holder: str = "") -> Any:
    """The JSON value with the keys of the list. `holder` is the key of the list or of the object that holds it."""
    if isinstance(value, list):
        return [in_vocabulary(one, holder) for one in value]
    if isinstance(value, Mapping):
        keyed = ((_key(name, one, holder), one) for name, one in value.items())
        return {name: one if name in OPAQUE else in_vocabulary(one, name) for name, one in keyed}
    return value


def _key(name: str, value: Any, holder: str) -> str:
    if name == "id" and holder in _NOUNS:
        return _NOUNS[holder]
    if name == "name" and holder == "problems":
        return "added_by_name"
    if (by_type := _BY_TYPE.get((name, type(value)))) is not None:
        return by_type
    return name if isinstance(value, dict) and name == "person" else _RENAMED.get(name, name)
