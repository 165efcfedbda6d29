"""The rules of a cycle and the calendars of its sites. A policy is frozen at launch; a new rule needs a default."""
