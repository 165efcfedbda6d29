"""Recorded histories as files, each with the end of its run according to the ledger in PostgreSQL."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from temporalio.client import WorkflowHistory

HISTORIES = Path(__file__).parent / "histories"


class Recording(NamedTuple):
    """A run of a workflow. `ends` are the values that every replay must end with."""

    scenario: str
    run: int
    workflow_id: str
    ends: dict[str, Any]
    history: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.scenario}.{self.run}"

    def as_history(self) -> WorkflowHistory:
        return WorkflowHistory.from_json(self.workflow_id, self.history)

    def answers(self) -> list[Any]:
        """The answers and refusals of the run's updates, and its result if it has one, in their order."""
        found = []
        for event in self.history["events"]:
            for attributes, path in _ANSWERS.items():
                if attributes in event:
                    found.append(_answer(event[attributes], path))
        return found

    def write(self) -> None:
        """Writes a compressed file, with the same bytes for the same content."""
        HISTORIES.mkdir(exist_ok=True)
        text = json.dumps(_without_traces(self._asdict()), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        (HISTORIES / f"{self.name}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def _answer(attributes: dict[str, Any], path: tuple[str | int, ...]) -> Any:
    if refused := attributes.get("outcome", {}).get("failure"):
        return {"refused": refused["applicationFailureInfo"]["type"]}
    found: Any = attributes
    for key in path:
        found = found[key]
    return _plain(found)


_ANSWERS: dict[str, tuple[str | int, ...]] = {
    "workflowExecutionUpdateCompletedEventAttributes": ("outcome", "success", "payloads", 0),
    "workflowExecutionCompletedEventAttributes": ("result", "payloads", 0),
}


def _without_traces(value: Any) -> Any:
    """The history without stack traces: they contain folders of the machine that recorded it, and a replay does not need them."""
    if isinstance(value, dict):
        return {key: _without_traces(one) for key, one in value.items() if key != "stackTrace"}
    return [_without_traces(one) for one in value] if isinstance(value, list) else value


def _plain(payload: dict[str, Any]) -> Any:
    from base64 import b64decode

    return json.loads(b64decode(payload["data"])) if "data" in payload else None


def read_all() -> Iterator[Recording]:
    """All recordings."""
    for path in sorted(HISTORIES.glob("*.json.gz")):
        yield Recording(**json.loads(gzip.decompress(path.read_bytes())))
