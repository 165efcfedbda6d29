"""The business, pure: no I/O, no clock, no randomness, no logging; the standard library and pydantic only."""
