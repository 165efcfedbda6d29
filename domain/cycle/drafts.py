"""Drafts of a cycle file that name an entry of the catalogue: what the file leaves out is filled in from the entry."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from domain.findings import Finding, refuse_with
from domain.refusals import Refusal
from domain.values import SILENT, Day, Locale
from domain.writing.catalog import draft, find

_DAY: TypeAdapter[date] = TypeAdapter(Day, config=SILENT)

_OF_SECTION = frozenset({"department", "catalog"})  # not of the content


def fill_from_catalog(tree: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """The file's tree with its drafts filled in, and what is wrong with the entries that they name.

    What does not have the shape of a draft is left as it is: the file's own check says so.
    """
    filled, findings = [], []
    drafts = tree.get("drafts")
    starts, ends = (_dated(tree, name) for name in ("starts", "ends"))
    if not isinstance(drafts, list) or starts is None or ends is None:
        return dict(tree), ()
    for n, section in enumerate(drafts):
        if not isinstance(section, Mapping) or not _is_filled(section):
            filled.append(section)
            continue
        try:
            filled.append(_filled(section, starts, ends))
        except Refusal as refusal:
            findings.append(refuse_with(refusal.code, f"drafts[{n}].catalog", refusal.message))
    return {**tree, "drafts": filled}, tuple(findings)


def _is_filled(section: Mapping[str, Any]) -> bool:
    named = section.get("catalog")
    return isinstance(named, str) or (named is None and "en" in section)


def _dated(tree: Mapping[str, Any], name: str) -> date | None:
    cycle = tree.get("cycle")
    found = cycle.get(name) if isinstance(cycle, Mapping) else None
    try:
        return _DAY.validate_python(found, strict=True)
    except ValidationError:
        return None


def _filled(section: Mapping[str, Any], starts: date, ends: date) -> dict[str, Any]:
    """The section may give a part of the measure alone, such as another baseline; the rest comes from the catalogue."""
    own = {name: value for name, value in section.items() if name != "en"}
    in_english = section.get("en", {})
    if not isinstance(in_english, Mapping):
        return dict(section)
    shared = {name: value for name, value in own.items() if name not in _OF_SECTION}
    contents = [_content(section, locale, starts, ends) for locale in (Locale.JA, Locale.EN)]
    return {**_over(contents[0], own), "en": _over(_over(contents[1], shared), in_english)}


def _content(section: Mapping[str, Any], locale: Locale, starts: date, ends: date) -> dict[str, Any]:
    if "catalog" not in section:
        return {}
    return draft(find(section["catalog"]), locale, starts, ends).model_dump(exclude_none=True)


def _over(content: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """`content` with these fields instead of its own; a measure without a kind is a part of one."""
    measure = fields.get("measure")
    if isinstance(measure, Mapping) and "kind" not in measure:
        fields = {**fields, "measure": {**(content.get("measure") or {}), **measure}}
    return {**content, **fields}
