"""One llama-server at a time on one machine, whoever starts it.

The locks lie in one folder for all users; BENCH_LOCKS names another one, for those who share a machine and not its /tmp
(containers), or the reverse (tests).
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from bench.errors import LockedError
from bench.files import digest
from bench.locks import last_holder, locked, shared_folder
from bench.profiles import THIS_MACHINE, Host

FOLDER = Path("/tmp/bench-locks")  # noqa: S108 - made and looked at by shared_folder
"""Not the environment's TMPDIR, which may be a user's own."""


@contextlib.contextmanager
def one_server(host: Host | None = None) -> Iterator[None]:
    """Hold the lock on running a server on a host; tasks of the same doit run wait for each other.

    Raises LockedError that says which process has it since when.
    """
    named = os.environ.get("BENCH_LOCKS")
    folder = Path(named) if named else shared_folder(FOLDER)
    with contextlib.ExitStack() as held:
        # In one order for all, so that no two wait for each other.
        for address in host.addresses if host else ("",):
            what = f"A llama-server on {host.name if host else THIS_MACHINE}"
            _enter(held, folder / f"llama-server{_suffix(address)}.lock", what)
        yield


def _suffix(address: str) -> str:
    """What tells the lock of a host from others; the name of a docker context is its user's own."""
    if not address:
        return ""
    return f"-{digest(address if '://' in address else f'{os.getuid()} {address}')[:12]}"


def _enter(held: contextlib.ExitStack, path: Path, what: str) -> None:
    """Take one lock; wait for it where the same doit run has it."""
    run = os.environ.get("BENCH_RUN", str(os.getpid()))
    note = "" if run == str(os.getpid()) else f" (doit {run})"
    try:
        held.enter_context(locked(path, what=what, note=note, everyone=True))
    except LockedError:
        if not _is(path, run):
            raise
        held.enter_context(locked(path, what=what, note=note, everyone=True, wait=True))


def _is(path: Path, run: str) -> bool:
    """Whether the holder of a lock is of that run; one that has just taken it has a moment to say so."""
    for _ in range(10):
        holder = last_holder(path)
        if holder:
            return holder.startswith(f"process {run} ") or holder.endswith(f" (doit {run})")
        time.sleep(0.05)
    return False
