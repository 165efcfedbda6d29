"""Which column of a file of people holds which field: by its header in either language, or as the reader maps it."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from domain.findings import Finding, refuse
from domain.people.leave import MAX_LEAVES
from domain.people.people_file_findings import listed, shown


def words_by_name(table: str) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(words.split()) for name, _, words in (line.partition(":") for line in table.split("\n") if line)
    }


# Headers as `folded` writes them.
_HEADERS = words_by_name("""
id:id employeeid employeeno employeenumber empid empno staffid 社員番号 社員id 社員コード 社員no 従業員番号 従業員id 従業員コード
name:name fullname employeename displayname 氏名 名前 社員名 従業員名 社員氏名
kana:kana namekana kananame reading phoneticname フリガナ ふりがな カナ カナ氏名 氏名カナ 氏名フリガナ 氏名ふりがな 社員名カナ
mail:mail email mailaddress emailaddress メールアドレス メール eメール 電子メール
department:department dept departmentname 部署 部署名 所属 所属部署 部門 部門名
title:title jobtitle position 役職 役職名 職位
manager_id:manager managerid managerno supervisor supervisorid reportsto 上長 上長社員番号 上長番号 上長id 上長コード 上司 上司社員番号 上司番号 上司id 上司コード
locale:locale language lang 言語 表示言語 ロケール
active:active isactive 在籍 在籍状況 在籍区分 在職
site:site office location workplace 勤務地 拠点 事業所 勤務先
evaluator_1:evaluator1 firstevaluator primaryevaluator 一次評価者 1次評価者 第一次評価者 第1次評価者 一次評価者社員番号 1次評価者社員番号 一次評価者番号
evaluator_2:evaluator2 secondevaluator secondaryevaluator 二次評価者 2次評価者 第二次評価者 第2次評価者 二次評価者社員番号 2次評価者社員番号 二次評価者番号
evaluator_3:evaluator3 thirdevaluator 三次評価者 3次評価者 第三次評価者 第3次評価者 三次評価者社員番号 3次評価者社員番号 三次評価者番号
evaluator_4:evaluator4 fourthevaluator 四次評価者 4次評価者 第四次評価者 第4次評価者 四次評価者社員番号 4次評価者社員番号 四次評価者番号
evaluator_5:evaluator5 fifthevaluator 五次評価者 5次評価者 第五次評価者 第5次評価者 五次評価者社員番号 5次評価者社員番号 五次評価者番号
away_from:awayfrom leavefrom leavestart leavestartdate 休職開始日 休業開始日 休職開始 休業開始 休職開始年月日 休業開始年月日
away_until:awayuntil leaveuntil leaveend leaveenddate 休職終了日 休業終了日 休職終了 休業終了 休職終了予定日 休業終了予定日
deputy_id:deputy deputyid 代理者 代理 代行者 代理者社員番号 代行者社員番号 休業中の代理者 休職中の代理者
post:post posttype 兼務区分 本務兼務区分 主務兼務区分 本兼区分 本務兼務 主務兼務
share:share timeshare 兼務率 従事割合 従事率 業務割合
company:company companyname 会社 会社名 所属会社 所属会社名 法人 法人名 勤務会社
seconded_from:secondedfrom secondedfromcompany 出向元 出向元会社 出向元会社名
joined_on:joined joinedon joineddate joindate joiningdate dateofjoining hiredate dateofhire 入社日 入社年月日 入社予定日 採用日 採用年月日 就職日
leaves:leaves leavingdate leavedate lastday lastworkingday terminationdate 退職日 退社日 退職予定日 最終在籍日
""")
# Further leaves: the headers of the first one with a number behind them, as `休業開始日2`. The first may have a 1.
_DAYS_OF_LEAVE = ("away_from", "away_until")
LEAVES = tuple((f"away_from_{n}", f"away_until_{n}") for n in range(2, MAX_LEAVES + 1))  # first and last day of each
for _name in _DAYS_OF_LEAVE:
    _known = _HEADERS[_name]
    _HEADERS[_name] += tuple(f"{header}1" for header in _known)
    _HEADERS |= {f"{_name}_{n}": tuple(f"{header}{n}" for header in _known) for n in range(2, MAX_LEAVES + 1)}
_FIELD_OF = {header: name for name, headers in _HEADERS.items() for header in headers}
FIELDS = tuple(_HEADERS)
EVALUATORS = tuple(name for name in FIELDS if name.startswith("evaluator_"))  # in the order of their stages
_REQUIRED = ("id", "name", "department", "manager_id")
_FOLDED_AWAY = re.compile(r"[\s_.\-]")


def folded(text: str) -> str:
    """NFKC, lower case, without spaces, underscores, hyphens and points: spellings of one word become equal."""
    return _FOLDED_AWAY.sub("", unicodedata.normalize("NFKC", text)).casefold()


def is_known(header: str) -> bool:
    """Whether some field is recognised by this header."""
    return folded(header) in _FIELD_OF


class Table(NamedTuple):
    """The fields of a kind of file: the headers by which each is recognised, as `folded` writes them, and which must be there."""

    headers: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]

    def field_of(self, header: str) -> str | None:
        """The field that is recognised by this header."""
        return next((name for name, known in self.headers.items() if folded(header) in known), None)

    def knows(self, header: str) -> bool:
        return self.field_of(header) is not None


PEOPLE = Table(_HEADERS, _REQUIRED)


def find_columns(
    header: Sequence[str], mapping: Mapping[str, str], where: str, table: Table = PEOPLE
) -> tuple[dict[str, int], tuple[Finding, ...]]:
    """The index of each field's column, and what is wrong: the mapping decides first, then the recognised headers."""
    mapped, findings = _mapped(mapping, table)
    columns: dict[str, int] = {}
    for name, recognised in table.headers.items():
        found = _matching(header, mapped.get(name), recognised)
        if len(found) == 1:
            columns[name] = found[0]
        elif found:
            titles = listed([header[at] for at in found])
            findings.append(refuse("ambiguous_column", where, name=name, titles=titles))
        elif name in mapped:
            wanted = shown(mapped[name])
            findings.append(refuse("no_header", where, name=name, wanted=wanted, headers=listed(header)))
        elif name in table.required:
            findings.append(refuse("no_column", where, name=name, headers=listed(header)))
    return columns, tuple(findings)


def _mapped(mapping: Mapping[str, str], table: Table) -> tuple[dict[str, str], list[Finding]]:
    mapped: dict[str, str] = {}
    findings: list[Finding] = []
    for given, title in mapping.items():
        name = table.field_of(given)
        if name is None:
            findings.append(refuse("bad_field", "file", given=shown(given), fields=tuple(table.headers)))
        elif name in mapped:
            findings.append(refuse("field_twice", "file", given=shown(given)))
        else:
            mapped[name] = title
    return mapped, findings


def _matching(header: Sequence[str], wanted: str | None, recognised: Sequence[str]) -> list[int]:
    exact = [at for at, title in enumerate(header) if title == wanted]
    accepted = recognised if wanted is None else (folded(wanted),)
    return exact or [at for at, title in enumerate(header) if folded(title) in accepted]
