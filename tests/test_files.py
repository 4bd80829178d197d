"""Files that are whole or not there, and what killed writers leave."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.files import read_table, write_atomic
from bench.locks import holding, locked

KILLED = """
import os, signal, sys
from pathlib import Path
from bench.files import write_stream
def pieces():
    yield "half of it"
    os.kill(os.getpid(), signal.SIGKILL)
    yield "the rest"
write_stream(Path(sys.argv[1]), pieces())
"""


def test_what_a_killed_writer_leaves(tmp_path: Path) -> None:
    """A kill -9 in the middle leaves the old file; its half written one is removed by the next process that writes."""
    path = tmp_path / "result.json"
    path.write_text("old")
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    another = f".x.{os.getpid()}.tmp"
    (tmp_path / another).touch()
    write_atomic(tmp_path / "other.json", "new")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [another, "other.json", "result.json"]


def test_temporary_files_of_other_machines(tmp_path: Path) -> None:
    """What another machine is writing in a shared folder stays, whatever numbers processes have here."""
    (tmp_path / ".x.4194305-000000.tmp").touch()
    (tmp_path / ".x.4194305.tmp").touch()
    (tmp_path / "notes.tmp").touch()
    write_atomic(tmp_path / "a", "")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".x.4194305-000000.tmp", "a", "notes.tmp"]


def test_a_lock_follows_no_link(tmp_path: Path) -> None:
    """A link where a lock belongs is refused and not looked through; what it leads to stays as it was."""
    (tmp_path / "precious").write_text("process 1 since ever")
    (tmp_path / "lock").symlink_to(tmp_path / "precious")
    with pytest.raises(BenchError, match="symbolic link"), locked(tmp_path / "lock", subject="It"):
        pass
    assert holding(tmp_path / "lock") == ""
    assert (tmp_path / "precious").read_text() == "process 1 since ever"


def test_a_holder_with_odd_words(tmp_path: Path) -> None:
    """What stands in a lock file is shown as plain text of bounded length."""
    with locked(tmp_path / "lock", subject="It"):
        (tmp_path / "lock").write_bytes(b"\x1b[2Jprocess 7" + bytes([0xFF]) * 100_000)
        assert holding(tmp_path / "lock").startswith("␛[2Jprocess 7")
        assert len(holding(tmp_path / "lock")) <= 300


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """A pipe in the place of a record, whose reading would never end, is as good as none."""
    os.mkfifo(tmp_path / "x.json")
    assert read_table(tmp_path / "x.json") == {}
