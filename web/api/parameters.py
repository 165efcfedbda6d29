"""Parts of requests that several routes have."""

from typing import Annotated

from fastapi import Header, Path, Query

CyclePath = Annotated[str, Path(max_length=100)]
EmployeePath = Annotated[str, Path(max_length=100)]
Department = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=1000)]
After = Annotated[str, Query(max_length=300, description="`next` of the page before")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="the id of the command: a repeat with the same id and content has the same result and changes nothing",
    ),
]
