"""What models are asked, beside what EvalPlus asks a server of the same kind."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from bench import datasets
from bench.generate.prompt import body, messages
from bench.profiles import Sampling
from tests import POLL

ANSWER = {
    "id": "1", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "pass"}}],
}  # fmt: skip


@pytest.fixture
def requests() -> Iterator[list[dict[str, Any]]]:
    """A server that keeps what it is asked; the first entry is its address."""
    kept: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            kept.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            data = json.dumps(ANSWER).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        kept.append({"url": f"http://127.0.0.1:{server.server_port}/v1"})
        threading.Thread(target=server.serve_forever, args=(POLL,), daemon=True).start()
        yield kept
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["humaneval", "mbpp"])
@pytest.mark.usefixtures("real_datasets", "evalplus_imports")
def test_messages_are_evalplus_messages(dataset: str, requests: list[dict[str, Any]], tmp_path: Path) -> None:
    """EvalPlus's own codegen sends the same messages and the same top_p for the first problems of a dataset."""
    command = [
        sys.executable, "-m", "evalplus.codegen", "--model", "m", "--dataset", dataset, "--backend", "openai",
        "--base_url", requests.pop()["url"], "--greedy", "--id_range", "[0,4]", "--root", str(tmp_path),
    ]  # fmt: skip
    subprocess.run(
        command, check=True, capture_output=True, timeout=120, cwd=tmp_path, env={**os.environ, "HOME": str(tmp_path)}
    )
    first = list(datasets.load(dataset).problems.values())[: len(requests)]
    assert len(requests) >= 2
    assert [request["messages"] for request in requests] == [messages(problem, Sampling()) for problem in first]
    assert {request["top_p"] for request in requests} == {Sampling().top_p}


@pytest.mark.parametrize(
    ("level", "llama", "fields"),
    [
        ("", True, {}),
        ("off", True, {"reasoning_effort": "none", "chat_template_kwargs": {"enable_thinking": False}}),
        ("off", False, {"reasoning_effort": "none"}),
        ("low", False, {"reasoning_effort": "low"}),
    ],
)
def test_how_much_to_think(level: str, llama: bool, fields: dict[str, Any]) -> None:  # noqa: FBT001
    """Every server gets OpenAI's field; a llama-server also the words that templates know."""
    sent = body(Sampling(reasoning=level), [], None, model="m", llama=llama)
    assert {name: sent[name] for name in ("reasoning_effort", "chat_template_kwargs") if name in sent} == fields
