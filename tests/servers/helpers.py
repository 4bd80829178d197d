"""What the tests of servers share."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from bench.errors import BenchError
from bench.profiles import Config, Profile
from bench.servers import Endpoint
from bench.servers.health import new_session
from bench.servers.start import serve
from tests import POLL, images

Make = Callable[..., tuple[Profile, Config]]
IMAGE = images.SERVER


def serving(made: tuple[Profile, Config], log: Path) -> contextlib.AbstractContextManager[Endpoint]:
    """The server of a profile, as generation starts it."""
    profile, config = made
    return serve(profile, config, config.model_path(profile), log)


def refusal(made: tuple[Profile, Config], log: Path) -> BenchError:
    """The error with which a server does not start."""
    with pytest.raises(BenchError) as caught, serving(made, log):
        pass
    return caught.value


@contextlib.contextmanager
def on_loopback(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The URL of a server that answers each request by this handler, and is silent about it."""
    quiet = type("Quiet", (handler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), quiet) as server:
        threading.Thread(target=server.serve_forever, args=(POLL,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def script(path: Path, text: str) -> str:
    """An executable file with that text, by name."""
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def say(endpoint: Endpoint, text: str, max_tokens: int = 16) -> str:
    """What the server answers."""
    request = {"messages": [{"role": "user", "content": text}], "max_tokens": max_tokens, "temperature": 0}
    answer = new_session(endpoint.headers).post(f"{endpoint.base_url}/chat/completions", json=request, timeout=60)
    return str(answer.json()["choices"][0]["message"]["content"])


def stream(endpoint: Endpoint, text: str, max_tokens: int) -> Iterator[bytes]:
    """The lines of an answer as they come, up to where the server breaks off."""
    request = {"messages": [{"role": "user", "content": text}], "max_tokens": max_tokens, "stream": True}
    url = f"{endpoint.base_url}/chat/completions"
    with (
        new_session(endpoint.headers).post(url, json=request, stream=True, timeout=60) as answer,
        contextlib.suppress(requests.RequestException),
    ):
        yield from answer.iter_lines(chunk_size=1)


BEFORE: set[int] = set()
"""What this process had started before the test at hand: other tests' browsers and sandboxes."""


def children(pid: int | None = None) -> list[int]:
    """The processes that this one (in this test), or another, has started and that run or wait to be buried."""
    pid = pid or os.getpid()
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [child for child in children if child not in BEFORE]


def lives(pid: int) -> bool:
    """Whether a process runs."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def eventually(holds: Callable[[], object], seconds: float = 20) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return bool(holds())
