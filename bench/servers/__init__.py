"""Where completions come from, one interface: `serve` yields an Endpoint and leaves nothing running.

    compose.py    llama-server in a container, through docker compose
      ├── engine.py       what Docker has: engine, plugin, image
      └── containers.py   what is in the way of a container, and one that runs
    process.py    llama-server as a process: named, on PATH, or the server in the wheel (xllamacpp_server.py)
    endpoint.py   something OpenAI-compatible that runs already

    health.py · server_log.py         waiting for a server, what it said, how it ends
    lock.py                           one at a time on a machine
    leftovers.py                      what a killed run left behind

A program that reads a prompt and writes an answer has no endpoint: generate/command.py asks it directly. Every other
kind is a module here that is named as `[server] kind` names it, with `serve(profile, config, model, log)`, a context
manager that yields an Endpoint. To add one, write that module and add its name to SERVER_KINDS in
bench/profiles/__init__.py, and to STARTED_KINDS where it starts a llama-server: one at a time runs on a machine.
"""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.profiles import Config, Profile
from bench.servers.lock import one_server


@dataclass(frozen=True)
class Endpoint:
    """A server that answers: `base_url` ends in /v1; `ended` says why it no longer runs, or None.

    `facts` holds what the server said of itself: build, slots, context (tokens a slot), model.
    `llama` says that it understands llama.cpp's own request fields; `local`, that we started it on this machine.
    """

    base_url: str
    model: str
    headers: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    ended: Callable[[], str | None] = lambda: None
    llama: bool = True
    local: bool = True


@contextlib.contextmanager
def serve(profile: Profile, config: Config, model: Path, log: Path) -> Iterator[Endpoint]:
    """Start what the profile asks for, yield it when it is healthy, and stop it whatever happens.

    Raises ServerError, MissingPrerequisite or LockedError. One llama-server at a time runs on one machine.
    """
    kind = importlib.import_module(f"{__name__}.{profile.server.kind}")
    alone = one_server(profile.host) if profile.server.starts else contextlib.nullcontext()
    with alone, kind.serve(profile, config, model, log) as endpoint:
        yield endpoint


def arguments(profile: Profile, model: str, host: str, port: int) -> list[str]:
    """llama-server's flags: every slot gets the profile's full context; args and placement come last and win."""
    sampling = profile.sampling
    return [
        "-m", model, "-c", str(sampling.context * sampling.slots), "-np", str(sampling.slots),
        "--host", host, "--port", str(port), *profile.args, *profile.placement,
    ]  # fmt: skip
