"""Roles in the company that are given to a person, beside what they are to goals and cycles."""

from enum import StrEnum


class CompanyRole(StrEnum):
    """A role ends with the employment."""

    DIRECTORY = "directory"  # changes the directory, whatever cycles are open; is nothing to goals
    AUDITOR = "auditor"  # reads everything, changes nothing; each look is recorded
    SYSTEM = "system"  # gives roles and ends tokens; is nothing to goals


class Source(StrEnum):
    """Who gave a role. One of both is enough to hold it."""

    HAND = "hand"  # a person
    PROVIDER = "provider"  # the provider of the sign-in, by a claim; it holds as the last sign-in said
