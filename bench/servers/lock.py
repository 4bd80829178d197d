"""One llama-server at a time on one machine, whoever starts it.

The locks lie in one folder for all users; BENCH_LOCKS names another one, for those who share a machine and not its /tmp
(containers), or the reverse (tests).
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from bench.files import digest
from bench.locks import locked, shared_folder
from bench.profiles import THIS_MACHINE, Host

FOLDER = Path("/tmp/bench-locks")  # noqa: S108 - made and looked at by shared_folder
"""Not the environment's TMPDIR, which may be a user's own."""


@contextlib.contextmanager
def one_server(host: Host | None = None) -> Iterator[None]:
    """Hold the lock on running a server on a host; whoever has it is waited for, and named."""
    named = os.environ.get("BENCH_LOCKS")
    folder = Path(named) if named else shared_folder(FOLDER)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        # In one order for all, so that no two wait for each other.
        for address in host.addresses if host else ("",):
            what = f"llama-server on {host.name if host else THIS_MACHINE}"
            path = folder / f"llama-server{_suffix(address)}.lock"
            held.enter_context(locked(path, what=what, wait=True, everyone=True))
        yield


def _suffix(address: str) -> str:
    """What tells the lock of a host from others; the name of a docker context is its user's own."""
    if not address:
        return ""
    return f"-{digest(address if '://' in address else f'{os.getuid()} {address}')[:12]}"
