"""One llama-server at a time on one machine, for all users and results directories.

The locks are in one folder for all users; BENCH_LOCKS names another one, for containers that do not share /tmp, and for
tests.
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
    """Hold the lock on running a server on a host; while another process has it, name that process and wait."""
    folder_name = os.environ.get("BENCH_LOCKS")
    folder = Path(folder_name) if folder_name else shared_folder(FOLDER)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as locks:
        # In one order for all, so that no two wait for each other.
        for address in host.addresses if host else ("",):
            name = f"llama-server on {host.name if host else THIS_MACHINE}"
            path = folder / f"llama-server{_suffix(address)}.lock"
            locks.enter_context(locked(path, subject=name, wait=True, everyone=True))
        yield


def _suffix(address: str) -> str:
    """The suffix for an address of a host; the name of a docker context is different for each user."""
    if not address:
        return ""
    return f"-{digest(address if '://' in address else f'{os.getuid()} {address}')[:12]}"
