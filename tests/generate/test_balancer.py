"""Several endpoints behind one profile, each a server that misbehaves on demand."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.errors import ServerError
from bench.generate.http import DownError
from bench.generate.journal import Journal
from bench.generate.run import generate
from bench.profiles import Config
from bench.profiles.file import load
from bench.records import Completion
from tests.generate.conftest import FAULTY_SERVER
from tests.servers.helpers import eventually


class There:
    """A faulty server that listens at one address whenever it runs."""

    def __init__(self, folder: Path, *plan: object) -> None:
        self.folder = folder
        folder.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.plan(*plan or [{}])
        self.process: subprocess.Popen[bytes] | None = None

    def plan(self, *behaviours: object) -> None:
        (self.folder / "plan.json").write_text(json.dumps(behaviours))

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(FAULTY_SERVER), "--port", str(self.port)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=os.environ | {"FAULTY": str(self.folder)},
        )  # fmt: skip
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.05)
        raise AssertionError("the server did not start")

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    @property
    def request_count(self) -> int:
        path = self.folder / "asked"
        return len(path.read_text()) if path.exists() else 0


@pytest.fixture
def two(tmp_path: Path, tiny_problems: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[There, There]]:
    """Two endpoints that answer."""
    monkeypatch.setattr("bench.generate.http.PAUSE", 0.01)
    a, b = There(tmp_path / "a"), There(tmp_path / "b")
    a.start()
    b.start()
    yield a, b
    a.stop()
    b.stop()


def configured(tmp_path: Path, *urls: str, text: str = "") -> Config:
    """One profile on a host with these endpoints."""
    (tmp_path / "profiles.toml").write_text(f"""
[defaults]
datasets = ["demo"]
max_tokens = 100
context = 4096
[server]
retries = 1
stall_timeout = 0.5
[hosts.lab]
endpoints = {json.dumps(urls)}
[profiles.m]
model = "m"
host = "lab"
{text}
""")
    return load(tmp_path / "profiles.toml")


def generated(tmp_path: Path, *urls: str, text: str = "") -> list[Completion]:
    """Generate, and all that the journal then holds."""
    config = configured(tmp_path, *urls, text=text)
    generate(config.profile("m"), config, "demo")
    return Journal(tmp_path / "results" / "m" / "demo" / "raw.jsonl").completions


@pytest.mark.slow
def test_requests_are_balancer(tmp_path: Path, two: tuple[There, There]) -> None:
    """Each endpoint has so many requests in flight as the profile has slots, and the journal says who answered what."""
    a, b = two
    a.plan({"sleep": 0.2})
    b.plan({"sleep": 0.2})
    a.stop(), b.stop(), a.start(), b.start()
    done = generated(tmp_path, a.url, b.url)
    answered = Counter(completion.server["endpoint"] for completion in done)
    assert answered == {a.url: 3, b.url: 3}
    assert (a.request_count, b.request_count) == (3, 3)
    assert {completion.server["host"] for completion in done} == {"lab"}
    run = json.loads((tmp_path / "results" / "m" / "demo" / "run.json").read_text())
    assert run["server"]["endpoints"] == {a.url: 3, b.url: 3}


def test_another_host_asks_for_nothing(tmp_path: Path, two: tuple[There, There]) -> None:
    """Where a model runs is not what it is: other endpoints under the same model's name generate nothing anew."""
    a, b = two
    assert len(generated(tmp_path, a.url)) == len(generated(tmp_path, b.url)) == 6
    assert b.request_count == 0


def test_one_that_dies_is_left_out(
    tmp_path: Path, two: tuple[There, There], capsys: pytest.CaptureFixture[str]
) -> None:
    """An endpoint that ends in the middle of an answer is left out, what it had is asked elsewhere, all is complete."""
    a, b = two
    a.stop()
    a.plan({}, {"die": True})
    a.start()
    done = generated(tmp_path, a.url, b.url)
    assert sorted(completion.task_id for completion in done) == [f"Demo/{i}" for i in range(6)]
    assert Counter(c.server["endpoint"] for c in done)[a.url] == 1
    out = capsys.readouterr().out
    assert f"{a.url} is left out: m: {a.url} failed 2 times" in out
    assert "Trying again" not in out


@pytest.mark.slow
def test_an_endpoint_that_comes_back_gets_requests(
    tmp_path: Path, two: tuple[There, There], capsys: pytest.CaptureFixture[str]
) -> None:
    """An endpoint that was not there at first is tried again after a while, and then answers its share."""
    a, b = two
    a.stop()
    b.stop()
    b.plan({"sleep": 0.4})
    b.start()
    late = threading.Timer(0.8, a.start)
    late.start()
    done = generated(tmp_path, a.url, b.url)
    late.join()
    assert len(done) == 6
    assert {completion.server["endpoint"] for completion in done} == {a.url, b.url}
    out = capsys.readouterr().out
    assert f"{a.url} is left out: m: nobody answers at {a.url}" in out
    assert f"{a.url} answers again" in out


def test_one_that_loads_holds_up_nobody(tmp_path: Path, two: tuple[There, There]) -> None:
    """An endpoint that still loads its model keeps no other from answering everything."""
    a, b = two
    (a.folder / "loading").touch()
    done = generated(tmp_path, a.url, b.url)
    assert Counter(completion.server["endpoint"] for completion in done) == {b.url: 6}


@pytest.mark.slow
def test_one_that_has_loaded_joins(
    tmp_path: Path, two: tuple[There, There], capsys: pytest.CaptureFixture[str]
) -> None:
    """An endpoint that has loaded its model takes its share; with none ready at first, the first that is begins."""
    a, b = two
    b.stop()
    b.plan({"drops": 10})
    b.start()
    for there in two:
        (there.folder / "loading").touch()
    threading.Timer(0.5, (b.folder / "loading").unlink).start()

    def load() -> None:
        assert eventually(lambda: b.request_count)
        (a.folder / "loading").unlink()

    loading = threading.Thread(target=load)
    loading.start()
    done = generated(tmp_path, a.url, b.url)
    loading.join()
    assert {completion.server["endpoint"] for completion in done} == {a.url, b.url}
    out = capsys.readouterr().out
    for there in two:
        assert f"{there.url} still loads its model" in out
        assert f"{there.url} answers now" in out


@pytest.mark.slow
def test_none_has_loaded_in_time(tmp_path: Path, two: tuple[There, There]) -> None:
    """Where no endpoint has loaded its model within health_timeout, the profile fails and says so of each."""
    for there in two:
        (there.folder / "loading").touch()
    with pytest.raises(
        ServerError, match=r"no endpoint of lab answers\.( m: \S+ did not get healthy within 0\.5 s .*){2}"
    ):
        generated(tmp_path, *(there.url for there in two), text="[profiles.m.server]\nhealth_timeout = 0.5")


@pytest.mark.slow
def test_one_that_hangs_is_left_out(tmp_path: Path, two: tuple[There, There]) -> None:
    """An endpoint that sends nothing for stall_timeout is left out too."""
    a, b = two
    a.stop()
    a.plan({"sleep": 5})
    a.start()
    done = generated(tmp_path, a.url, b.url)
    assert Counter(completion.server["endpoint"] for completion in done) == {b.url: 6}


def test_something_else_answers(tmp_path: Path, two: tuple[There, There]) -> None:
    """What answers 404 in an endpoint's place gets no problem's error recorded; that endpoint is left out."""
    a, b = two
    a.stop()
    a.plan({}, 404)
    a.start()
    done = generated(tmp_path, a.url, b.url)
    assert {completion.outcome for completion in done} == {"stop"}
    assert Counter(completion.server["endpoint"] for completion in done)[a.url] == 1


@pytest.mark.slow
def test_none_left(tmp_path: Path, two: tuple[There, There]) -> None:
    """Where every endpoint fails, twice over, the profile fails with what each of them did; the journal keeps all."""
    a, b = two
    for there in two:
        there.stop()
        there.plan({}, 500)
        there.start()
    with pytest.raises(DownError, match="no endpoint of lab answers") as caught:
        generated(tmp_path, a.url, b.url)
    assert f"{a.url} answers no request: 500" in caught.value.sentence
    assert f"{b.url} answers no request: 500" in caught.value.sentence
    assert len(Journal(tmp_path / "results" / "m" / "demo" / "raw.jsonl").completions) == 2


def test_nobody_there(tmp_path: Path, two: tuple[There, There]) -> None:
    """Where no endpoint answers at the start, the sentence names each of them."""
    a, b = two
    a.stop()
    b.stop()
    with pytest.raises(ServerError, match=f"m: no endpoint of lab answers.*{a.url}.*{b.url}"):
        generated(tmp_path, a.url, b.url)


def test_two_models_on_one_host(tmp_path: Path, two: tuple[There, There]) -> None:
    """Endpoints of one host that say that they serve different models are refused."""
    a, b = two
    b.stop()
    (b.folder / "template").write_text("another")
    b.start()
    with pytest.raises(ServerError, match=r"serve different models \(chat_template"):
        generated(tmp_path, a.url, b.url)


def test_two_quantizations_on_one_host(tmp_path: Path, two: tuple[There, There]) -> None:
    """Endpoints of one host whose models have other sizes are refused, and the size is recorded where they agree."""
    for there, size in zip(two, (1000, 2000), strict=True):
        (there.folder / "size").write_text(str(size))
    a, b = two
    with pytest.raises(ServerError, match=r"serve different models \(bytes (1000 and 2000|2000 and 1000)\)"):
        generated(tmp_path, a.url, b.url)
    (b.folder / "size").write_text("1000")
    assert {completion.server["bytes"] for completion in generated(tmp_path, a.url, b.url)} == {1000}


def test_a_refused_request_is_that_problems(tmp_path: Path, two: tuple[There, There]) -> None:
    """A request that an endpoint refuses is recorded with that endpoint, which is not left out for it."""
    a, _ = two
    a.stop()
    a.plan({}, 400, {})
    a.start()
    done = generated(tmp_path, a.url)
    assert [completion.outcome for completion in done] == ["stop", "error", "stop", "stop", "stop", "stop"]
    assert done[1].server["endpoint"] == a.url


@pytest.mark.slow
def test_what_nobody_waits_for_is_cut_off(tmp_path: Path, two: tuple[There, There]) -> None:
    """When a profile fails, its answers in flight are cut off: a server that is not ours has its slots back."""
    a, _ = two
    a.stop()
    a.plan({"drops": 300}, {"drops": 300}, 403)
    a.start()
    with pytest.raises(DownError, match="403"):
        generated(tmp_path, a.url, text="slots = 3")
    assert eventually(lambda: (a.folder / "cut").exists() and len((a.folder / "cut").read_text()) == 2, 10)


def test_one_that_refuses_is_left_out(tmp_path: Path, two: tuple[There, There]) -> None:
    """An endpoint that refuses what the other answers takes no further work from it, and no problem is lost."""
    a, b = two
    a.plan({}, 400)
    a.stop(), b.stop(), a.start(), b.start()
    done = generated(tmp_path, a.url, b.url)
    assert {completion.outcome for completion in done} == {"stop"}
    assert Counter(completion.server["endpoint"] for completion in done)[a.url] <= 1
