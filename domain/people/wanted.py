"""What an identity provider wants of a person or a group, read from the attributes of SCIM (RFC 7643)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from domain.people.labels import Label, PersonId
from domain.people.organisation import Mail
from domain.values import Frozen, Line, Locale

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


class ResourceKind(StrEnum):
    """What SCIM keeps here, by its own names."""

    USER = "User"
    GROUP = "Group"  # a department


class Wanted(Frozen):
    """What the provider says of a person; None where it says nothing."""

    number: PersonId | None = None
    name: Label | None = None
    mail: Mail | None = None
    department: Label | None = None
    title: Label | None = None
    manager: Line | None = None  # the id of a resource, or an employee number
    locale: Locale | None = None
    active: bool = True


def wanted_fields(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Wanted`, not checked; None for those of which the attributes say nothing."""
    enterprise: Mapping[str, Any] = attributes.get(ENTERPRISE) or {}
    manager = enterprise.get("manager") or {}
    return {
        "number": enterprise.get("employeeNumber") or None,
        "name": _name(attributes),
        "mail": _mail(attributes.get("emails") or ()),
        "department": enterprise.get("department") or None,
        "title": attributes.get("title") or None,
        "manager": manager.get("value") or None,
        "locale": _locale(attributes.get("preferredLanguage")) or _locale(attributes.get("locale")),
        "active": attributes.get("active", True) is not False,
    }


def wanted_of(attributes: Mapping[str, Any]) -> Wanted:
    """Raises `ValidationError` for values that the directory does not take."""
    return Wanted.model_validate(wanted_fields(attributes))


def key_of(kind: ResourceKind, attributes: Mapping[str, Any]) -> str:
    """What no two resources of a kind share: the user name, or the name of the group. Upper and lower case are the same."""
    name: str = attributes["userName" if kind is ResourceKind.USER else "displayName"]
    return name.strip().lower()


def members_of(attributes: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of a group's members, each once."""
    found = (one.get("value") for one in attributes.get("members") or ())
    return tuple(dict.fromkeys(one for one in found if one))


def _name(attributes: Mapping[str, Any]) -> str | None:
    parts: Mapping[str, Any] = attributes.get("name") or {}
    whole = attributes.get("displayName") or parts.get("formatted")
    joined = " ".join(part for name in ("familyName", "givenName") if (part := parts.get(name)))
    return whole or joined or None


def _mail(mails: Iterable[Mapping[str, Any]]) -> str | None:
    """The primary address; else the one of work; else the first."""
    known = [one for one in mails if one.get("value")]
    known.sort(key=lambda one: (not one.get("primary"), one.get("type") != "work"))
    return known[0]["value"] if known else None


def _locale(tag: str | None) -> Locale | None:
    language = (tag or "").replace("_", "-").partition("-")[0].lower()
    return Locale(language) if language in set(Locale) else None
