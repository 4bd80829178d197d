"""Waiting for a server, and asking it what it is. For actions only: imports requests."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from bench.errors import ServerError
from bench.files import digest
from bench.profiles import Profile

POLL = 0.1
TAIL = 30


def wait(url: str, profile: Profile, ended: Callable[[], str | None], log: Path, name: str = "llama-server") -> None:
    """Poll /health until it answers 200. Raises ServerError at once when the server ends, or after health_timeout."""
    timeout = profile.server.health_timeout
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        reason = ended()
        if reason:
            raise ServerError(f"{profile.id}: {name} ended while loading ({reason}); see {log}.", log=tail(log))
        try:
            if requests.get(f"{url}/health", timeout=5).status_code == requests.codes.ok:
                return
        except requests.RequestException:
            pass
        time.sleep(POLL)
    raise ServerError(
        f"{profile.id}: {name} did not get healthy within {timeout:g} s; its last {TAIL} lines follow, all of it is in {log}.",
        log=tail(log),
    )


def tail(log: Path) -> str:
    """The last lines of a log."""
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:])
    except OSError:
        return ""


def ask(url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """What a llama-server says of itself; {} for a server that does not know /props."""
    try:
        props = requests.get(f"{url}/props", headers=headers, timeout=10).json()
        models = requests.get(f"{url}/v1/models", headers=headers, timeout=10).json()
        meta = (models.get("data") or [{}])[0].get("meta") or {}
        settings = props.get("default_generation_settings", {})
        return {
            "build": props.get("build_info", ""),
            "slots": props.get("total_slots"),
            "context": settings.get("n_ctx"),
            "chat_template": digest(props.get("chat_template", "")),
            "parameters": meta.get("n_params"),
            "bytes": meta.get("size"),
            "quantization": meta.get("ftype"),
            "context_train": meta.get("n_ctx_train"),
        }
    except (requests.RequestException, ValueError, AttributeError, TypeError, IndexError):
        return {}
