"""Lists of values in a statement, as one parameter.

PostgreSQL takes at most 32,767 parameters in a statement. SQLAlchemy's `in_` makes a parameter of each value, so it is only for
sets that the code itself lists.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, FromClause, Text, any_, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY

# A literal, no parameter: it must equal the condition of the partial indexes.
EMPTY: ColumnElement[Any] = literal_column("'{}'")


def array_of(values: Iterable[str]) -> BindParameter[list[str]]:
    """The texts as one parameter of type text[]."""
    return literal(list(values), ARRAY(Text))


def is_one_of(what: Any, values: Iterable[str]) -> ColumnElement[bool]:
    """The condition that the column is one of these texts; any number of them is one parameter."""
    return what == any_(array_of(values))  # type: ignore[no-any-return]  # a comparison of a column is a condition


def rows_of(name: str, values: Iterable[str]) -> FromClause:
    """A table with one column `name` and a row for each text."""
    return select(func.unnest(array_of(values)).label(name)).subquery()
