"""An oracle of who is asked: from files and a list of what happened, who must be asked for what, from which day on.

It is a second implementation on purpose. It reads the people file, the department file and the cycle file as text, and shares no code
with the product. It does not know ladders: in its stories people act before a task escalates.
"""

import csv
import io
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

import holidays

Chain = tuple[str, ...]


class Asked(NamedTuple):
    """From this day on, these people are asked for this; `asked` is empty where nobody is."""

    day: date
    goal: str
    what: str
    asked: Chain


class Deed(NamedTuple):
    """What somebody did with a goal: submit, approve, return, step, report, call_review, self_review, achieved, continue or withdraw.

    What is submitted has another weight, that many steps, or somebody with a share who does the second step, where the owner changed it.
    `value` is what was reported.
    """

    day: date
    goal: str
    actor: str
    kind: str
    weight: float | None = None
    steps: int | None = None
    value: float | None = None
    with_share: str | None = None


class Draft(NamedTuple):
    """What a goal begins with. `target` is the value to reach; a goal that is carried over has its department from before."""

    weight: float
    steps: int
    target: float
    department: str = ""


class Office:
    """The working days of the cycle file's calendar."""

    def __init__(self, calendar: Mapping[str, Any]) -> None:
        self._off, self._works = set(calendar["days_off"]), set(calendar["working_days"])
        self._public = holidays.country_holidays(calendar["country"])

    def works(self, day: date) -> bool:
        return day in self._works or (day.weekday() < 5 and day not in self._off and day not in self._public)

    def on_or_after(self, day: date) -> date:
        while not self.works(day):
            day += timedelta(days=1)
        return day

    def moved(self, day: date, number: int) -> date:
        """The working day that is `number` working days after the day, or before it."""
        step = timedelta(days=1 if number > 0 else -1)
        for _ in range(abs(number)):
            day += step
            while not self.works(day):
                day += step
        return day


@dataclass
class _Person:
    id: str
    department: str
    manager: str
    title: str
    active: bool
    evaluators: list[str]
    away: list[tuple[str, str]]  # first and last days of leaves
    deputy: str
    leaves: str
    company: str
    posts: list["_Person"] = field(default_factory=list)

    def is_away(self, day: date) -> bool:
        return any(first <= day.isoformat() and (not last or day.isoformat() <= last) for first, last in self.away)


@dataclass
class _Part:
    """One of several who must agree: who is asked in their place; nobody once somebody has agreed."""

    chain: Chain
    asked: Chain


@dataclass
class _Goal:
    id: str
    owner: str
    department: str
    additional: bool
    weight: float
    steps: int
    target: float
    state: str = "draft"
    stage: int = 0
    signed: list[str] = field(default_factory=list)
    done: int = 0
    self_reviewed: bool = False
    asked: Chain = ()
    away: bool = False
    gone_on: date | None = None
    closed_from: str = ""
    removed: bool = False  # because the owner left, or the post ended
    reported: float | None = None
    reached: bool = False  # a verdict confirmed the target
    unfinished: bool = False  # at work when HR closed the cycle
    with_share: str | None = None  # who does the second step
    parts: list["_Part"] = field(default_factory=list)  # of a stage in which several must agree

    @property
    def sharers(self) -> Chain:
        return (self.owner, self.with_share) if self.with_share else (self.owner,)

    @property
    def what(self) -> str:
        if self.state == "closed":
            return "closed"
        if self.away:
            return "paused"
        match self.state:
            case "draft":
                return "draft"
            case "approval":
                return f"approval {self.stage + 1}"
            case "review":
                return "verdict" if self.self_reviewed or self.gone_on else "self_review"
        return f"step {self.done + 1}" if self.done < self.steps and not self.gone_on else "nothing"


class Oracle:
    """What must be asked in one cycle. `before` is the cycle whose unfinished goals the launch takes over."""

    def __init__(self, people: str, departments: str, cycle: str, before: "Oracle | None" = None) -> None:
        self.cycle: dict[str, Any] = tomllib.loads(cycle)
        self._before = before
        self.office = Office(self.cycle["calendar"])
        self.hr: list[str] = self.cycle["cycle"]["hr"]
        self.people: dict[str, _Person] = {}
        self._ids: dict[str, str] = {}
        self._departments: dict[str, dict[str, str]] = {}
        self._now_called: dict[str, str] = {}
        self.goals: dict[str, _Goal] = {}
        self.table: list[Asked] = []
        self.today = date.min
        self._read_people(people)
        self._read_departments(departments)

    # --- files ---

    def _read_people(self, text: str, ids: Mapping[str, str] | None = None) -> set[str]:
        """The people who are in the company now and were not before."""
        self._ids |= ids or {}
        before = {one.id for one in self.people.values() if one.active}
        found: dict[str, _Person] = {}
        for row in csv.DictReader(io.StringIO(text)):
            one = self._person(row)
            if row["兼務区分"] == "兼務":
                found[one.id].posts.append(one)
            else:
                found[one.id] = one
        self.people |= found
        self._settle_leavers()
        return {one.id for one in self.people.values() if one.active} - before

    def _person(self, row: Mapping[str, str]) -> _Person:
        def id_of(column: str) -> str:
            return self._ids.get(row[column], row[column])

        evaluators = [id_of("一次評価者"), id_of("二次評価者")]
        away = [(row[f"休職開始日{n}"], row[f"休職終了日{n}"]) for n in ("", "2") if row[f"休職開始日{n}"]]
        return _Person(
            id_of("社員番号"), row["部署"], id_of("上長"), row["役職"], row["在籍区分"] != "退職", evaluators, away, id_of("代理者"), row["退職日"],
            row["会社"],
        )  # fmt: skip

    def _settle_leavers(self) -> None:
        """Who left is not active, and their reports have the next active manager."""
        for one in self.people.values():
            one.active = one.active and not (one.leaves and one.leaves < self.today.isoformat())
        for one in self.people.values():
            while one.active and one.manager and not self.people[one.manager].active:
                one.manager = self.people[one.manager].manager

    def _read_departments(self, text: str) -> None:
        for row in csv.DictReader(io.StringIO(text)):
            self._departments[row["部署ID"]] = dict(row)

    def _called(self, department: str) -> str:
        return self._now_called.get(department, department)

    def _upwards(self, department: str) -> Iterator[dict[str, str]]:
        found = next((one for one in self._departments.values() if one["部署名"] == self._called(department)), None)
        while found:
            yield found
            found = self._departments.get(found["上位部署"])

    # --- who is asked ---

    def _line(self, person: str) -> Chain:
        line: list[str] = []
        at = self.people[person].manager
        while at and at not in line:
            line.append(at)
            at = self.people[at].manager
        return tuple(line)

    def _present(self, chain: Iterable[str], owner: str) -> Chain:
        found: dict[str, None] = {}
        for one in (self.people[each] for each in chain):
            asked = self.people.get(one.deputy) if one.is_away(self.today) else one
            if not one.active or asked is None or not asked.active or asked.is_away(self.today):
                continue
            if asked.id != owner and owner not in self._line(asked.id):
                found[asked.id] = None
        return tuple(found)

    def _up_from(self, person: str | None, owner: str) -> Chain:
        if not person or person == owner or owner in self._line(person):
            return ()
        return self._present((person, *self._line(person)), owner)

    def _post(self, goal: _Goal) -> _Person | None:
        """The post of the goal; None if it has ended."""
        owner = self.people[goal.owner]
        if not goal.additional:
            return owner
        return next((one for one in owner.posts if self._called(one.department) == self._called(goal.department)), None)

    def _managers(self, goal: _Goal) -> Chain:
        post = self._post(goal)
        if post is None or not goal.additional:
            return self._present(self._line(goal.owner), goal.owner)
        return self._present((post.manager, *self._line(post.manager)), goal.owner)

    def _chains(self, goal: _Goal) -> list[Chain]:
        """Who is asked for each stage of the approval, and who is above them; nobody for a stage in which several must agree."""
        post, line = self._post(goal), self._deciding(goal, self._managers(goal))
        assert post is not None
        chains: list[Chain] = []
        for stage, rule in enumerate(self.cycle["policy"]["stages"]):
            if "all" in rule:
                chains.append(())
                continue
            named = post.evaluators[stage] if stage < len(post.evaluators) else ""
            chain = self._up_from(named, goal.owner)
            if not chain and rule.get("head"):
                chain = self._up_from(self._head(post, goal.owner), goal.owner)
            if not chain and "title" in rule:
                chain = self._up_from(self._holder(rule["title"], goal.owner, self._managers(goal)), goal.owner)
            chains.append(self._deciding(goal, chain) or line[stage:])
        return chains

    def _head(self, post: _Person, owner: str) -> str | None:
        heads = (one["部門長"] for one in self._upwards(post.department))
        return next((one for one in heads if one and one != owner and self.people[one].active), None)

    def _deciding(self, goal: _Goal, chain: Chain) -> Chain:
        """Nobody decides who has a share of the goal, or reports to somebody who has."""
        return chain[chain.index(goal.with_share) + 1 :] if goal.with_share in chain else chain

    def _all_of(self, goal: _Goal, stage: int) -> list[Chain]:
        """The chain of everybody who must agree in that stage; nothing where one is asked."""
        post, line = self._post(goal), self._managers(goal)
        assert post is not None
        chains: list[Chain] = []
        for source in self.cycle["policy"]["stages"][stage].get("all", ()):
            one = self._head(post, goal.owner) if source == "head" else source.removeprefix("person ")
            chain = self._deciding(goal, self._up_from(one, goal.owner) or line[stage:])
            if chain[:1] not in [other[:1] for other in chains]:
                chains.append(chain)
        return chains

    def _open_parts(self, goal: _Goal, agreed: Iterable[str]) -> None:
        """Who has agreed in the stage before is not asked again."""
        goal.parts = [
            _Part(chain, () if chain[:1] and chain[0] in agreed else self._first_left(goal, chain))
            for chain in self._all_of(goal, goal.stage)
        ]

    def _holder(self, title: str, owner: str, line: Chain) -> str | None:
        holders = sorted(
            one.id for one in self.people.values() if one.active and one.title == title and one.id != owner
        )
        return next((one for one in line if one in holders), next(iter(holders), None))

    def _first_left(self, goal: _Goal, chain: Chain) -> Chain:
        left = [one for one in chain if one not in goal.signed]
        return tuple(left[:1]) or self._hr_left(goal, self._hr_of_part(goal)) or self._hr_left(goal, self._hr_at_work())

    def _hr_left(self, goal: _Goal, hr: Iterable[str]) -> Chain:
        return tuple(one for one in hr if one not in goal.sharers and one not in goal.signed)

    def _hr_at_work(self) -> list[str]:
        """HR of the cycle who have not left."""
        return [one for one in self.hr if self.people[one].active] or self.hr

    def _hr_of_part(self, goal: _Goal) -> list[str]:
        """HR of the nearest department upwards that has its own, else of the owner's company; HR of the cycle where nobody can be asked."""
        parts, post = self.cycle["policy"].get("hr_of", []), self._post(goal)
        own = {self._called(one["department"]): one["people"] for one in parts if "department" in one}
        own |= {f"company {one['company']}": one["people"] for one in parts if "company" in one}
        path = [one["部署名"] for one in self._upwards(post.department if post else goal.department)]
        nearest: list[str] = next(
            (own[one] for one in (*path, f"company {self.people[goal.owner].company}") if one in own), []
        )
        return [one for one in nearest if one != goal.owner and self.people[one].active] or self._hr_at_work()

    def _deciders(self, goal: _Goal) -> Chain:
        """Whoever can be asked for the open decision, the first first."""
        return self._chains(goal)[goal.stage] if goal.state == "approval" else self._chains(goal)[0]

    def _stages_after(self, goal: _Goal, stage: int) -> list[int]:
        rules = self.cycle["policy"]["stages"]
        return [n for n in range(stage + 1, len(rules)) if goal.weight > rules[n].get("weight_over", 0)]

    # --- the table ---

    def _ask(self, goal: _Goal) -> None:
        """Asks anew for what the goal waits for."""
        chain = self._deciders(goal) if goal.what.startswith(("approval", "verdict")) else ()
        if goal.what == "nothing":
            goal.asked = ()
        elif goal.what.startswith("approval") and goal.parts:
            goal.asked = tuple(dict.fromkeys(one for part in goal.parts for one in part.asked))
        elif goal.what == "step 2" and goal.with_share:
            goal.asked = goal.sharers
        elif goal.state == "review" and chain:
            goal.asked = chain[:1]
        else:
            goal.asked = (
                self._first_left(goal, chain) if goal.what.startswith(("approval", "verdict")) else (goal.owner,)
            )
        self._write(goal)

    def _write(self, goal: _Goal) -> None:
        row = Asked(self.today, goal.id, goal.what, () if goal.what in ("closed", "paused", "nothing") else goal.asked)
        last = next((one for one in reversed(self.table) if one.goal == goal.id), None)
        if last is None or last[2:] != row[2:]:
            self.table.append(row)

    # --- what happens ---

    def days_of_change(self) -> set[date]:
        """The days just after whose midnight a leave begins or ends, or a last day is over, by the files so far."""
        found: set[date] = set()
        for one in self.people.values():
            found |= {date.fromisoformat(first) for first, _ in one.away}
            ends = [*(last for _, last in one.away), one.leaves]
            found |= {date.fromisoformat(day) + timedelta(days=1) for day in ends if day}
        return found

    def launch(self, day: date) -> None:
        self.today = day
        self._settle_leavers()
        for one in sorted(self.people):
            self._joins(one, self._before.unfinished(one) if self._before else {})

    def _joins(self, owner: str, carried: Mapping[str, Draft]) -> None:
        """Somebody takes part; `carried` are their goals of the earlier cycle. A post that has one gets no draft of the file."""
        person = self.people[owner]
        if not person.active or not self._takes_part(person):
            return
        others, going_on = [post.department for post in person.posts], set()
        for one in [*carried.values()][: self.cycle["policy"].get("max_goals", 5)]:
            department = one.department if one.department in others else person.department
            going_on.add(department)
            self._begin(owner, department, one, additional=department in others)
        if person.department not in going_on:
            for draft in self._drafts(person.department) or self._drafts(""):
                self._begin(owner, person.department, draft, additional=False)
        for post in others:
            for draft in self._drafts(post) if post not in going_on else ():
                self._begin(owner, post, draft, additional=True)

    def _takes_part(self, person: _Person) -> bool:
        asked = self.cycle["cycle"]
        return (
            person.id not in asked.get("without", ())
            and person.department in asked.get("departments", [person.department])
            and person.company in asked.get("companies", [person.company])
        )

    def unfinished(self, owner: str) -> dict[str, Draft]:
        """The goals that the owner worked on until the end, and whose target no verdict confirmed; with the steps that are left."""
        return {
            one.id: Draft(one.weight, one.steps - one.done, one.target, one.department)
            for one in self.goals.values()
            if one.owner == owner and one.unfinished and not one.reached
        }

    def _drafts(self, department: str) -> list[Draft]:
        """The drafts of the nearest department upwards that has some, under all its names. Without a department, the other drafts."""
        for name in [one["部署名"] for one in self._upwards(department)] or [""]:
            if found := [one for one in self.cycle["drafts"] if self._called(one.get("department", "")) == name]:
                return [draft_of(one) for one in found]
        return []

    def _begin(self, owner: str, department: str, draft: Draft, *, additional: bool) -> None:
        number = 1 + sum(one.owner == owner for one in self.goals.values())
        goal = _Goal(
            f"{self.cycle['cycle']['id']}/{owner}/{number}",
            owner,
            department,
            additional,
            *draft[:3],
        )
        goal.away = self.people[owner].is_away(self.today)
        self.goals[goal.id] = goal
        self._ask(goal)

    def begin(self, day: date, owner: str, draft: Draft, post: str | None = None) -> None:
        """A goal is begun while the cycle runs; `post` is the department of an additional post."""
        self.today = day
        self._begin(owner, post or self.people[owner].department, draft, additional=post is not None)

    def hand_over(self, day: date, goal: str, to: str) -> None:
        """The goal ends for its owner, and the other person has a draft of what is left to do."""
        self.today = day
        old = self.goals[goal]
        old.state = "closed"
        self._write(old)
        self.begin(day, to, Draft(old.weight, old.steps - old.done, old.target))

    def night(self, day: date) -> None:
        """Just after midnight: leaves begin and end, last days are over."""
        self.today = day
        self._settle_leavers()
        self._follow(())

    def morning(self, day: date) -> None:
        """When the office opens."""
        self.today = day
        if self.office.works(day):
            self._open_reviews()

    def people_file(self, day: date, text: str, ids: Mapping[str, str], renamed: Mapping[str, str]) -> None:
        self.today = day
        for old, new in renamed.items():
            self._rename(old, new)
        joined = self._read_people(text, ids)
        self._follow(joined)
        owners = {one.owner for one in self.goals.values()}
        for one in sorted(joined - owners):
            self._joins(one, {})

    def _rename(self, old: str, new: str) -> None:
        """The department has the new name; if another one has it already, the two are one."""
        there = any(one["部署名"] == new for one in self._departments.values())
        record = next(one for one in self._departments.values() if one["部署名"] == old)
        if there:
            self._departments = {key: one for key, one in self._departments.items() if one is not record}
        else:
            record["部署名"] = new
        self._now_called[old] = new

    def department_file(self, day: date, text: str) -> None:
        self.today = day
        self._read_departments(text)
        self._follow(())

    def _follow(self, joined: Iterable[str]) -> None:
        """What the people and departments of today mean for each goal."""
        for goal in self.goals.values():
            owner, post = self.people[goal.owner], self._post(goal)
            if goal.state == "closed":
                if goal.removed and goal.owner in joined and post:
                    goal.state, goal.removed = goal.closed_from, False
                    self._ask(goal)
                continue
            working_on = goal.state in ("active", "review")
            if post is None or not (owner.active or working_on):
                goal.closed_from, goal.state, goal.removed = goal.state, "closed", True
                self._write(goal)
                continue
            was = goal.what
            goal.department = post.department
            goal.away = owner.active and owner.is_away(self.today)
            goal.gone_on = None if owner.active else goal.gone_on or self.today
            if was != goal.what and "paused" not in (was, goal.what):
                self._ask(goal)
            elif goal.state == "approval" or (goal.state == "review" and (goal.self_reviewed or goal.gone_on)):
                self._readdress(goal)
            self._write(goal)
            if self.office.works(self.today):
                self._open_last_review(goal)

    def _readdress(self, goal: _Goal) -> None:
        """Who may still decide keeps the task; else whoever is asked first now has it."""
        if goal.parts:
            chains = self._all_of(goal, goal.stage)
            assert [part.chain[:1] for part in goal.parts] == [one[:1] for one in chains], "nobody else must agree now"
            return
        chain = self._deciders(goal)
        if not any(one in chain for one in goal.asked):
            goal.asked = self._first_left(goal, chain) if goal.state == "approval" else chain[:1]

    def _open_reviews(self) -> None:
        for goal in self.goals.values():
            self._open_last_review(goal)
            due = any(self.office.on_or_after(day) == self.today for day in self.cycle["cycle"]["reviews"])
            if due and goal.state == "active" and not goal.away:
                self._open_review(goal)

    def _last_review(self, goal: _Goal) -> date | None:
        leaves = self.people[goal.owner].leaves
        if goal.gone_on:
            return goal.gone_on
        if not leaves or date.fromisoformat(leaves) >= self.cycle["cycle"]["closes"]:
            return None
        return self.office.moved(date.fromisoformat(leaves), -10)  # five for the self-review, five for the verdict

    def _open_last_review(self, goal: _Goal) -> None:
        day = self._last_review(goal)
        if goal.state == "active" and not goal.away and day and self.office.on_or_after(day) <= self.today:
            self._open_review(goal)

    def _open_review(self, goal: _Goal) -> None:
        goal.state, goal.self_reviewed = "review", False
        self._ask(goal)

    def deed(self, deed: Deed) -> None:
        self.today = deed.day
        goal = self.goals[deed.goal]
        goal.weight, goal.steps = deed.weight or goal.weight, deed.steps or goal.steps
        goal.reported = deed.value or goal.reported
        goal.with_share = deed.with_share or goal.with_share
        _DEEDS[deed.kind](self, goal, deed.actor)
        self._ask(goal)
        self._open_last_review(goal)

    def _submit(self, goal: _Goal, _: str) -> None:
        goal.state, goal.signed, goal.stage, goal.parts = "approval", [], self._stages_after(goal, -1)[0], []

    def _approve(self, goal: _Goal, actor: str) -> None:
        chains, line = self._chains(goal), self._deciding(goal, self._managers(goal))
        goal.signed.append(actor)
        for part in goal.parts:
            part.asked = () if actor in part.asked else part.asked
        if any(part.asked for part in goal.parts):
            return
        goal.parts = []
        for stage in self._stages_after(goal, goal.stage):
            if several := self._all_of(goal, stage):
                if not all(one[:1] == (actor,) for one in several):
                    goal.stage = stage
                    self._open_parts(goal, (actor,))
                    return
                goal.stage = stage
                continue
            by_the_line = chains[stage] == line[stage:]
            if actor not in (chains[stage] if by_the_line else chains[stage][:1]):
                if (chains[goal.stage] or chains[stage]) and self._first_left(goal, chains[stage]):
                    goal.stage = stage
                    return
                break
            goal.stage = stage
        goal.state, goal.signed = "active", []

    def _return(self, goal: _Goal, _: str) -> None:
        goal.state, goal.signed, goal.parts = "draft", [], []

    def _nothing(self, goal: _Goal, _: str) -> None:
        """A report changes nobody's task."""

    def _call_review(self, goal: _Goal, _: str) -> None:
        self._open_review(goal)

    def _step(self, goal: _Goal, _: str) -> None:
        goal.done += 1

    def _self_review(self, goal: _Goal, _: str) -> None:
        goal.self_reviewed = True

    def _closes(self, goal: _Goal, _: str) -> None:
        goal.state = "closed"

    def _continue(self, goal: _Goal, _: str) -> None:
        goal.reached = goal.reported == goal.target
        last = self._last_review(goal)
        goal.state = "closed" if last and last <= self.today else "active"

    def close(self, day: date) -> None:
        """HR closes the cycle before its end."""
        self.today = day
        for goal in self.goals.values():
            goal.unfinished = goal.state in ("active", "review")
            goal.state = "closed"
            self._write(goal)

    def end(self, day: date) -> None:
        """The first working day after the cycle: what is open ends, but for people on leave."""
        self.today = day
        for goal in self.goals.values():
            goal.state = goal.state if goal.away else "closed"
            self._write(goal)

    def settle(self, day: date) -> None:
        """Some days later the cycle settles what is left."""
        self.today = day
        for goal in self.goals.values():
            goal.state = "closed"
            self._write(goal)


def draft_of(section: Mapping[str, Any]) -> Draft:
    """A draft as the cycle file writes it."""
    return Draft(section["weight"], len(section["steps"]), section["measure"]["target"])


_DEEDS: Mapping[str, Callable[[Oracle, _Goal, str], None]] = {
    "submit": Oracle._submit,
    "approve": Oracle._approve,
    "return": Oracle._return,
    "step": Oracle._step,
    "report": Oracle._nothing,
    "call_review": Oracle._call_review,
    "self_review": Oracle._self_review,
    "achieved": Oracle._closes,
    "withdraw": Oracle._closes,
    "continue": Oracle._continue,
}
