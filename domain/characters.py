"""Characters that no text of a person has; apart from `values.py`, since `--help` must not wait for pydantic."""

import re

# Control characters but tab and line ends, half surrogates, and characters that turn the direction of the text after them.
# PostgreSQL and workbooks cannot store some of them; others let a text look like another one on a screen.
NOT_STORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
