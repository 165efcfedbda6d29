"""Names and ids as the directory accepts them."""

from typing import Annotated

from pydantic import StringConstraints

from domain.values import ID_FORM, MAX_LINE, EmployeeId

# Names appear in mail headers and on terminals: no line breaks or escapes, no characters that change the reading
# direction, and none that a broken conversion leaves: U+FFFD, and U+F8F0 to U+F8F3, which Python makes of bytes that
# CP932 does not define. The rest of the private use area is allowed: people's names contain such characters (gaiji).
_VISIBLE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\uf8f0-\uf8f3\ufffd]*$"

PersonId = Annotated[EmployeeId, ID_FORM]
# A `Line` with fewer characters allowed; one pattern does all checks, since an import makes three of these per person.
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE, pattern=_VISIBLE)]
