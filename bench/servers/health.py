"""Health checks of servers, and their facts. For actions only: imports requests."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError

from bench.errors import ServerError
from bench.files import digest
from bench.profiles import Profile
from bench.servers import server_log
from bench.untrusted import bounded, items, parse_json, positive, table, whole, word

POLL = 0.1
AZURE_KEY = "api-key"
"""Azure's header for a key."""
MAX_BODY = 1 << 23
"""Bytes of a response about the server; a list of 400 models with prices has 1 MB."""

SIGNALS = {
    4: "an instruction that this processor lacks", 9: "killed, perhaps for lack of memory: see dmesg", 11: "a crash",
}  # fmt: skip


class LoadingError(ServerError):
    """The server runs, and has not loaded its model within the time limit."""


class StartError(ServerError):
    """The server ended while it started; `hopeless`: another start would fail too."""

    hopeless = False


class _Session(requests.Session):
    """A session that does not send a key, in any header, to the target of a redirect on another server."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call] # in types-requests
        if self.should_strip_auth(response.request.url, prepared_request.url):  # type: ignore[no-untyped-call]
            prepared_request.headers.pop(AZURE_KEY, None)


def new_session(
    headers: Mapping[str, str] | None = None, *, query: Mapping[str, str] | None = None, local: bool = True
) -> requests.Session:
    """A session that sends `headers`, and `query` after each path; for a `local` server without any proxy."""
    session = _Session()
    session.headers.update(headers or {})
    session.params = dict(query or {})
    session.trust_env = not local
    if local:
        session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    # With an auth of its own, no ~/.netrc takes the place of the key.
    session.auth = lambda request: request
    return session


def wait(url: str, profile: Profile, ended: Callable[[], str | None], log: Path) -> float:
    """Poll /health of a server that was started here until it answers 200; returns the seconds.

    Raises StartError at once when the server ends, LoadingError after health_timeout.
    """
    timeout, session = profile.server.health_timeout, new_session()
    began = time.monotonic()
    while time.monotonic() < began + timeout:
        healthy = _answer(f"{url}/health", session, 5.0)[0] == requests.codes.ok
        end = ended()
        if end:
            raise _start_error(profile, end, log)
        if healthy:
            return round(time.monotonic() - began, 2)
        time.sleep(POLL)
    reason = server_log.reason(log)
    last = f" (last: {reason.text})" if reason.text else ""
    raise LoadingError(
        f"{profile.id}: llama-server did not get healthy within {timeout:g} s{last}; raise server.health_timeout, or "
        f"see {log}.",
        log=server_log.tail(log),
    )


def ending(code: int) -> str:
    """The phrase for an exit code; below 0, or above 128, it is a signal's."""
    number = -code if code < 0 else max(0, code - 128)
    if not number:
        return f"exit code {code}"
    return f"signal {number} ({SIGNALS[number]})" if number in SIGNALS else f"signal {number}"


def _start_error(profile: Profile, end: str, log: Path) -> StartError:
    reason = server_log.reason(log)
    cause = f"{end}: {reason.text}" if reason.text else f"{end}, without output"
    sentence = f"{profile.id}: llama-server ended while loading ({cause}); see {log}."
    error = StartError(sentence, log=server_log.tail(log))
    error.hopeless = reason.hopeless
    return error


def fetch(url: str, session: requests.Session, seconds: float = 10.0) -> dict[str, Any]:
    """The JSON object at a URL; {} for anything else, also where it is too large, too deep or too slow."""
    return _answer(url, session, seconds)[1]


def _answer(url: str, session: requests.Session, seconds: float) -> tuple[int, dict[str, Any]]:
    """The status, 0 without an answer, and the JSON object."""
    status, value = 0, None
    failures = contextlib.suppress(requests.RequestException, HTTPError, ValueError)
    with failures, session.get(url, timeout=seconds, stream=True) as response:
        status = response.status_code
        if status == requests.codes.ok:
            value = parse_json(bounded(pieces(response), size=MAX_BODY, seconds=seconds))
    return status, table(value)


def _when_loaded(url: str, session: requests.Session, seconds: float) -> dict[str, Any]:
    """As `fetch`, once the server has loaded its model (status 503 until then)."""
    deadline = time.monotonic() + seconds
    while True:
        code, facts = _answer(url, session, max(POLL, deadline - time.monotonic()))
        if code != requests.codes.service_unavailable or time.monotonic() >= deadline:
            return facts
        time.sleep(POLL)


def pieces(response: requests.Response) -> Iterator[bytes]:
    """The body, in the pieces of each read, so that a byte a second is noticed."""
    while piece := response.raw.read1(1 << 16, decode_content=True):
        yield piece


def facts(root: str) -> dict[str, Any]:
    """The facts of a llama-server that was started for a profile; {} for another server."""
    session = new_session()
    return _facts(fetch(f"{root}/props", session), root, session, "")


def find_llama(root: str, model: str, session: requests.Session, seconds: float) -> tuple[str, dict[str, Any]]:
    """The URL of llama.cpp's own API for a model, and its facts; ("", {}) where no llama-server answers.

    A router (llama-server without a model) has a model's facts at ?model=, llama-swap below /upstream/<model>. Both
    load the model first, which may take `seconds`.
    """
    props, name = fetch(f"{root}/props", session), quote(model, safe="")
    if facts := _facts(props, root, session, model):
        return root, facts
    patience = seconds if props or "running" in fetch(f"{root}/running", session) else 10.0
    if facts := _facts(_when_loaded(f"{root}/props?model={name}", session, patience), root, session, model):
        return root, facts
    upstream = f"{root}/upstream/{quote(model)}"
    if facts := _facts(_when_loaded(f"{upstream}/props", session, patience), upstream, session, ""):
        return upstream, facts
    return "", {}


def _facts(props: dict[str, Any], root: str, session: requests.Session, model: str) -> dict[str, Any]:
    """`model` is the entry of /v1/models that counts."""
    if positive(props.get("total_slots")) is None:
        return {}
    entries = [table(entry) for entry in items(fetch(f"{root}/v1/models", session).get("data"))]
    named = [entry for entry in entries if model and entry.get("id") == model]
    meta = table((named or entries or [{}])[0].get("meta"))
    template, context = props.get("chat_template"), table(props.get("default_generation_settings")).get("n_ctx")
    return {
        "build": word(props.get("build_info")),
        "slots": whole(props["total_slots"]),
        "context": whole(context),
        "parameters": whole(meta.get("n_params")),
        "bytes": whole(meta.get("size")),
        "quantization": word(meta.get("ftype")) or None,
        "chat_template": digest(template if isinstance(template, str) else ""),
    }
