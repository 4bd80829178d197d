"""The servers that complete requests, behind one interface: `start.serve` yields an Endpoint, and stops the server.

    start.py      chooses the kind, one llama-server a machine
    compose.py    llama-server in a container, through docker compose, here or on a host (tunnel.py, remote_models.py)
    process.py    llama-server as a process: named, on PATH, or the server in the wheel (xllamacpp_server.py)
    endpoint.py   an OpenAI-compatible server that runs already

    health.py · server_log.py     health checks and the server's facts; its output, and the reason of a failure in it
    model_files.py · lock.py      files that its flags name; one server at a time on a machine
    meter.py                      memory and energy while it runs

A program that reads a prompt and writes an answer has no endpoint: generate/ runs it. Every other `[server] kind` is a
module of that name here, with `serve(profile, config, model, log)`, a context manager that yields an Endpoint. To add
one, write that module and add its name to SERVER_KINDS in bench/profiles, and to STARTED_KINDS if it starts a
llama-server.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.profiles import Profile


@dataclass(frozen=True)
class Endpoint:
    """A healthy server: `base_url` ends in /v1; `ended` returns the reason why it no longer runs, or None.

    `facts` has the server's build, slots, context (tokens a slot) and model. `llama`: it is a llama-server, whose own
    API (/tokenize and others) is at `native`; a router needs the model's name in each request there. Each request has
    `headers`, and `query` after its path. `local`: no proxy is used. `measure` returns its costs: peaks so far, and
    energy since the last call (meter.py).
    """

    base_url: str
    model: str
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    ended: Callable[[], str | None] = lambda: None
    llama: bool = True
    local: bool = True
    native: str = ""
    pid: int | None = None
    measure: Callable[[], dict[str, Any]] = dict

    @property
    def root(self) -> str:
        """The URL of llama.cpp's own API."""
        return self.native or self.base_url.removesuffix("/v1")


def arguments(profile: Profile, model: str, host: str, port: int) -> list[str]:
    """llama-server's flags: every slot gets the profile's full context; args and placement take precedence."""
    sampling = profile.sampling
    return [
        "-m", model, "-c", str(sampling.context * sampling.slots), "-np", str(sampling.slots),
        "--host", host, "--port", str(port), *profile.args, *profile.placement,
    ]  # fmt: skip
