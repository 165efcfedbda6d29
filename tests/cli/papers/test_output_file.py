"""A file that a command writes: whole or not at all, also where two commands write it at the same time."""

from pathlib import Path

import pytest

from cli.papers.output_file import OutputFile
from cli.session.session import terminal


def test_two_commands_that_write_one_file_leave_one_whole_result_and_nothing_beside_it(tmp_path: Path) -> None:
    file, to = tmp_path / "goals.csv", terminal(as_json=False)
    with OutputFile(file, to, overwrite=True) as first:
        first.write(b"first, ")
        with OutputFile(file, to, overwrite=True) as second:
            second.write(b"second")
        assert file.read_bytes() == b"second"
        first.write(b"whole")
    assert file.read_bytes() == b"first, whole"
    assert list(tmp_path.iterdir()) == [file]


def test_a_command_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "goals.csv"
    file.write_bytes(b"old")

    def write_half() -> None:
        with OutputFile(file, terminal(as_json=False), overwrite=True) as half:
            half.write(b"ha")
            raise ConnectionError

    with pytest.raises(ConnectionError):
        write_half()
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
