"""The rows of additional posts (兼務) in a file of people: they have the number of a person and say `兼務` in the column of posts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from domain.findings import Finding, refuse
from domain.people.bad_cells import bad_cell
from domain.people.organisation import Employee
from domain.people.people_columns import EVALUATORS
from domain.people.people_file_findings import row
from domain.people.posts import MAX_POSTS, Post

_POST = TypeAdapter(Post)
_OF_POSTS = ("department", "manager_id", "title", "share", "evaluators")
_KINDS = (None, "main", "additional")
_WHOLE = "100"  # percent of the working time


class PostRow(NamedTuple):
    row: int
    number: str  # of the person
    post: Post


class PostRows:
    """Takes the rows of posts out of a file; afterwards gives each person theirs."""

    def __init__(self, columns: Mapping[str, int]) -> None:
        self._in_file = "post" in columns
        self._main_shares: dict[str, tuple[int, str]] = {}  # with the row, by the person's number
        self._rows: list[PostRow] = []
        self.findings: list[tuple[int, Finding]] = []  # with the row
        self.unread: set[str] = set()  # numbers of people of whom a row of a post cannot be used

    def take(self, people: list[dict[str, Any]], rows: list[int]) -> tuple[list[dict[str, Any]], list[int]]:
        """The people of the other rows, and their rows. The cells of posts and shares are taken away."""
        if not self._in_file:
            for person in people:
                person.pop("share", None)
            return people, rows
        of_people, kept = [], []
        for person, number in zip(people, rows, strict=True):
            kind, share = person.pop("post"), person.pop("share", None)
            if kind not in _KINDS:
                self.findings.append((number, bad_cell(row(number), "post", kind)))
                self.unread.add(person["id"] or "")
                continue
            if kind == "additional":
                self._read(person | {"share": share}, number)
                continue
            if share is not None:
                self._main_shares[person["id"] or ""] = (number, share)
            of_people.append(person)
            kept.append(number)
        return of_people, kept

    def _read(self, cells: Mapping[str, Any], number: int) -> None:
        try:
            post = _POST.validate_python({name: cells[name] for name in _OF_POSTS if cells.get(name)})
        except ValidationError as error:
            self.unread.add(cells["id"] or "")
            for problem in error.errors(include_url=False, include_context=False, include_input=False):
                name, *stage = problem["loc"]
                value = cells.get(str(name)) or ""
                if stage:
                    name, value = EVALUATORS[int(stage[0])], value[int(stage[0])]
                self.findings.append((number, bad_cell(row(number), str(name), value)))
        else:
            self._rows.append(PostRow(number, cells["id"] or "", post))

    def given_to(self, employees: Sequence[Employee]) -> tuple[list[Employee], list[tuple[int, Finding]]]:
        """The people with their posts, and findings about posts of nobody, too many posts, and shares that make no whole."""
        posts: defaultdict[str, list[PostRow]] = defaultdict(list)
        for one in self._rows:
            posts[one.number].append(one)
        findings = [*self._of_nobody(posts, {one.id for one in employees}), *self._of_shares(posts)]
        if not posts:
            return list(employees), findings
        return [self._with_posts(one, posts.get(one.id, ())) for one in employees], findings

    @staticmethod
    def _with_posts(one: Employee, rows: Sequence[PostRow]) -> Employee:
        return replace(one, posts=tuple(each.post for each in rows[:MAX_POSTS])) if rows else one

    @staticmethod
    def _of_nobody(posts: Mapping[str, Sequence[PostRow]], people: set[Any]) -> Iterator[tuple[int, Finding]]:
        for number, rows in posts.items():
            if number not in people:
                yield rows[0].row, refuse("post_without_person", row(rows[0].row), number=number)
            elif len(rows) > MAX_POSTS:
                yield rows[0].row, refuse("too_many_posts", row(rows[0].row), number=number, most=MAX_POSTS)

    def _of_shares(self, posts: Mapping[str, Sequence[PostRow]]) -> Iterator[tuple[int, Finding]]:
        """Where the main post has a share, it and the others make the whole."""
        for number, (at, share) in self._main_shares.items():
            if number in self.unread:
                continue
            shares = [one.post.share for one in posts.get(number, ())]
            if not share.isascii() or not share.isdigit():
                yield at, bad_cell(row(at), "share", share)
            elif None not in shares and int(share) + sum(one or 0 for one in shares) != int(_WHOLE):
                yield at, refuse("shares_not_whole", row(at), number=number)
