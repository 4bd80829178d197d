import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from bench.errors import MissingPrerequisite
from bench.generate.http import Client
from bench.servers import Endpoint, health
from bench.servers.endpoint import base, is_loopback
from bench.servers.process import serve
from tests.servers.helpers import Make, on_loopback, refusal, say, serving


@pytest.fixture
def guarded(make: Make, tmp_path: Path) -> Iterator[Endpoint]:
    """A llama-server with a key, which somebody else started."""
    profile, config = make("process")
    profile = replace(profile, args=("--api-key", "sesame"))
    with serve(profile, config, config.model_path(profile), tmp_path / "guarded.log") as endpoint:
        yield endpoint


@contextmanager
def answering(*codes: int) -> Iterator[str]:
    """The URL of a server that answers each request with the next code, and the last code from then on."""
    left = list(codes)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(code)
            if code == 301:
                self.send_header("Location", "http://elsewhere/v1/models")
            self.end_headers()

    with on_loopback(Handler) as url:
        yield url


def test_with_the_key(guarded: Endpoint, make: Make, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key comes from the environment variable that the profile names; what the server is, is read with it."""
    monkeypatch.setenv("MY_KEY", "sesame")
    made = make("endpoint", model="any", server={"base_url": guarded.base_url, "api_key_env": "MY_KEY"})
    with serving(made, log) as endpoint:
        assert say(endpoint, "two and two?") == "It is 4."
        assert endpoint.facts["slots"] == 1
        assert endpoint.llama


def test_with_a_wrong_key(guarded: Endpoint, make: Make, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is refused is an error that names the variable, not the key."""
    monkeypatch.setenv("MY_KEY", "friend")
    made = make("endpoint", model="any", server={"base_url": guarded.base_url, "api_key_env": "MY_KEY"})
    sentence = refusal(made, log).sentence
    assert "answers 401; put the right key into the environment variable MY_KEY" in sentence
    assert "friend" not in sentence


def test_without_a_key(guarded: Endpoint, make: Make, log: Path) -> None:
    """A server that wants a key, where the profile names none, is an error that says how to name one."""
    error = refusal(make("endpoint", model="any", server={"base_url": guarded.base_url}), log)
    assert "answers 401; set server.api_key_env to the name" in error.sentence


def test_key_variable_is_not_set(make: Make, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is named and not set is a prerequisite that is missing."""
    monkeypatch.delenv("MY_KEY", raising=False)
    error = refusal(make("endpoint", model="any", server={"base_url": "http://x", "api_key_env": "MY_KEY"}), log)
    assert isinstance(error, MissingPrerequisite)
    assert "the environment variable MY_KEY is not set" in error.sentence


def test_nobody_answers(make: Make, log: Path) -> None:
    """A URL where nobody listens is an error before any request."""
    error = refusal(make("endpoint", model="any", server={"base_url": "http://127.0.0.1:9/v1"}), log)
    assert error.sentence == (
        "tested: nobody answers at http://127.0.0.1:9/v1 (ConnectionError); start that server, or fix server.base_url."
    )


def test_a_server_that_fails(make: Make, log: Path) -> None:
    """A 500 at the very first question is an error that names it."""
    with answering(500) as url:
        error = refusal(make("endpoint", model="any", server={"base_url": url}), log)
    assert f"{url}/v1 answers 500" in error.sentence


@pytest.mark.slow
@pytest.mark.parametrize("codes", [(503, 503, 503, 200), (502, 504, 404), (501,)])
def test_waits_for_one_that_loads(make: Make, log: Path, codes: tuple[int, ...]) -> None:
    """One that says that it loads or is away is waited for, and need not list its models; no facts are made up."""
    with (
        answering(*codes) as url,
        serving(make("endpoint", model="any", server={"base_url": url}), log) as endpoint,
    ):
        assert (endpoint.facts, endpoint.llama) == ({}, False)


def test_one_that_loads_for_ever(make: Make, log: Path) -> None:
    """One that never gets healthy is an error after health_timeout."""
    with answering(503) as url:
        error = refusal(make("endpoint", model="any", server={"base_url": url, "health_timeout": 0.5}), log)
    assert "did not get healthy within 0.5 s" in error.sentence


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://localhost:8080", "http://localhost:8080/v1"),
        ("http://localhost:8080/", "http://localhost:8080/v1"),
        ("http://localhost:8080/v1/", "http://localhost:8080/v1"),
        ("https://host/openai/v4", "https://host/openai/v4"),
        ("http://localhost:8080/v1/chat/completions", "http://localhost:8080/v1"),
        ("http://localhost:8080/v1/models/", "http://localhost:8080/v1"),
        (
            "https://x.azure.com/openai/deployments/d/chat/completions?api-version=1",
            "https://x.azure.com/openai/deployments/d",
        ),
    ],
)
def test_where_requests_go(written: str, meant: str) -> None:
    """A URL without a path gets /v1, and one with a path is taken at its word."""
    assert base(written) == meant


PROPS = {"total_slots": 3, "default_generation_settings": {"n_ctx": 4096}, "chat_template": "t", "build_info": "b1-x"}
MODELS = {"data": [{"id": "other", "meta": {"n_params": 1}}, {"id": "org/m:Q4", "meta": {"n_params": 7}}]}


@contextmanager
def routing(pages: dict[str, Any]) -> Iterator[str]:
    """The URL of a server with those pages, by path and query; any other is a 404.

    A number is a status; of a tuple, each request gets the next.
    """
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            page = pages.get(self.path, 404)
            if isinstance(page, tuple):
                page = page[min(len(page), requests.count(self.path)) - 1]
            code = page if isinstance(page, int) else 200
            self.send_response(code)
            self.end_headers()
            self.wfile.write(json.dumps(page).encode() if code == 200 else b"page not found")

    with on_loopback(Handler) as url:
        yield url


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pages", "below"),
    [
        ({"/props": PROPS, "/v1/models": MODELS}, ""),
        ({"/props": {"role": "router"}, "/props?model=org%2Fm%3AQ4": PROPS, "/v1/models": MODELS}, ""),
        ({"/props": {"role": "router"}, "/props?model=org%2Fm%3AQ4": (503, 503, PROPS), "/v1/models": MODELS}, ""),
        ({"/running": {"running": []}, "/props?model=org%2Fm%3AQ4": PROPS, "/v1/models": MODELS}, ""),
        ({"/running": {"running": []}, "/upstream/org/m%3AQ4/props": PROPS,
          "/upstream/org/m%3AQ4/v1/models": {"data": MODELS["data"][1:]}}, "/upstream/org/m%3AQ4"),
    ],
    ids=["llama-server", "router", "router that loads", "llama-swap that passes props on", "llama-swap"],
)  # fmt: skip
def test_a_llama_server_behind_a_router(make: Make, log: Path, pages: dict[str, Any], below: str) -> None:
    """One that answers for a model alone is recognised, with its facts and the place of llama.cpp's own API."""
    with (
        routing({"/v1/models": MODELS} | pages) as url,
        serving(make("endpoint", model="org/m:Q4", server={"base_url": url}), log) as endpoint,
    ):
        assert endpoint.llama
        assert (endpoint.facts["slots"], endpoint.facts["context"], endpoint.facts["parameters"]) == (3, 4096, 7)
        assert (endpoint.base_url, endpoint.root) == (f"{url}/v1", f"{url}{below}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "props",
    [{}, [], {"total_slots": "many"}, {"total_slots": 1e400}, {"total_slots": -1}, {"total_slots": [1]}],
)
def test_no_llama_server(make: Make, log: Path, props: Any) -> None:
    """Whatever else answers at /props is no llama-server, and no crash."""
    with (
        routing({"/props": props, "/v1/models": {"data": 5}}) as url,
        serving(make("endpoint", model="m", server={"base_url": url}), log) as endpoint,
    ):
        assert (endpoint.llama, endpoint.facts) == (False, {})


def test_facts_of_odd_types(make: Make, log: Path) -> None:
    """What a llama-server says in another type than it should counts as unsaid."""
    odd = {"total_slots": 2, "default_generation_settings": 5, "chat_template": [1], "build_info": {"a": 1}}
    with (
        routing({"/props": odd, "/v1/models": [1]}) as url,
        serving(make("endpoint", model="m", server={"base_url": url}), log) as endpoint,
    ):
        assert (endpoint.facts["slots"], endpoint.facts["context"], endpoint.facts["build"]) == (2, None, "")


@pytest.mark.parametrize(
    ("key", "header"), [("sesame", "api-key: sesame"), ("eyJ.token", "Authorization: Bearer eyJ.token")]
)
def test_a_query(make: Make, log: Path, monkeypatch: pytest.MonkeyPatch, key: str, header: str) -> None:
    """The query of base_url, such as Azure's, stands behind the path of each request; a key has Azure's own header."""
    monkeypatch.setenv("MY_KEY", key)
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(f"{self.path} {self.headers}")
            self.send_response(404 if self.command == "GET" else 200)
            self.end_headers()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()
            answer = {"choices": [{"message": {"content": "It is 4."}, "finish_reason": "stop"}]}
            self.wfile.write(json.dumps(answer).encode())

    with on_loopback(Handler) as root:
        url = f"{root}/openai/deployments/m?api-version=2024-12-01-preview"
        made = make("endpoint", model="m", server={"base_url": url, "api_key_env": "MY_KEY"})
        with serving(made, log) as endpoint:
            assert Client(endpoint, made[0], 0.0).complete({"messages": []}, lambda _: None).text == "It is 4."
    assert requests[-1].startswith("/openai/deployments/m/chat/completions?api-version=2024-12-01-preview ")
    assert all("api-version=2024-12-01-preview" in one and header in one for one in requests)


@pytest.mark.parametrize("header", ["api-key", "Authorization"])
def test_no_key_for_another_server(header: str) -> None:
    """A server that sends a request on to another one does not send our key with it."""
    seen: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.headers[header])
            self.send_response(200 if len(seen) > 1 else 307)
            self.send_header("Location", f"{second}/")
            self.end_headers()

    with on_loopback(Handler) as first, on_loopback(Handler) as second:
        health.new_session({header: "sesame"}).get(f"{first}/", timeout=5)
    assert seen == ["sesame", None]


@pytest.mark.slow
@pytest.mark.parametrize("body", ["endless", "slow", "deep"])
def test_a_body_without_end(body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a body that never ends, comes a byte at a time, or nests without end, no more than so much is read."""
    monkeypatch.setattr(health, "MAX_BODY", 1 << 20)
    pieces = {"endless": b"x" * 65536, "slow": b"x", "deep": b"[" * 500_000}[body]
    sent = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while body != "deep" or not sent:
                    self.wfile.write(pieces)
                    sent.append(len(pieces))
                    if body == "slow":
                        time.sleep(0.02)

    with on_loopback(Handler) as url:
        began = time.monotonic()
        assert health.fetch(f"{url}/props", health.new_session(), 0.5) == {}
        assert time.monotonic() - began < 5
    assert sum(sent) < 1 << 26


@pytest.mark.parametrize("key", ["sk-1\r", "sk-…1", "sk 1"])
def test_a_key_that_no_header_holds(make: Make, log: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """A key with a line end or a character beyond ASCII is an error that names its variable, and not the key."""
    monkeypatch.setenv("MY_KEY", key)
    made = make("endpoint", model="any", server={"base_url": "http://127.0.0.1:9", "api_key_env": "MY_KEY"})
    sentence = refusal(made, log).sentence
    assert "the key in MY_KEY has the character U+" in sentence
    assert "sk" not in sentence


def test_a_redirect(make: Make, log: Path) -> None:
    """A server that sends elsewhere is an error that names the address to write."""
    with answering(301) as url:
        sentence = refusal(make("endpoint", model="any", server={"base_url": url}), log).sentence
    assert sentence == f"tested: {url}/v1 redirects to http://elsewhere/v1; write that address as server.base_url."


def test_https_where_http_is_spoken(make: Make, log: Path) -> None:
    """An address with https where nobody speaks it says so."""
    with answering(200) as url:
        address = url.replace("http://", "https://")
        sentence = refusal(make("endpoint", model="any", server={"base_url": address}), log).sentence
    assert f"what answers at {address}/v1 does not speak https; write http:// in server.base_url" in sentence


@pytest.mark.parametrize(
    ("url", "here"),
    [("http://LOCALHOST:1", True), ("http://a.localhost", True), ("http://127.1:80", True), ("http://0.0.0.0:80", True),
     ("http://[::1]", True), ("http://[::]:80", True), ("http://[::ffff:127.0.0.1]", True), ("http://10.0.0.1", False),
     ("http://localhost.evil.org", False)],
)  # fmt: skip
def test_what_leads_to_this_machine(url: str, here: bool) -> None:  # noqa: FBT001
    """No proxy is asked for an address of this machine, in any of its spellings."""
    assert is_loopback(url) is here
