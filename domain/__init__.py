"""The business rules. They do no I/O, read no clock, use no randomness, write no logs, and need only pydantic."""
