"""Waiting for a server, and asking it what it is. For actions only: imports requests."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from bench.errors import ServerError
from bench.files import digest
from bench.profiles import Profile
from bench.servers import server_log

POLL = 0.1


class LoadingError(ServerError):
    """The server runs, and has not loaded its model in the time that it had."""


def session(headers: Mapping[str, str] | None = None, *, local: bool = True) -> requests.Session:
    """A session that sends `headers`; to a `local` server it goes straight, whatever proxy the environment names."""
    made = requests.Session()
    made.headers.update(headers or {})
    made.trust_env = not local
    # With an auth of its own, no ~/.netrc takes the place of the key.
    made.auth = lambda request: request
    return made


def wait(url: str, profile: Profile, ended: Callable[[], str | None], log: Path, name: str = "llama-server") -> None:
    """Poll /health until it answers 200.

    Raises ServerError at once when the server ends, LoadingError after health_timeout.
    """
    timeout, caller = profile.server.health_timeout, session()
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        healthy = status(url, caller) == requests.codes.ok
        reason = ended()
        if reason:
            raise _failed(ServerError, f"{profile.id}: {name} ended while loading ({reason})", log)
        if healthy:
            return
        time.sleep(POLL)
    raise _failed(LoadingError, f"{profile.id}: {name} did not get healthy within {timeout:g} s", log)


def _failed(kind: type[ServerError], what: str, log: Path) -> ServerError:
    words = server_log.tail(log)
    follow = (
        f"its last {server_log.LINES} lines follow, all of it is in {log}" if words else f"it said nothing; see {log}"
    )
    return kind(f"{what}; {follow}.", log=words)


def status(url: str, caller: requests.Session) -> int:
    """What /health answers; 0 where nobody does."""
    try:
        return caller.get(f"{url}/health", timeout=5).status_code
    except requests.RequestException:
        return 0


def ask(url: str, caller: requests.Session | None = None) -> dict[str, Any]:
    """What a llama-server says of itself; {} for a server that does not know /props."""
    caller = caller or session()
    try:
        props = caller.get(f"{url}/props", timeout=10).json()
        models = caller.get(f"{url}/v1/models", timeout=10).json()
        meta = (models.get("data") or [{}])[0].get("meta") or {}
        return {
            "build": props.get("build_info", ""),
            "slots": props["total_slots"],
            "context": props.get("default_generation_settings", {}).get("n_ctx"),
            "chat_template": digest(props.get("chat_template", "")),
            "parameters": meta.get("n_params"),
            "bytes": meta.get("size"),
            "quantization": meta.get("ftype"),
        }
    except (requests.RequestException, ValueError, AttributeError, TypeError, IndexError, KeyError):
        return {}
