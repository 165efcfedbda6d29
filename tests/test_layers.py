"""Layers of the files at the top level, which import-linter does not check; and that it knows all packages.

The rules for packages are in pyproject.toml (`tool.importlinter`); `make check` checks them.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = {"starter", "worker", "settings", "logs"}  # modules of one file
STARTS_A_PACKAGE = {"web"}  # `web.py` can be run and not imported: the package of the same name is found first
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = set(PROJECT["tool"]["importlinter"]["root_packages"])


def _sources(root: Path) -> Iterator[Path]:
    """The files of the product, without tests and documents."""
    yield from sorted(root.glob("*.py"))
    for package in sorted(PACKAGES):
        yield from sorted((root / package).rglob("*.py"))


def _imported(source: Path) -> set[str]:
    """The top-level names that a file imports: at its start, in functions, or only for the type checker."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.partition(".")[0])
    return found


def _importers_of(module: str, root: Path = ROOT) -> set[str]:
    return {source.relative_to(root).as_posix() for source in _sources(root) if module in _imported(source)}


def test_nothing_imports_the_command_line_s_entry_point() -> None:
    assert _importers_of("starter") == set()


def test_only_the_command_that_starts_servers_imports_the_worker() -> None:
    assert _importers_of("worker") == {"cli/session/servers.py"}


def test_the_worker_knows_nothing_of_the_command_line() -> None:
    assert _imported(ROOT / "worker.py") & (FILES | PACKAGES) == {
        "activities", "channels", "domain", "logs", "process", "service", "settings", "storage", "texts", "workflows",
    }  # fmt: skip


def test_the_entry_point_reaches_the_servers_through_the_command_line_only() -> None:
    below = {"activities", "channels", "embedded", "storage", "workflows", "worker"}
    assert "cli" in _imported(ROOT / "starter.py")
    assert not _imported(ROOT / "starter.py") & below


def test_settings_stand_on_nothing_of_ours_and_logs_on_settings_only() -> None:
    assert not _imported(ROOT / "settings.py") & (FILES | PACKAGES)
    assert _imported(ROOT / "logs.py") & (FILES | PACKAGES) == {"settings"}


def test_every_top_level_file_and_package_is_known_to_one_of_the_two_checks() -> None:
    packages = {init.parent.name for init in ROOT.glob("*/__init__.py")} - {"tests"}
    assert packages == PACKAGES
    assert {source.stem for source in ROOT.glob("*.py")} == FILES | STARTS_A_PACKAGE
    assert set(PROJECT["tool"]["setuptools"]["py-modules"]) == FILES
    assert packages >= STARTS_A_PACKAGE


@pytest.mark.parametrize(
    "text",
    [
        "import worker\n",
        "from worker import serving\n",
        "def start():\n    from worker import serving\n",
        "if TYPE_CHECKING:\n    import worker.parts\n",
    ],
)
def test_an_import_is_found_wherever_it_stands(text: str, tmp_path: Path) -> None:
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "goal.py").write_text(text, encoding="utf-8")
    (tmp_path / "domain" / "policy.py").write_text("from domain.worker import shift\n", encoding="utf-8")
    assert _importers_of("worker", tmp_path) == {"domain/goal.py"}


# The line number of a TOML error is in its text alone; nothing is decided on it.
_READS_A_TEXT = {"domain/toml_text.py"}
_SEARCHES = {"startswith", "endswith", "search", "match", "fullmatch", "find", "index", "count", "findall"}


def _decisions_on_texts(source: Path) -> Iterator[int]:
    """The lines at which the text of a caught error is compared or searched."""
    for handler in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if not isinstance(handler, ast.ExceptHandler) or not handler.name:
            continue
        texts = {f"str({handler.name})", f"{handler.name}.args", f"{handler.name}.message", f"repr({handler.name})"}
        for node in ast.walk(handler):
            if isinstance(node, ast.Compare) or (isinstance(node, ast.Call) and _is_a_search(node.func)):
                read = {ast.unparse(one) for one in ast.walk(node) if isinstance(one, ast.Call | ast.Attribute)}
                if read & texts:
                    yield node.lineno


def _is_a_search(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr in _SEARCHES


def test_nothing_is_decided_on_the_text_of_an_error() -> None:
    found = {
        f"{source.relative_to(ROOT).as_posix()}:{line}"
        for source in _sources(ROOT)
        for line in _decisions_on_texts(source)
    }
    assert {one.partition(":")[0] for one in found} == _READS_A_TEXT, found


def test_a_decision_on_the_text_of_an_error_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "file.py"
    file.write_text(
        "try:\n    x()\nexcept ValueError as error:\n    if 'unique' in str(error):\n        raise\n", "utf-8"
    )
    assert list(_decisions_on_texts(file)) == [4]
