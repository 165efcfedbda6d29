"""Filters: the ones that providers look resources up with become a look-up in the database."""

from typing import Any

from scim2_models.path import CompareOperator, Comparison, LogicalExpr, LogicalOperator

from domain.people.wanted import ResourceKind

# Attributes by which resources are looked up, in lower case, and their columns.
_COLUMNS = {
    ResourceKind.USER: {"id": "id", "externalid": "external_id", "username": "key"},
    ResourceKind.GROUP: {"id": "id", "externalid": "external_id", "displayname": "key"},
}


def narrowed(kind: ResourceKind, node: Any) -> dict[str, str]:
    """Values that columns have in all resources that match; the filter itself is still to be evaluated."""
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_:
        found: dict[str, str] = {}
        for term in node.terms:
            found |= narrowed(kind, term)
        return found
    if not isinstance(node, Comparison) or node.op != CompareOperator.eq or not isinstance(node.value, str):
        return {}
    column = _COLUMNS[kind].get(node.attr_path.attr.lower())
    if column is None or node.attr_path.sub_attr:
        return {}
    return {column: node.value.strip().lower() if column == "key" else node.value}
