"""Where completions come from, one interface: `start.serve` yields an Endpoint and leaves nothing running.

    start.py      chooses the kind, one llama-server a machine
    compose.py    llama-server in a container, through docker compose, here or on a host (tunnel.py, remote_models.py)
    process.py    llama-server as a process: named, on PATH, or the server in the wheel (xllamacpp_server.py)
    endpoint.py   something OpenAI-compatible that runs already

    health.py · server_log.py     waiting for a server and asking for its facts; its output, and the reason in it
    model_files.py · lock.py      files that its flags name; one server at a time on a machine
    meter.py                      memory and energy while it runs

A program that reads a prompt and writes an answer has no endpoint: generate/ asks it directly. Every other kind is a
module here that is named as `[server] kind` names it, with `serve(profile, config, model, log)`, a context manager that
yields an Endpoint. To add one, write that module and add its name to SERVER_KINDS in bench/profiles, and to
STARTED_KINDS where it starts a llama-server.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bench.profiles import Profile


@dataclass(frozen=True)
class Endpoint:
    """A server that answers: `base_url` ends in /v1; `ended` says why it no longer runs, or None.

    `facts` holds what the server said of itself: build, slots, context (tokens a slot), model. `llama` says that it
    understands llama.cpp's own request fields, `native` where llama.cpp's own API lies (/tokenize and others); a router
    wants the model's name in each request there. Each request has `headers`, and `query` behind its path. `local` says
    that no proxy stands between it and us. `measure` gives what it costs: peaks so far, and energy since the last call
    (meter.py).
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
        """The URL below which llama.cpp's own API lies."""
        return self.native or self.base_url.removesuffix("/v1")


def arguments(profile: Profile, model: str, host: str, port: int) -> list[str]:
    """llama-server's flags: every slot gets the profile's full context; args and placement come last and win."""
    sampling = profile.sampling
    return [
        "-m", model, "-c", str(sampling.context * sampling.slots), "-np", str(sampling.slots),
        "--host", host, "--port", str(port), *profile.args, *profile.placement,
    ]  # fmt: skip
