import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.errors import MissingPrerequisite
from bench.servers import Endpoint
from bench.servers.endpoint import base
from bench.servers.process import serve
from tests.servers.helpers import Make, refusal, say, serving


@pytest.fixture
def guarded(make: Make, tmp_path: Path) -> Iterator[Endpoint]:
    """A llama-server with a key, which somebody else started."""
    profile, config = make("process", args=["--api-key", "sesame"])
    with serve(profile, config, config.model_path(profile), tmp_path / "guarded.log") as endpoint:
        yield endpoint


@contextmanager
def answering(*codes: int) -> Iterator[str]:
    """The URL of a server that answers each request with the next code, and the last code from then on."""
    left = list(codes)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_with_the_key(guarded: Endpoint, make: Make, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key comes from the environment variable that the profile names; what the server is, is read with it."""
    monkeypatch.setenv("MY_KEY", "sesame")
    made = make("endpoint", model="any", server={"base_url": guarded.base_url, "api_key_env": "MY_KEY"})
    with serving(made, log) as endpoint:
        assert say(endpoint, "two and two?") == "It is 4."
        assert endpoint.facts["slots"] == 1
        assert endpoint.llama
        assert not endpoint.local


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
        "tested: nobody answers at http://127.0.0.1:9/v1 (ConnectionError); start that server, or mend server.base_url."
    )


def test_a_server_that_fails(make: Make, log: Path) -> None:
    """A 500 at the very first question is an error that names it."""
    with answering(500) as url:
        error = refusal(make("endpoint", model="any", server={"base_url": url}), log)
    assert f"{url}/v1 answers 500" in error.sentence


def test_waits_for_one_that_loads(make: Make, log: Path) -> None:
    """A llama-server that says 503 while it loads is waited for; one that is no llama-server has no facts."""
    with (
        answering(503, 503, 503, 503, 200) as url,
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
    ],
)
def test_where_requests_go(written: str, meant: str) -> None:
    """A URL without a path gets /v1, and one with a path is taken at its word."""
    assert base(written) == meant
