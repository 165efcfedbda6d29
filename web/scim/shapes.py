"""Bodies in forms that providers send although RFC 7644 does not have them, put into its form."""

from typing import Any

from scim2_models import InvalidPathException, Path

from domain.people.wanted import ENTERPRISE

_MANAGER = f"{ENTERPRISE}:manager".lower()


def in_scims_form(model: Any, body: dict[str, Any]) -> dict[str, Any]:
    """The same body: a manager as an object also where it is a text, and the only entry of a list in place of the list.

    Microsoft Entra sends both.
    """
    changed = {name: _value(model, name, value) for name, value in body.items()}
    for name, value in body.items():
        if name.lower() == "operations" and isinstance(value, list):
            changed[name] = [_operation(model, one) if isinstance(one, dict) else one for one in value]
    return changed


def _operation(model: Any, one: dict[str, Any]) -> dict[str, Any]:
    path, value = one.get("path"), one.get("value")
    if isinstance(path, str):
        value = _value(model, path, value)
        if path.lower() == _MANAGER and isinstance(value, dict) and not value.get("value"):
            return {"op": "remove", "path": path}
    elif isinstance(value, dict):
        value = {name: _value(model, name, each) for name, each in value.items()}
    return {**one, "value": value} if "value" in one else one


def _value(model: Any, path: str, value: Any) -> Any:
    if path.lower() == ENTERPRISE.lower() and isinstance(value, dict):
        return {name: _value(model, f"{ENTERPRISE}:{name}", each) for name, each in value.items()}
    is_manager = path.lower() == _MANAGER
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) and _is_single(model, path):
        value = value[0] if is_manager else value[0].get("value", value)
    return {"value": value} if is_manager and isinstance(value, str) else value


def _is_single(model: Any, path: str) -> bool:
    """Whether the attribute has one value. One that the model does not know has none."""
    try:
        found = Path[model](path).resolve()
    except InvalidPathException:
        return False
    return found is not None and not found.target_is_multivalued
