"""The files of the company of 200 people in `samples/`, and what HR changes in them while the cycles run."""

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import date

from domain.values import CycleId
from tests.acceptance.scene import SAMPLES

Row = dict[str, str]

_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
FIRST_DAY = date(2027, 4, 5)  # of the cycle in the sample, a Monday
BEFORE, CYCLE, SALES = (CycleId(one) for one in ("2026-q4", "2027-q1", "2027-q1-sales"))
MAKERS, SELLERS = "巡り製作所", "巡り販売"

LEAVER, LEAVING_CHIEF = "K034", "K020"
BACK_AS, JOINER, SALES_JOINER = "K234", "K205", "K206"
SAME = {BACK_AS: LEAVER}
NEW = ("K020",)  # a number that another person has now
IDS = {BACK_AS: LEAVER, "K020": "K020-2"}  # by the numbers of the last file
IT, IT_NOW = "情報システム部", "デジタル推進部"
LEAVING_HR, LEAVING_COMPANY_HR, LEAVING_DEPARTMENT_HR = "K088", "K071", "K075"
_HR = '["K006", "K018"]'
HR_OF_PARTS = f"""
[[policy.hr_of]]
company = "{MAKERS}"
people = ["{LEAVING_COMPANY_HR}"]

[[policy.hr_of]]
department = "人事部"
people = ["{LEAVING_DEPARTMENT_HR}", "K017"]
"""
FINANCE, ACCOUNTING = "財務部", "経理部"
NEW_HEAD = "部署ID,部署名,上位部署,部門長\nD15,法務部,D10,K021\n"


def moved(text: str, starts: date) -> str:
    """The text with all its dates moved by the same number of days, so that the cycle starts on `starts`."""
    by = starts - FIRST_DAY
    return _DATE.sub(lambda found: (date.fromisoformat(found[0]) + by).isoformat(), text)


def sample(name: str, starts: date) -> str:
    return moved((SAMPLES / name).read_text(encoding="utf-8"), starts)


def cycle_file(cycle: CycleId, starts: date) -> str:
    """The files of the three cycles. The second takes over goals of the first; the third is of the other company, with its own HR."""
    if cycle == BEFORE:
        return sample("cycle_of_200_before.toml", starts)
    text = sample("cycle_of_200.toml", starts)
    if cycle == CYCLE:
        words = {"companies = ": f'carry_over = "{BEFORE}"\ncompanies = ', _HR: f'["K006", "K018", "{LEAVING_HR}"]'}
        return _replaced(text, words) + HR_OF_PARTS
    both_agree = {"{ head = true }": 'all = ["head", "person K026"]'.join("{}")}
    return _replaced(text, {f'"{CYCLE}"': f'"{SALES}"', MAKERS: SELLERS, _HR: '["K011", "K027"]'} | both_agree)


def _replaced(text: str, words: dict[str, str]) -> str:
    for before, after in words.items():
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


@dataclass
class PeopleFile:
    """The people file as HR keeps it. Each change returns the whole file after it."""

    starts: date
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = list(csv.DictReader(io.StringIO(sample("people_of_200.csv", self.starts))))

    def text(self) -> str:
        written = io.StringIO()
        writer = csv.DictWriter(written, list(self.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return written.getvalue()

    def two_leave_and_one_gets_another_manager(self) -> str:
        for number in (LEAVER, LEAVING_CHIEF):
            self._of(number)["在籍区分"] = "退職"
        for row in self.rows:
            if row["上長"] == LEAVING_CHIEF:
                row["上長"] = "K007"
        self._of("K095")["上長"] = "K018"
        return self.text()

    def department_is(self, old: str, new: str) -> str:
        for row in self.rows:
            if row["部署"] == old:
                row["部署"] = new
        return self.text()

    def hr_leaves(self) -> str:
        """Of the HR of the cycle, of the company and of the department, one each."""
        for number in (LEAVING_HR, LEAVING_COMPANY_HR, LEAVING_DEPARTMENT_HR):
            self._of(number)["在籍区分"] = "退職"
        return self.text()

    def people_come_and_posts_change(self) -> str:
        """One comes back under another number, another person gets the number of a leaver, one joins each company; one goes from one to
        the other, one is seconded; posts and evaluators change.
        """
        self._of(LEAVER).update({"社員番号": BACK_AS, "在籍区分": "在籍", "上長": "K014"})
        self._of("K176")["会社"] = SELLERS
        self._of("K040")["出向元"] = SELLERS
        new = dict.fromkeys(self.rows[0], "") | {
            "役職": "担当",
            "言語": "ja",
            "在籍区分": "在籍",
            "兼務区分": "本務",
            "会社": MAKERS,
        }
        reused, joiner, seller = (
            new | {"社員番号": LEAVING_CHIEF, "氏名": "戸田 健太", "部署": "総務部", "上長": "K019"},
            new | {"社員番号": JOINER, "氏名": "三宅 紗季", "部署": ACCOUNTING, "上長": "K013"},
            new | {"社員番号": SALES_JOINER, "氏名": "森本 司", "部署": "購買部", "上長": "K027", "会社": SELLERS},
        )
        ended = self._of("K041", "兼務")
        self._of("K041")["従事割合"] = ""
        self.rows = [
            *(row for row in self.rows if row["社員番号"] != LEAVING_CHIEF and row is not ended),
            reused,
            joiner,
            seller,
        ]
        self._of("K131", "兼務")["上長"] = "K028"  # of another department than the post
        for number in ("K123", "K124", "K125"):
            self._of(number)["一次評価者"] = "K024"
        return self.text()

    def _of(self, number: str, post: str = "本務") -> Row:
        return next(row for row in self.rows if (row["社員番号"], row["兼務区分"]) == (number, post))
