import os
import subprocess
import sys

import pytest

from bench import process_identity

HIDDEN = """
import os, subprocess, sys
from bench import process_identity
subprocess.run(["mount", "-t", "tmpfs", "none", "/proc"], check=True)
os.setuid(65534)
print(process_identity.lives(sys.argv[1]))
"""


def seen_by_another_user(whose: str) -> str:
    """Whether that process lives, in the eyes of another user from whom /proc is hidden."""
    if os.getuid():
        pytest.skip("only root may hide /proc")
    command = ["unshare", "--mount", sys.executable, "-c", HIDDEN, whose]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if "denied" in ran.stderr or "not permitted" in ran.stderr:
        pytest.skip("a file system cannot be mounted here")
    return ran.stdout.strip()


def ended() -> str:
    """A process that has ended, as it called itself."""
    program = "from bench import process_identity; print(process_identity.current())"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_who_lives() -> None:
    """A process lives under its number and its beginning; a later one with the same number is another."""
    assert process_identity.lives(process_identity.current())
    assert not process_identity.lives(ended())
    assert not process_identity.lives(f"{os.getpid()} 1")
    assert not process_identity.lives("nobody")


def test_another_users_process_that_cannot_be_seen() -> None:
    """Where /proc hides other users' processes, one that lives is not taken for dead, and a dead one is."""
    assert seen_by_another_user(process_identity.current()) == "True"
    assert seen_by_another_user(ended()) == "False"
