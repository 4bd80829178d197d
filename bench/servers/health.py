"""Waiting for a server, and asking it what it is. For actions only: imports requests."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from bench.errors import ServerError
from bench.files import digest
from bench.profiles import Profile
from bench.servers import log as logs

POLL = 0.1

OPEN = {"http": "", "https": ""}
"""Proxies of a request to this machine: none, whatever the environment says."""


def wait(url: str, profile: Profile, ended: Callable[[], str | None], log: Path, name: str = "llama-server") -> None:
    """Poll /health until it answers 200. Raises ServerError at once when the server ends, or after health_timeout."""
    timeout = profile.server.health_timeout
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        healthy = _healthy(url)
        reason = ended()
        if reason:
            raise ServerError(
                f"{profile.id}: {name} ended while loading ({reason}); its last lines follow, all of it is in {log}.",
                log=logs.tail(log),
            )
        if healthy:
            return
        time.sleep(POLL)
    raise ServerError(
        f"{profile.id}: {name} did not get healthy within {timeout:g} s; its last {logs.LINES} lines follow, all of it "
        f"is in {log}.",
        log=logs.tail(log),
    )


def _healthy(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=5, proxies=OPEN).status_code == requests.codes.ok
    except requests.RequestException:
        return False


def ask(
    url: str, headers: Mapping[str, str] | None = None, proxies: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What a llama-server says of itself; {} for a server that does not know /props."""
    try:
        props = requests.get(f"{url}/props", headers=headers, timeout=10, proxies=proxies).json()
        models = requests.get(f"{url}/v1/models", headers=headers, timeout=10, proxies=proxies).json()
        meta = (models.get("data") or [{}])[0].get("meta") or {}
        return {
            "build": props.get("build_info", ""),
            "slots": props["total_slots"],
            "context": props.get("default_generation_settings", {}).get("n_ctx"),
            "chat_template": digest(props.get("chat_template", "")),
            "parameters": meta.get("n_params"),
            "bytes": meta.get("size"),
            "quantization": meta.get("ftype"),
            "context_train": meta.get("n_ctx_train"),
        }
    except (requests.RequestException, ValueError, AttributeError, TypeError, IndexError, KeyError):
        return {}
