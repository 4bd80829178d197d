"""What a doit that was killed left running: remembered on disk from before a container starts until it is removed.

Every generation looks for such memories, whatever starts next, and asks Docker only where there is one. Nothing heavy
is imported.
"""

import contextlib
import subprocess
from pathlib import Path
from typing import Any

from bench import owner
from bench.console import tell
from bench.files import read_json, write_json
from bench.text import plain

NAME = "container.json"
"""Beside a profile's server.log while its container may run."""

OWNER = "bench.owner"
"""The label that names the process whose container it is, as `owner.identity` does."""

PATIENCE = 30.0
"""Seconds for one command of Docker's, over whatever line."""


class _RefusedError(Exception):
    """Docker did not do what it should; its words."""


def docker(where: str) -> list[str]:
    """The start of every docker command line for an engine: an address, a context, or "" for this machine's."""
    return ["docker", *(["--host" if "://" in where else "--context", where] if where else [])]


def remember(log: Path, where: str) -> Path:
    """Note that a container of this process will run on that engine, until `forget`. Raises BenchError."""
    note = log.with_name(NAME)
    write_json(note, {"owner": owner.identity(), "machine": owner.machine(), "docker": where})
    return note


def forget(note: Path) -> None:
    """The container is removed."""
    with contextlib.suppress(OSError):
        note.unlink()


def remove(results: Path) -> None:
    """Remove the containers that killed doits left behind in this results directory.

    One whose process lives, here or on another machine, is left alone; one that cannot be reached now, to the next run.
    """
    for note in sorted(results.glob(f"*/{NAME}")):
        told = read_json(note)
        if not _is_note(told) or told["machine"] != owner.machine() or owner.lives(told["owner"]):
            continue
        what = f"the llama-server container that a killed run of {note.parent.name} left behind"
        try:
            removed = _remove(told)
        except _RefusedError as error:
            tell(f"  {what} could not be removed ({error}); the next run tries it again")
            continue
        forget(note)
        if removed:
            tell(f"  removed {what}")


def _remove(told: dict[str, str]) -> bool:
    """Whether there was one."""
    start = docker(told["docker"])
    ours = ["--filter", f"label={OWNER}={told['owner']}", "--filter", f"label={owner.MACHINE}={told['machine']}"]
    found = _run([*start, "ps", "--all", "--quiet", *ours]).split()
    if found:
        _run([*start, "rm", "--force", *found])
    return bool(found)


def _run(command: list[str]) -> str:
    try:
        ran = subprocess.run(
            command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL, timeout=PATIENCE,
            check=False,
        )  # fmt: skip
    except OSError as error:
        raise _RefusedError(f"docker: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise _RefusedError(f"no answer within {PATIENCE:g} s") from None
    if ran.returncode and "No such container" not in ran.stderr:
        raise _RefusedError(plain(ran.stderr) or f"exit code {ran.returncode}")
    return ran.stdout


def _is_note(value: Any) -> bool:
    keys = ("owner", "machine", "docker")
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in keys)
