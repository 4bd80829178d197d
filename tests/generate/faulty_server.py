#!/usr/bin/env python3
"""A stand-in for llama-server for faults that a real one does not produce on demand.

Started with llama-server's flags (it reads --port alone). The folder in FAULTY holds plan.json, a list with one
behaviour a request; the last one repeats. With `only`, a prompt that holds that text meets `fault`, another one
`otherwise`. Requests are counted across restarts in the folder's file `asked`, starts in `started`. As long as there is
a file `loading`, it still loads its model.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

FOLDER = Path(os.environ["FAULTY"])
PLAN = json.loads((FOLDER / "plan.json").read_text())
LOCK = Lock()
ALONE = Lock()


def counted(name: str) -> int:
    """How often this was called for that file before, across restarts."""
    with LOCK, (FOLDER / name).open("a+") as file:
        file.seek(0)
        number = len(file.read())
        file.write(".")
    return number


def note(sign: str) -> None:
    """Write down when an answer begins (+) and ends (-), in the file `flights`."""
    with LOCK, (FOLDER / "flights").open("a") as file:
        file.write(f"{sign}{time.monotonic()}\n")


@contextlib.contextmanager
def in_flight() -> Iterator[None]:
    """Note when an answer begins and ends; those that were cut off are counted in the file `cut`."""
    note("+")
    try:
        yield
    except (BrokenPipeError, ConnectionResetError):
        counted("cut")
    finally:
        note("-")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if (FOLDER / "loading").exists():
            self.say(503, {"error": {"message": "Loading model"}})
        elif self.path == "/props":
            template = FOLDER / "template"
            parameters: dict[str, object] = {"chat_template": template.read_text()} if template.exists() else {}
            settings = {"n_ctx": 4096}
            granted = FOLDER / "slots"
            slots = int(granted.read_text()) if granted.exists() else 4
            parameters |= {"build_info": "faulty", "total_slots": slots, "default_generation_settings": settings}
            self.say(200, parameters)
        else:
            size = FOLDER / "size"
            self.say(200, {"data": [{"meta": {"size": int(size.read_text())} if size.exists() else {}}]})

    def say(self, status: int, value: object, retry_after: object = None) -> None:
        data = value.encode() if isinstance(value, str) else json.dumps(value).encode()
        self.send_response(status)
        if retry_after is not None:
            self.send_header("Retry-After", str(retry_after))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/apply-template" and (FOLDER / "continues").exists():
            self.say(200, {"prompt": "".join(message["content"] for message in request["messages"])})
            return
        if not self.path.endswith("/chat/completions"):
            self.say(404, {})
            return
        (FOLDER / "last.json").write_text(json.dumps(request))
        number = counted("asked")
        behaviour = PLAN[min(number, len(PLAN) - 1)]
        if isinstance(behaviour, dict) and "only" in behaviour:
            concerned = str(behaviour["only"]) in json.dumps(request["messages"])
            behaviour = behaviour.get("fault", {}) if concerned else behaviour.get("otherwise", {})
        if isinstance(behaviour, int):
            note("+")
            note("-")
            self.say(behaviour, {"error": {"message": f"words about {behaviour}"}})
            return
        if "status" in behaviour:
            note("+")
            note("-")
            self.say(behaviour["status"], behaviour["body"], behaviour.get("retry_after"))
            return
        with ALONE if behaviour.get("alone") else contextlib.nullcontext(), in_flight():
            self.answer(behaviour, request.get("max_tokens", 100))

    def answer(self, behaviour: dict[str, object], limit: int) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        pieces = str(behaviour.get("content", "```python\ndef f():\n    return 1\n```"))
        for piece in (pieces[:5], pieces[5:]):
            self.event({"choices": [{"delta": {"content": piece}}], "model": behaviour.get("model")})
        for piece in behaviour.get("pieces", []):
            self.event({"choices": [{"delta": {"content": piece}}]})
        if behaviour.get("reasoning"):
            self.event({"choices": [{"delta": {"reasoning_content": behaviour["reasoning"]}}]})
        if behaviour.get("raw"):
            self.wfile.write(b"data: " + str(behaviour["raw"]).encode() + b"\n\n")
        if behaviour.get("die"):
            os._exit(7)
        if behaviour.get("cut"):
            return
        for _ in range(int(behaviour.get("pings", 0))):
            time.sleep(0.05)
            # Longer than what a client reads at a time where, as here, an answer does not come in chunks.
            self.wfile.write(b": ping" + 600 * b"." + b"\n\n")
            self.wfile.flush()
        for _ in range(int(behaviour.get("drops", 0))):
            time.sleep(0.1)
            self.event({"choices": [{"delta": {"content": " "}}]})
        time.sleep(float(behaviour.get("sleep", 0)))
        finish = behaviour.get("finish", "stop")
        self.event({"choices": [{"delta": {}, "finish_reason": finish}]})
        tokens = behaviour.get("tokens", limit if finish == "length" else 7)
        self.event({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": tokens}})
        self.wfile.write(b"data: [DONE]\n\n")

    def event(self, value: object) -> None:
        self.wfile.write(b"data: " + json.dumps(value).encode() + b"\n\n")
        self.wfile.flush()


if __name__ == "__main__":
    counted("started")
    port = int(sys.argv[sys.argv.index("--port") + 1])
    print("a line of the faulty server's log", flush=True)
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
