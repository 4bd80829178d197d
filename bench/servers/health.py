"""Waiting for a server, and asking it for its facts. For actions only: imports requests."""

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
"""The header in which Azure wants a key."""
LARGEST = 1 << 23
"""Bytes of what a server tells about itself; a list of 400 models with prices has 1 MB."""


SIGNALS = {
    4: "an instruction that this processor lacks", 9: "killed, perhaps for lack of memory: see dmesg", 11: "a crash",
}  # fmt: skip


class LoadingError(ServerError):
    """The server runs, and has not loaded its model in the time that it had."""


class StartError(ServerError):
    """The server ended while it started; `hopeless` means that another start would end like this one."""

    hopeless = False


class _Session(requests.Session):
    """One that takes no key along where it is sent to another server, whatever header has it."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        super().rebuild_auth(prepared_request, response)  # type: ignore[no-untyped-call] # in types-requests
        if self.should_strip_auth(response.request.url, prepared_request.url):  # type: ignore[no-untyped-call]
            prepared_request.headers.pop(AZURE_KEY, None)


def session(
    headers: Mapping[str, str] | None = None, *, query: Mapping[str, str] | None = None, local: bool = True
) -> requests.Session:
    """A session that sends `headers`, and `query` behind each path; to a `local` server it goes past all proxies."""
    made = _Session()
    made.headers.update(headers or {})
    made.params = dict(query or {})
    made.trust_env = not local
    if local:
        made.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    # With an auth of its own, no ~/.netrc takes the place of the key.
    made.auth = lambda request: request
    return made


def wait(url: str, profile: Profile, ended: Callable[[], str | None], log: Path) -> float:
    """Poll /health of a server that we started until it answers 200; the seconds that it took.

    Raises StartError at once when the server ends, LoadingError after health_timeout.
    """
    timeout, caller = profile.server.health_timeout, session()
    began = time.monotonic()
    while time.monotonic() < began + timeout:
        healthy = status(url, caller) == requests.codes.ok
        how = ended()
        if how:
            raise _start_error(profile, how, log)
        if healthy:
            return round(time.monotonic() - began, 2)
        time.sleep(POLL)
    reason = server_log.reason(log)
    what = f"llama-server did not get healthy within {timeout:g} s"
    raise LoadingError(
        f"{profile.id}: {what}{f' (last: {reason.text})' if reason.text else ''}; raise server.health_timeout, or see "
        f"{log}.",
        log=server_log.tail(log),
    )


def ending(code: int) -> str:
    """How a program ended, by its exit code: below 0, or above 128, it is a signal's."""
    number = -code if code < 0 else max(0, code - 128)
    if not number:
        return f"exit code {code}"
    return f"signal {number} ({SIGNALS[number]})" if number in SIGNALS else f"signal {number}"


def _start_error(profile: Profile, how: str, log: Path) -> StartError:
    reason = server_log.reason(log)
    why = f"{how}: {reason.text}" if reason.text else f"{how}, without a word"
    error = StartError(f"{profile.id}: llama-server ended while loading ({why}); see {log}.", log=server_log.tail(log))
    error.hopeless = reason.hopeless
    return error


def status(url: str, caller: requests.Session) -> int:
    """The status of /health; 0 where nobody answers."""
    try:
        with caller.get(f"{url}/health", timeout=5, stream=True) as response:
            return response.status_code
    except requests.RequestException:
        return 0


def fetch(url: str, caller: requests.Session, seconds: float = 10.0) -> dict[str, Any]:
    """The JSON object behind a URL; {} where it is none, too large, too deep, or not all there in time."""
    return _answer(url, caller, seconds)[1]


def _answer(url: str, caller: requests.Session, seconds: float) -> tuple[int, dict[str, Any]]:
    try:
        with caller.get(url, timeout=seconds, stream=True) as response:
            if response.status_code != requests.codes.ok:
                return response.status_code, {}
            return requests.codes.ok, table(parse_json(bounded(_reads(response), size=LARGEST, seconds=seconds)))
    except (requests.RequestException, HTTPError, ValueError):
        return 0, {}


def _when_loaded(url: str, caller: requests.Session, seconds: float) -> dict[str, Any]:
    """As `fetch`, once the server says no more that it loads the model."""
    deadline = time.monotonic() + seconds
    while True:
        code, found = _answer(url, caller, max(POLL, deadline - time.monotonic()))
        if code != requests.codes.service_unavailable or time.monotonic() >= deadline:
            return found
        time.sleep(POLL)


def _reads(response: requests.Response) -> Iterator[bytes]:
    """The body, by what each read of the connection brings: whoever sends a byte a second is noticed."""
    while piece := response.raw.read1(1 << 16, decode_content=True):
        yield piece


def facts(root: str, caller: requests.Session | None = None, model: str = "") -> dict[str, Any]:
    """What a llama-server says of itself, {} for another server; `model` is the entry of /v1/models that counts."""
    caller = caller or session()
    return _facts(fetch(f"{root}/props", caller), root, caller, model)


def find_llama(root: str, model: str, caller: requests.Session, seconds: float) -> tuple[str, dict[str, Any]]:
    """Where llama.cpp's own API of a model lies, and its facts; ("", {}) where no llama-server answers.

    A router (llama-server without a model) has one model's facts behind ?model=, llama-swap below /upstream/<model>.
    Both load the model for that, which may take `seconds`.
    """
    props, name = fetch(f"{root}/props", caller), quote(model, safe="")
    if found := _facts(props, root, caller, model):
        return root, found
    patience = seconds if props or "running" in fetch(f"{root}/running", caller) else 10.0
    if found := _facts(_when_loaded(f"{root}/props?model={name}", caller, patience), root, caller, model):
        return root, found
    upstream = f"{root}/upstream/{quote(model)}"
    if found := _facts(_when_loaded(f"{upstream}/props", caller, patience), upstream, caller, ""):
        return upstream, found
    return "", {}


def _facts(props: dict[str, Any], root: str, caller: requests.Session, model: str) -> dict[str, Any]:
    if positive(props.get("total_slots")) is None:
        return {}
    entries = [table(entry) for entry in items(fetch(f"{root}/v1/models", caller).get("data"))]
    named = [entry for entry in entries if model and entry.get("id") == model]
    meta = table((named or entries or [{}])[0].get("meta"))
    template, context = props.get("chat_template"), table(props.get("default_generation_settings")).get("n_ctx")
    return {
        "build": word(props.get("build_info")),
        "slots": whole(props["total_slots"]),
        "context": whole(context),
        "chat_template": digest(template if isinstance(template, str) else ""),
        "parameters": whole(meta.get("n_params")),
        "bytes": whole(meta.get("size")),
        "quantization": word(meta.get("ftype")) or None,
    }
