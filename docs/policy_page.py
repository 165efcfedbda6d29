# ruff: noqa: INP001 - docs/print.py prints it; nothing else imports it
"""docs/policy.md: the rules that a cycle has where its file says nothing else, in words and on a calendar."""

from collections.abc import Iterator
from datetime import date, timedelta

from domain.cycle.fiscal_year import nearest_period
from domain.cycle.sections import PolicySection
from domain.notices.notices import URGENT
from domain.policy.calendar import BusinessCalendar
from domain.policy.course import due_day as due_day_on
from domain.policy.course import rung_days
from domain.policy.policy import DEFAULT_LADDERS, Act, Policy, TaskKind
from domain.values import Locale, Text
from domain.writing.causes import CAUSES

# Japan at the turn of 2026 with a company's own days off, as in samples/cycle.toml; tests/test_docs.py asks `holidays`.
HOLIDAYS: dict[date, str] = {date(2027, 1, 1): "元日", date(2027, 1, 11): "成人の日"}
CALENDAR = BusinessCalendar(days_off=(*HOLIDAYS, *(date(2026, 12, day) for day in (29, 30, 31))))
ASKED = date(2026, 12, 21)

KINDS: dict[TaskKind, tuple[Text, Text]] = {
    TaskKind.DRAFT: (Text(ja="目標の記入と提出", en="Draft"), Text(ja="本人", en="the owner")),
    TaskKind.APPROVAL: (Text(ja="承認", en="Approval"), Text(ja="その段階の承認者", en="the approver of the stage")),
    TaskKind.STEP: (Text(ja="ステップ", en="Step"), Text(ja="本人", en="the owner")),
    TaskKind.SELF_REVIEW: (Text(ja="自己評価", en="Self-review"), Text(ja="本人", en="the owner")),
    TaskKind.VERDICT: (Text(ja="判定", en="Verdict"), Text(ja="評価者", en="the reviewer")),
}
ACTS: dict[Act, tuple[Text, Text]] = {
    Act.REMIND: (
        Text(ja="督促", en="remind"),
        Text(ja="担当者に知らせる", en="those who have the task are told"),
    ),
    Act.REMIND_AND_COPY: (
        Text(ja="督促と写し", en="remind and copy"),
        Text(
            ja="担当者に知らせ、次の上長に写しを送る",
            en="they are told; so is the next manager up the line, who need not act",
        ),
    ),
    Act.ESCALATE: (
        Text(ja="エスカレーション", en="escalate"),
        Text(ja="次の上長も担当者になる", en="the next manager up the line has the task too; above the top, HR"),
    ),
    Act.ESCALATE_TO_HR: (
        Text(ja="人事へエスカレーション", en="escalate to HR"),
        Text(ja="人事も担当者になる", en="HR has the task too"),
    ),
}
_WEEK = ("月 Mon", "火 Tue", "水 Wed", "木 Thu", "金 Fri", "土 Sat", "日 Sun")


def policy() -> str:
    """What holds where a cycle file says nothing else."""
    return f"""# The rules of a cycle

<!-- printed by docs/print.py from domain/policy/policy.py and docs/policy_page.py; change it there, then `make docs` -->

Every cycle has a policy (ルール). It is frozen when the cycle is launched, and this page says what it holds where the cycle
file says nothing else. `[policy]` and `[sites.…]` in the file change it; `samples/cycle.toml` shows how.

## What is frozen (開始時に固定されるもの)

The dates, the ladders, the limits, HR's names, and every site's calendar: public holidays come from the `holidays` library
once, at launch, from {_SPAN}. A later release of the library, another file
or another default moves no date that somebody has been told. HR alone changes the rules of a running cycle (`meguri cycle
amend`), and each goal's ledger says so. Where a kind of task gets more or fewer days, the open one's date moves by them, never
into the past; what HR extended keeps its distance, and a step keeps the date that its owner wrote.

## Ladders (督促の段)

A ladder says how long a kind of task may take, and what happens around its due date (期限). Days are business days (営業日) of
the assignees, before (−) or after (+) that date; the deadline itself is the closing hour of that day. A rung whose day
is over when the task comes is left out.

{_table(("rung", "督促の段", "what happens", "何が起きるか"), _acts())}

Nobody is ever removed: the first who acts ends the task, and the others are notified. An owner never decides on a goal of their
own, as a member of HR neither. A self-review that was escalated may be skipped: the reviewer decides without it. A manager who
joined an approval signs for every stage up to their own.

A stage of the approval asks the evaluator (一次評価者, 二次評価者 …) whom the people file names for it, and the manager at that place of
the line where it names none. The evaluator of `review_stage` ({_default("review_stage")} by default) gives the verdict. Such a task escalates up the managers of
the evaluator. Where an evaluator has left, the next active manager above them is asked.

`[[policy.stages]]` has one entry for each stage. `weight_over`, `target_over` and `measure` (`numeric` or `qualitative`) say when the stage is
asked for; an entry without a condition is for every goal, and one of them must be. `title` (役職), with `department` if need be, says whom it
asks where the people file names nobody: the nearest manager who has the title, else the first by id. `head = true` asks the head (部門長)
of the owner's department instead; of an owner who is the head, and where there is none, the head of the department above. Titles,
`head`, `all` and `review_stage` cannot change while the cycle runs; who is the head can.

{_ladders()}
## Stages that ask several people (全員の承認が必要な段階)

    [[policy.stages]]
    all = ["line", "head"]            # everybody who is named must agree; all are asked at the same time

`all` names at least two. Each asks one person: `line` the manager at the place of the stage (`line 2` the manager's manager),
`evaluator` the evaluator of the stage (`evaluator 1` and `evaluator 2` for 一次評価者 and 二次評価者 together), `head` the head of the
department, `title 役職` who has the title, `person 社員番号` that employee. Where one of them cannot be asked, the same people are
asked as in other stages: the deputy, the next active manager above, the manager at that place of the line, HR.

- All are told at the same time, and each signs for themself. Who has signed is asked no more. The stage is done when all have signed.
- The first who returns the goal ends the round for all. After the next submission everybody is asked again.
- There is one deadline. The ladder goes up from each person who has not signed, and HR joins at the end. Who joined for two people signs once.
- Where two of them are the same person, one signature is enough; `cycle check` says for whose goals.
- A sync or `reassign` gives the part of one person to another, and signatures stay. If all who are left have signed already, HR
  gives the last signature.

## When it rings (何時に届くか)

At the opening hour of the site where the task is, plus a spread: an alarm of the goal in slot *n* of its cycle comes
`spread_minutes` × frac(*n* × 0.618…) later ({_default("spread_minutes")} minutes by default). Multiples of the golden ratio lie evenly however many there
are, so of *n* goals in a row with one deadline no minute gets more than *n* ÷ {_default("spread_minutes")} + 3.

## Sites (拠点)

`[sites.NAME]` gives a site its country (and its `subdivision`, as `BE` in `DE`), time zone, hours and days off; an employee
is at the site that the directory names, and without one under the cycle's own `[calendar]`.

- A task counts in the business days of the first of those who have it, and ends when their office closes. So a reviewer in
  Berlin has Berlin's days for the goal of an owner in Tokyo.
- Reviews and the end of the cycle come by the owner's calendar, and so does the day on which a delegation (代理) begins or ends.
- Hours are those of the wall clock there: when summer time begins or ends, nine o'clock stays nine o'clock.
- A launch is refused while somebody whom a goal may ask is at a site that the file does not have.

## Working Saturdays and short days (出勤土曜日・短縮営業日)

`working_days` in `[calendar]` or a site names weekends and holidays on which people work: they are business days like any other.
`short_days = {{ 2026-12-28 = 12:00:00 }}` gives the closing hour of single days: what is due on such a day is due at that hour. A short day on
which nobody works has no effect, and the check says so; a day that is in `days_off` and `working_days` is refused. HR adds such days to a
running cycle by `meguri cycle amend`; when a cycle's dates are moved, they stay.

## Companies of a group (グループ会社・出向)

The people file has a company (会社) and, for who is seconded (出向), the employer (出向元). `companies = ["…"]` in `[cycle]` chooses who takes part: the
people who work in one of these companies, also those whom another company employs. With `departments`, both must fit. Without it, everybody of every company takes part.
HR of a cycle is HR of all its goals; a company with HR of its own has its own cycle. The people file is for all: an administrator of
the directory (`meguri people admins`) applies it, where nobody is HR of every open cycle.

## The fiscal year and names of cycles (年度・上期・下期・四半期)

`fiscal_year_starts = 4` in `[cycle]` is the month in which the company's fiscal year begins. A fiscal year is called by the calendar year in
which it begins. Then `name` may be left out: the cycle is named after the quarter, half or year whose first and last day are nearest to its
`starts` and `ends` ({_NAMES}), in Japanese where the calendar's country is JP, else in English. A file that is launched again with `--starts`
so gets the name of its new period. The check points out dates that are more than 45 days away from that period, and a given name that is
another period's.

## Reviews keep their dates (見直しの日程)

Review dates are days of the calendar, not distances: one that was called early, held late or missed never moves the next. On a
day off a review opens on the next business day. One that fell due while a verdict was awaited is covered by that verdict. A task
that is sent back gets a fresh due date.

## Pauses (一時停止)

While a goal is paused nothing rings. When it is resumed, its date moves by the business days that the pause lasted, counted
where the task is, and the rungs move with it. A weekend costs nothing. Review dates stay.

## After an outage (障害のあと)

Every rung that fell into the outage happens once, in order, when the workers are back. The ledger keeps when it was to ring
(`due`) beside when it did (`at`), and marks it `late` after more than an hour; the notice says so too.

## Writing and approving goals (目標の書き方)

- `edition` ({PolicySection.model_fields["edition"].default} in a new cycle file): which writing rules hold; [domain/writing/rules/README.md](../domain/rules/README.md) shows
  them. A running cycle keeps its own.
- `max_stretch` ({_default("max_stretch")} percent): how far a target may be from today's value at once: 200 is triple, or a third.
- `owners_begin_goals` ({_off_or_on("owners_begin_goals")} by default): owners begin goals while the cycle runs (`meguri goal begin`). HR begins goals of
  others in every cycle. Goals that are open or ended with a result count against `max_goals`; withdrawn ones do not.
- `max_goals` ({_default("max_goals")}) and weights that make at most 100 percent together (with at most two decimals, so 33.3 three times and 0.1 fill it): checked when a goal is approved, over the
  goals that its owner is working on, so that two approvals at the same moment cannot break them. With `weighted`, `meguri goal check` also
  counts the weight of goals that ended with a result, and says so where all together are not 100.

## HR of parts of the company (会社・部署ごとの人事)

    [[policy.hr_of]]
    company = "巡商事北海道"          # or: department = "経理本部", with all departments below it
    people = ["M0012", "M0013"]

The nearest part counts: the department of the post to which a goal belongs, the departments above it, then the owner's company. Its
HR is asked where HR of the cycle would be: at the end of an escalation, and where no manager is above. Where nobody of the part
works here, or its only HR is the owner, HR of the cycle is asked. HR of a part sees the goals of the part and may do at each of them
what HR of the cycle may. They do not steer the cycle and do not see its results. HR of the cycle may do everything as before.
Somebody of HR who has left, of a part or of the cycle, is not asked any more from the sync that says so.

`cycle amend` changes it for open goals, and shows which. A sync that moves somebody to another part changes whom their goals ask.

## Reviews and calibration (見直し・甘辛調整)

- `causes`: more causes to choose from in a self-review, beside {_listed(list(CAUSES))}.
- `max_bonus` ({_default("max_bonus")} points per revision) and `attainment_cap` ({_default("attainment_cap")}) bound what a review adds.
- Calibration adds points beside the score of a closed goal; it lowers one only with `adjust_down = true`
  ({_off_or_on("adjust_down")} by default). The score itself stays.
- `time_at_work` ({_off_or_on("time_at_work")} by default, 就業割合): the mean of a department, a reviewer or the company weighs each person's result by the
  share of the cycle at work. Nobody's own score changes:

      share = business days employed and not on leave ÷ business days of the cycle, rounded half up to 0.0001
      mean  = Σ (result × share) ÷ Σ share

  Days are counted from `starts` to `closes`, in the calendar of the person's site; a short day is a whole day. Employed is from the date of
  joining (入社日 in the people file; without one, from before the cycle) to the last day. The median and the distribution count people as before,
  and where nobody was at work, so does the mean. `cycle scores` and the workbook show the share. It follows the directory while the cycle runs,
  so leaves that are over must stay in the people file until then (`people sync` tells which are missing); when the cycle ends, it is kept.
- `weighted` ({_off_or_on("weighted")} by default): the points of a goal count times its weight, and a person's result is their sum:

      score = banked + (steps + attained × points of the measure + bonus) × weight ÷ 100, rounded half up to 0.01

  It applies to each revision of a goal, at the weight of that revision. A reset or a move banks what the revision brought, so that
  another weight afterwards changes no point that was earned. Calibration is added as it is. A running cycle cannot change it.

## When people move (異動・退職・入社)

- **Other managers**: the person who is now in a manager's place in the line gets that manager's open tasks. A decision gets its full time
  anew; an owner's own task keeps its date. A person whom HR assigned stays, or is replaced by their substitute.
- **Another department**: with `moves_settle = true` ({_off_or_on("moves_settle")} by default) a goal that is being worked on is settled on that day: its points
  are banked and never fall, and the next revision begins as a draft from today's value with the steps that are left. Its weight:

      new weight = weight × business days left ÷ business days of the cycle, rounded, at least 1

  A weight with decimals is rounded to two decimals, and is at least 0.01.

  A goal that is still a draft or waits for approval only changes hands.
- **Another owner** (引き継ぎ, `meguri goal handover`): HR, or a manager among the people below them, hands a goal over. It is closed as handed
  over (引き継ぎ済み): done steps, what a review confirmed of the measure, bonus and banked points stay with its owner. The new owner begins
  with the open steps, from the confirmed value, in a draft that their own line approves. Open goals under it follow.
- **Leave** (休業・休職: first day, last day and deputy in the people file): the person's goals are paused from the first day on and go on after
  the last one, by themselves. What they would approve or review goes to the deputy, or to the next manager above. Up to five leaves (産休と育休 and
  others) are planned in advance: the columns 休業開始日2 and 休業終了日2, up to 5. Each pauses by itself; they share no day, and one may follow
  another. One deputy stands in for all.
- **Leavers** (退職) by `leavers` (`{_default("leavers")}` by default). Drafts and goals that wait for approval are closed after the last day in any
  case. A goal that is active or in review:

  | `leavers` | 退職者の目標 | what happens |
  |---|---|---|
  | `settle` | 最終日で評価確定 | is settled after the last day, with the points that it has |
  | `verdict` | 最終日までに判定 | gets a last review, whose verdict closes it |
  | `keep` | サイクル終了まで残す | stays open until the cycle ends; reviews go to the reviewer without a self-review |

  With `verdict` the last review opens as many business days before the last day as a self-review and a verdict may take together (ten
  with the ladders above; five without self-reviews), at once where that day has passed. A verdict from that day on closes the goal: `achieved`
  as achieved, `unrealistic` as unrealistic, `continue` as settled; it cannot be reset. Who works until the cycle closes has the reviews of the
  cycle. Somebody who has left without notice gets the last review at the next opening hour. If nobody gives the verdict, the task climbs
  its ladder up to HR, and the goal is settled when the cycle closes.

  Nothing is asked of an owner who has left, and nothing is accepted from them: a step is no longer due, a self-review becomes the
  reviewer's verdict, and an unrealistic goal is closed instead of reset. If they come back while the goal is open, they go on with it. HR may
  change the rule with `meguri cycle amend`; the next
  people file brings it to the goals of those who leave.
- **Joiners** get their drafts in every open cycle unless `joiners_get_drafts = false` ({_off_or_on("joiners_get_drafts")} by default).

## At once, or in the digest (すぐに届くもの・まとめて届くもの)

At once goes what stops or frees somebody's work: {_listed(sorted(URGENT))}; and every task that is due on the
very day. All the rest waits for the one digest per person and working day.
"""


def _acts() -> Iterator[tuple[str, ...]]:
    for act, (name, means) in ACTS.items():
        yield (f"`{act}`", name.ja, means.en, means.ja)


def _ladders() -> str:
    return "\n".join(_ladder(kind) for kind in TaskKind)


def _ladder(kind: TaskKind) -> str:
    (name, who), ladder = KINDS[kind], DEFAULT_LADDERS[kind]
    due = due_day(kind)
    if kind is TaskKind.STEP:
        how_long = f"due on the day that the owner wrote; {ladder.due_in} business days where that is past already"
        example = f"a step of {due:%-d %B %Y}"
    else:
        how_long = f"due {ladder.due_in} business days (営業日) after it came"
        example = f"one that came on Monday, {ASKED:%-d %B %Y}"
    return f"""### {name.en} ({name.ja})

`{kind}`, for {who.en} ({who.ja}): {how_long}.

{_table(("day", "rung", "督促の段"), _rungs(kind))}

On a calendar in Japan, {example}:

{_table(_WEEK, _weeks(kind))}
"""


def due_day(kind: TaskKind) -> date:
    """When the task of the picture is due: a step on a day of its own, the others so many days after they came."""
    return date(2026, 12, 28) if kind is TaskKind.STEP else due_day_on(CALENDAR, ASKED, DEFAULT_LADDERS[kind])


def days_of(kind: TaskKind) -> dict[date, Act]:
    """On which days the rungs of the picture ring."""
    return dict(rung_days(CALENDAR, due_day(kind), DEFAULT_LADDERS[kind]))


def _rungs(kind: TaskKind) -> Iterator[tuple[str, ...]]:
    rows = [(rung.days, ACTS[rung.act][0]) for rung in DEFAULT_LADDERS[kind].rungs]
    rows.append((0, Text(ja="**期限** (終業時刻まで)", en="**due**, until the office closes")))
    for days, texts in sorted(rows, key=lambda row: row[0]):
        yield (f"{days:+d}".replace("-", "−") if days else "0", texts.en, texts.ja)


def _weeks(kind: TaskKind) -> Iterator[tuple[str, ...]]:
    """Weeks from Monday to Sunday, from the one before anything happens to the one in which the last rung rings."""
    rings = days_of(kind)
    first = min(ASKED, *rings) - timedelta(days=min(ASKED, *rings).weekday())
    for week in range((max(rings) - first).days // 7 + 1):
        yield tuple(_cell(kind, first + timedelta(days=week * 7 + day), rings) for day in range(7))


def _cell(kind: TaskKind, day: date, rings: dict[date, Act]) -> str:
    texts = [f"{day.month}/{day.day}"]
    if not CALENDAR.is_business_day(day):
        texts.append(f"休 {HOLIDAYS.get(day, '')}".strip())
    if day == ASKED and kind is not TaskKind.STEP:
        texts.append("**came 受付**")
    if day in rings:
        texts.append(f"{ACTS[rings[day]][0].en} {ACTS[rings[day]][0].ja}")
    if day == due_day(kind):
        texts.append("**due 期限**")
    return "<br>".join(texts)


_SPAN = "31 days before the cycle starts to 400 days after it closes"


_QUARTER = nearest_period(date(2027, 1, 4), date(2027, 3, 26), 4)
_NAMES = ", ".join(_QUARTER.name.text(locale) for locale in (Locale.JA, Locale.EN))


def _default(name: str) -> object:
    return Policy.model_fields[name].default


def _off_or_on(name: str) -> str:
    return "on" if _default(name) else "off"


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, tuple("---" for _ in head), *rows))
