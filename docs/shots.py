# ruff: noqa: INP001 - what docs/pictures.py takes
"""The pages of which docs/pictures.py takes pictures: each in the states that matter, as a person of the sample company sees it.

The demo's people: M0006 is HR, M0018 leads a section of the finance department, M0034 has a draft to write. The demo has no auditor and
no administrator; docs/pictures.py gives M0003 and M0004 these roles, and carries out PREPARED once.
"""

from typing import Literal, NamedTuple

HR, CHIEF, HEAD, OWNER, AUDITOR, ADMIN = "M0006", "M0018", "M0002", "M0034", "M0003", "M0004"
LONG, WRITER = "M0120", "M0033"  # of a department with a long name; with long lines in a draft
ROLES = ((AUDITOR, "auditor"), (ADMIN, "system"))
CYCLE = "2026-q4"
WIDE = 200  # characters of a line, as many as there can be


class Fill(NamedTuple):
    """Types the text into the field."""

    field: str  # a selector of CSS, as in all steps
    text: str


class Press(NamedTuple):
    """Presses the first visible button or link, and waits for the page to which it leads."""

    what: str


class Open(NamedTuple):
    """Opens what is folded, or ticks a box."""

    what: str


class Attach(NamedTuple):
    """Hands in a file with that text."""

    field: str
    text: str


Step = Fill | Press | Open | Attach


class Shot(NamedTuple):
    """A page, as a person of the demo sees it after the steps: forms that are refused, and those that only show what would be done."""

    name: str
    person: str
    path: str
    steps: tuple[Step, ...] = ()


def _failed(form: str, *fills: Fill) -> tuple[Step, ...]:
    """Opens the folded form of a command to a goal, and sends it."""
    return (Open(f"details:has(#form-{form}) > summary"), *fills, Press(f"#form-{form} button"))


def _long(text: str, most: int = WIDE) -> str:
    return (text * most)[:most]


_DEPARTMENT = "グローバル調達・サプライチェーン変革推進本部 次世代製造基盤整備プロジェクト統括室(旧 製造部 生産技術課)"
_PEOPLE = f"社員番号,氏名,部署,上長,在籍\n{LONG},長宗我部 ヴィクトリア・アレクサンドラ,{_DEPARTMENT},M0004,はい\n"
_MOVES = "社員番号,氏名,部署,上長,在籍\nM0120,岡本 健,人事部,M0006,はい\nN0001,新人 一郎,経理部,M0005,はい\nM0119,原 葵,製造部,M0030,いいえ\n"
_WRONG = "社員番号,氏名,部署,上長,在籍\nM0120,岡本 健,,M9999,たぶん\nM0120,岡本 健,人事部,M0006,はい\n"
_FILE = '[cycle]\nid = "2027 q1"\nname = ""\nstarts = 2026-12-31\nends = 2026-12-01\nhr = ["M9999"]\n'


class Prepared(NamedTuple):
    """What is done before the pictures by a page of a person, unless `sign` is on the page `seen_at`."""

    person: str
    seen_at: str
    sign: str
    path: str
    steps: tuple[Step, ...]


# A department with a long name, a goal with lines as long as they can be, a receiver of events, an account of a program, and a token.
PREPARED = (
    Prepared(HR, f"/people/{LONG}", "h1:has-text('長宗我部')", "/sync", (
        Attach("#upload", _PEOPLE), Press("main form button"),
        Fill("#reason", "組織の改編のため"), Press("form[action='/sync/apply'] button"),
    )),
    Prepared(WRITER, f"/goals/{CYCLE}/{WRITER}/1", "h1:has-text('問い合わせの記録')", f"/goals/{CYCLE}/{WRITER}/1/edit", (
        Fill("#challenge", _long("問い合わせの内容が担当者ごとの表に分かれ、同じ質問への回答を毎回はじめから書いている。", 600)),
        Fill("#theme", _long("問い合わせの記録を1つの一覧にまとめ、よくある質問への回答を部署をまたいで使い回せるようにする取り組み")),
        Fill("#measure", _long("一覧の回答を使って当日中に返せた問い合わせの割合(担当者が月末に集計し、課長が確認したもの)")),
        Press("[name=action][value=keep]"),
    )),
    Prepared(ADMIN, "/operations/hooks", "main table a", "/operations/hooks", (
        Fill("#hook-url", "https://events.meguri.example/receive/goals"), Press("form[action='/operations/hooks'] button"),
    )),
    Prepared(ADMIN, "/operations/accounts", "main table a", "/operations/accounts", (
        Fill("#account-name", "payroll"), Fill("#account-purpose", "給与システムへの評価結果の受け渡し"),
        Fill("#account-owner", HR), Press("form[action='/operations/accounts'] button"),
    )),
    Prepared(OWNER, "/preferences", "a[href^='/preferences/tokens/']", "/preferences", (
        Open("details:has(#token-label) > summary"), Fill("#token-label", "週次の集計"),
        Press("form[action='/preferences/tokens'] button"),
    )),
)  # fmt: skip

_GOALS = (
    Shot("choose", "", "/sign-in/as"),
    Shot("today", CHIEF, "/"),
    Shot("today-nothing", "M0001", "/"),
    Shot("today-hr", HR, "/"),
    Shot("approvals", HEAD, "/approvals/all"),
    Shot("goals", HR, "/goals"),
    Shot("goals-none", HR, "/goals?owner=M0120&state=closed"),
    Shot("goal-active", "M0085", f"/goals/{CYCLE}/M0085/1"),
    Shot("goal-progress-failed", "M0085", f"/goals/{CYCLE}/M0085/1", (Press("#form-report_progress button"),)),
    Shot("goal-review", CHIEF, f"/goals/{CYCLE}/M0047/1"),
    Shot("goal-review-failed", CHIEF, f"/goals/{CYCLE}/M0047/1",
         (Fill("#decide_review-bonus", "たくさん"), Press("#form-decide_review button"))),
    Shot("goal-closed", HR, f"/goals/{CYCLE}/M0054/1"),
    Shot("goal-reset", HR, f"/goals/{CYCLE}/M0049/1"),
    Shot("goal-paused", HR, f"/goals/{CYCLE}/M0055/1"),
    Shot("goal-late", CHIEF, f"/goals/{CYCLE}/M0048/1"),
    Shot("goal-steer-failed", HR, f"/goals/{CYCLE}/M0085/1", _failed("extend", Fill("#extend-due", "2026-01-01"))),
    Shot("goal-compare", CHIEF, f"/goals/{CYCLE}/M0047/1/compare?from=1&to=5"),
    Shot("write", OWNER, f"/goals/{CYCLE}/{OWNER}/1/edit"),
    Shot("write-findings", "M0032", f"/goals/{CYCLE}/M0032/1/edit",
         (Fill("#theme", "ミスをゼロにする"), Fill("#target", "0"), Press("[name=action][value=check]"))),
    Shot("write-failed", "M0035", f"/goals/{CYCLE}/M0035/1/edit",
         (Fill("#weight", "多め"), Fill("#theme", ""), Press("[name=action][value=submit]"))),
    Shot("write-long", WRITER, f"/goals/{CYCLE}/{WRITER}/1/edit"),
    Shot("goal-long", WRITER, f"/goals/{CYCLE}/{WRITER}/1"),
    Shot("today-long", WRITER, "/"),
    Shot("begin", OWNER, "/goals/write"),
    Shot("begin-catalog", OWNER, "/goals/write?from=catalog:accounting/closing-days"),
)  # fmt: skip

_PEOPLE_AND_MATERIAL = (
    Shot("team", CHIEF, "/team"),
    Shot("team-head", HEAD, "/team"),
    Shot("team-nobody", OWNER, "/team"),
    Shot("delegations", "M0021", "/delegations"),
    Shot("delegations-hr", HR, "/delegations"),
    Shot("delegations-failed", CHIEF, "/delegations",
         (Fill("#give-to", "M9999"), Press("form[action='/delegations'] button"))),
    Shot("tree", HR, f"/tree/{CYCLE}"),
    Shot("tree-table", HR, f"/tree/{CYCLE}?as=table"),
    Shot("hearing", HR, f"/hearing/{CYCLE}"),
    Shot("hearing-none", HR, f"/hearing/{CYCLE}?search=zzz"),
    Shot("hearing-failed", OWNER, f"/hearing/{CYCLE}", (Press("main form[method=post] button"),)),
    Shot("catalog", OWNER, "/catalog"),
    Shot("catalog-none", OWNER, "/catalog?search=zzz"),
    Shot("catalog-entry", OWNER, "/catalog/accounting/closing-days"),
    Shot("examples", OWNER, "/examples"),
    Shot("example", OWNER, "/examples", (Press("main a[href^='/examples/']"),)),
    Shot("lessons", HR, "/lessons"),
    Shot("people", HR, "/people"),
    Shot("people-none", HR, "/people?q=zzz"),
    Shot("person", HR, f"/people/{CHIEF}"),
    Shot("person-long", HR, f"/people/{LONG}"),
    Shot("departments", HR, "/departments"),
)  # fmt: skip

_HR = (
    Shot("cycles", HR, "/cycles"),
    Shot("cycle-new", HR, "/cycles/new"),
    Shot("cycle-new-failed", HR, "/cycles/new", (Press("[name=step][value=begin]"),)),
    Shot("cycle-errors", HR, "/cycles/new", (Attach("#upload", _FILE), Press("[name=step][value=begin]"))),
    Shot("cycle-check", HR, "/cycles/new", (
        Fill("#earlier", CYCLE), Fill("#starts", "2027-01-04"), Press("[name=step][value=begin].second"))),
    Shot("board", HR, f"/cycles/{CYCLE}"),
    Shot("board-of-one", HR, f"/cycles/{CYCLE}?department=財務部"),
    Shot("launch", HR, f"/cycles/{CYCLE}/launch"),
    Shot("steer", HR, f"/cycles/{CYCLE}/steer"),
    Shot("steer-extend", HR, f"/cycles/{CYCLE}/steer/extend"),
    Shot("steer-failed", HR, f"/cycles/{CYCLE}/steer/extend", (Press("[name=step][value=preview]"),)),
    Shot("steer-confirm", HR, f"/cycles/{CYCLE}/steer/extend", (
        Fill("#due", "2027-01-08"), Open("input[name=departments][value=財務部]"), Fill("#reason", "年度末の決算と重なるため"),
        Press("[name=step][value=preview]"))),
    Shot("steer-add", HR, f"/cycles/{CYCLE}/steer/add"),
    Shot("steer-close", HR, f"/cycles/{CYCLE}/steer/close"),
    Shot("amend", HR, f"/cycles/{CYCLE}/amend"),
    Shot("amend-failed", HR, f"/cycles/{CYCLE}/amend", (Fill("#text", _FILE), Press("[name=step][value=compare]"))),
    Shot("calibration", HR, f"/cycles/{CYCLE}/calibration"),
    Shot("results", HR, f"/cycles/{CYCLE}/results"),
    Shot("instructions", HR, "/instructions"),
    Shot("instruction", HR, "/instructions/demo-add"),
    Shot("sync", HR, "/sync"),
    Shot("sync-failed", HR, "/sync", (Press("main form button"),)),
    Shot("sync-compared", HR, "/sync", (Attach("#upload", _MOVES), Press("main form button"))),
    Shot("sync-findings", HR, "/sync", (Attach("#upload", _WRONG), Press("main form button"))),
)  # fmt: skip

_SYSTEM = (
    Shot("preferences", OWNER, "/preferences"),
    Shot("preferences-failed", OWNER, "/preferences", (
        Open("details:has(#token-label) > summary"), Fill("#token-days", "many"), Press("form[action='/preferences/tokens'] button"))),
    Shot("token-end", OWNER, "/preferences", (Press("a[href^='/preferences/tokens/']"),)),
    Shot("operations", ADMIN, "/operations"),
    Shot("operations-refused", OWNER, "/operations"),
    Shot("notices", HR, "/operations/notices"),
    Shot("hooks", ADMIN, "/operations/hooks"),
    Shot("hook", ADMIN, "/operations/hooks", (Press("main table a"),)),
    Shot("hook-failed", ADMIN, "/operations/hooks", (
        Fill("#hook-url", "ftp://x"), Press("form[action='/operations/hooks'] button"))),
    Shot("hook-delete", ADMIN, "/operations/hooks", (Press("main table a"), Press("a[href$='/delete']"))),
    Shot("roles", ADMIN, "/operations/roles"),
    Shot("role-failed", ADMIN, "/operations/roles", (Fill("#role-employee", "M9999"), Press("main form button"))),
    Shot("role-end", ADMIN, f"/operations/roles/{AUDITOR}/auditor/end"),
    Shot("accounts", ADMIN, "/operations/accounts"),
    Shot("account-failed", ADMIN, "/operations/accounts", (
        Fill("#account-name", "Not A Name"), Press("form[action='/operations/accounts'] button"))),
    Shot("account", ADMIN, "/operations/accounts/payroll"),
    Shot("account-end", ADMIN, "/operations/accounts/payroll/end"),
    Shot("access", ADMIN, "/operations/people"),
    Shot("access-failed", ADMIN, "/operations/people?person=M9999"),
    Shot("access-person", ADMIN, f"/operations/people/{OWNER}"),
    Shot("audit", AUDITOR, "/audit"),
    Shot("audit-found", AUDITOR, f"/audit?cycle={CYCLE}"),
    Shot("audit-failed", AUDITOR, "/audit?owner=M9999"),
    Shot("ledger", AUDITOR, f"/audit/goals/{CYCLE}/M0047/1"),
    Shot("goal-then", AUDITOR, f"/audit/goals/{CYCLE}/M0047/1/at/2"),
    Shot("journal", AUDITOR, "/audit/journal"),
    Shot("not-found", OWNER, f"/goals/{CYCLE}/M9999/1"),
)  # fmt: skip

SHOTS = (*_GOALS, *_PEOPLE_AND_MATERIAL, *_HR, *_SYSTEM)

# Of the README: what fills a screen, as the names say.
IN_README: dict[str, tuple[int, Literal["light", "dark"]]] = {
    "today": (1024, "light"), "goal-review": (1024, "light"), "write": (1024, "light"), "board": (1024, "light"), "tree": (1024, "dark"),
    "approvals": (390, "light"),
}  # fmt: skip
