"""Parts of requests that several routes have."""

from typing import Annotated

from fastapi import Header, Path, Query
from pydantic import Field

from domain.values import EmployeeId, GoalId, Storable

# In a body.
Id = Annotated[str, Field(min_length=1, max_length=100), Storable]
Person = Annotated[EmployeeId, Field(min_length=1, max_length=100), Storable]
GoalName = Annotated[GoalId, Field(min_length=1, max_length=300), Storable]

# In a path or a query.
CyclePath = Annotated[str, Path(max_length=100), Storable]
EmployeePath = Annotated[str, Path(max_length=100), Storable]
IdPath = Annotated[str, Path(max_length=100), Storable]
NamePath = Annotated[str, Path(max_length=200), Storable]
Department = Annotated[Annotated[str, Storable] | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=1000)]
After = Annotated[str, Query(max_length=300, description="`next` of the page before"), Storable]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="the id of the command: a repeat with the same id and content has the same result and changes nothing",
    ),
]
