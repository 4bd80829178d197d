"""A hub on loopback: what huggingface_hub asks of huggingface.co, with the faults that a test wants."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests import POLL

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """A hub with one repository.

    `cuts` are the bytes after which each of the next answers breaks off; `status` is answered instead of anything else;
    `token` must be sent, where there is one; `hashes` may be other ones than the files have.
    """

    files: dict[str, bytes]
    repository: str = "org/Small-GGUF"
    url: str = ""
    status: int = 0
    token: str = ""
    cuts: list[int] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Method, path and Range of each request."""

    def hash(self, name: str) -> str:
        return self.hashes.get(name) or hashlib.sha256(self.files[name]).hexdigest()

    def tree(self) -> list[dict[str, Any]]:
        return [
            {
                "type": "file", "path": name, "size": self.sizes.get(name, len(content)), "oid": "a" * 40,
                "lfs": {"oid": self.hash(name), "size": self.sizes.get(name, len(content)), "pointerSize": 134},
            }
            for name, content in self.files.items()
        ]  # fmt: skip


@contextlib.contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    """The hub, answering on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path, ranges = self.path.partition("?")[0], self.headers.get("Range", "")
            hub.asked.append((self.command, path, ranges))
            status = hub.status
            if hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
                status = 401
            if path == f"/api/models/{hub.repository}/tree/main":
                return self.reply(status or 200, b"{}" if status else json.dumps(hub.tree()).encode())
            name = path.removeprefix(f"/{hub.repository}/resolve/main/")
            if name not in hub.files:
                return self.reply(status or 404, b"{}")
            content, begin = hub.files[name], int(ranges.removeprefix("bytes=").partition("-")[0] or 0)
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hub.hash(name)}"', "Accept-Ranges": "bytes"}
            if ranges:
                headers["Content-Range"] = f"bytes {begin}-{len(content) - 1}/{len(content)}"
            return self.reply(status or (206 if ranges else 200), content[begin:], headers, cut=True)

        def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None, *, cut: bool = False) -> None:
            self.send_response(status)
            for key, value in (headers or {}).items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if cut and hub.cuts:
                body = body[: hub.cuts.pop(0)]
                self.close_connection = True
            self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(POLL,), daemon=True).start()
        yield hub
        server.shutdown()
