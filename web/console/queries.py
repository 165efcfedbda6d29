"""Parts of addresses that several pages have."""

from typing import Annotated

from fastapi import Query

from domain.values import Storable

LineQuery = Annotated[Annotated[str, Storable], Query(max_length=200)]
"""A word or a name that somebody typed into a filter."""
