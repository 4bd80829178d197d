"""Where completions come from, one interface: `serve` yields an Endpoint and leaves nothing running.

    compose.py    llama-server in a container, through docker compose
    process.py    llama-server as a process: named, on PATH, or the server in the wheel (wheel.py)
    endpoint.py   something OpenAI-compatible that runs already
    command.py    any program that reads a prompt and writes an answer
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.errors import LockedError
from bench.files import locked
from bench.profiles import Config, Profile


@dataclass(frozen=True)
class Endpoint:
    """A server that answers: `base_url` ends in /v1; `ended` says why it no longer runs, or None.

    `facts` holds what the server said of itself: build, slots, context (tokens a slot), model.
    `llama` says that it understands llama.cpp's own request fields.
    """

    base_url: str
    model: str
    headers: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    ended: Callable[[], str | None] = lambda: None
    llama: bool = True


@contextlib.contextmanager
def serve(profile: Profile, config: Config, model: Path, log: Path) -> Iterator[Endpoint]:
    """Start what the profile asks for, yield it when it is healthy, and stop it whatever happens.

    Raises ServerError, MissingPrerequisite or LockedError. One llama-server at a time runs on one machine.
    """
    if profile.server.kind == "endpoint":
        from bench.servers.endpoint import connect  # noqa: PLC0415 - only the kind that is used

        yield connect(profile)
        return
    if profile.server.kind == "compose":
        from bench.servers.compose import serve as start  # noqa: PLC0415 - only the kind that is used
    else:
        from bench.servers.process import serve as start  # noqa: PLC0415 - only the kind that is used
    with one_server(), start(profile, config, model, log) as endpoint:
        yield endpoint


@contextlib.contextmanager
def one_server() -> Iterator[None]:
    """Hold this user's lock on running a server; tasks of the same doit run wait for each other."""
    folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    path = folder / f"bench-llama-server-{os.getuid()}.lock"
    owner = path.with_suffix(".run")
    run = os.environ.get("BENCH_RUN", str(os.getpid()))
    what = "A llama-server on this machine"
    held = locked(path, what=what)
    try:
        held.__enter__()
    except LockedError:
        with contextlib.suppress(OSError):
            if owner.read_text(encoding="utf-8") != run:
                raise
        held = locked(path, what=what, wait=True)
        held.__enter__()
    try:
        owner.write_text(run, encoding="utf-8")
        yield
    finally:
        held.__exit__(None, None, None)


def arguments(profile: Profile, model: str, host: str, port: int) -> list[str]:
    """llama-server's flags: every slot gets the profile's full context; args and placement come last and win."""
    sampling = profile.sampling
    return [
        "-m", model, "-c", str(sampling.context * sampling.slots), "-np", str(sampling.slots),
        "--host", host, "--port", str(port), *profile.args, *profile.placement,
    ]  # fmt: skip
