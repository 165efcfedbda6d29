"""Additional posts (兼務): where somebody works beside their main post, each with a department, a manager and a share of the time.

The main post is `Employee.department`, `manager_id`, `title` and `evaluators`. A goal belongs to one post: the one in its department.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from domain.people.departments import Departments
from domain.people.labels import Label, PersonId

MAX_POSTS = 5  # of one person, beside the main one
MAX_EVALUATORS = 5


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", hide_input_in_errors=True))
class Post:
    """An additional post. `share` is in percent of the working time; None: not known. A person has one post in a department."""

    department: Label
    manager_id: PersonId | None = None
    title: Label | None = None
    share: Annotated[int, Field(ge=1, le=99)] | None = None
    evaluators: Annotated[tuple[PersonId | None, ...], Field(max_length=MAX_EVALUATORS)] = ()


def departments_of(posts: Sequence[Post]) -> tuple[str, ...]:
    return tuple(one.department for one in posts)


class GoalPost(NamedTuple):
    """The post of a goal: an additional one, else (None) the main one. `ended`: the owner had an additional post, and has it no longer."""

    post: Post | None = None
    ended: bool = False


MAIN = GoalPost()


def post_of_goal(
    main: str, posts: Sequence[Post], department: str, departments: Departments, *, additional: bool
) -> GoalPost:
    """The owner's post to which a goal of this department belongs; `main` is the department of the main post.

    A goal of the main post stays with it when the person moves, unless its department is that of an additional post now.
    """
    if not posts and not additional:
        return MAIN
    named = departments.current(department)
    if departments.current(main) == named:
        return MAIN
    found = next((one for one in posts if departments.current(one.department) == named), None)
    return GoalPost(found, ended=additional and found is None)
