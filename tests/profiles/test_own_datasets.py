"""[datasets.<name>] in profiles.toml."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import datasets
from bench.datasets import source
from bench.errors import DatasetError, ProfilesError
from bench.profiles.file import load
from tests import POLL

PROFILE = '[profiles.x]\nsolutions = "s.jsonl"\ndatasets = ["mine"]\n'
ROW = {
    "task_id": "Mine/0", "prompt": "def f(x):\n", "entry_point": "f", "canonical_solution": "    return x\n",
    "base_input": [[1]], "plus_input": [[2]], "atol": 0,
}  # fmt: skip


def declared(folder: Path, text: str) -> datasets.Dataset:
    """The dataset `mine` of a profiles file."""
    (folder / "profiles.toml").write_text(f"{text}\n{PROFILE}")
    load(folder / "profiles.toml")
    return datasets.load("mine")


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    """A declared file in EvalPlus's format is a dataset under its name, relative to profiles.toml."""
    (tmp_path / "mine.jsonl").write_text(json.dumps(ROW) + "\n")
    actual = declared(tmp_path, '[datasets.mine]\nfile = "mine.jsonl"\ntitle = "Mine"')
    assert (list(actual.problems), actual.declaration.title) == (["Mine/0"], "Mine")


def test_a_folder_of_tasks(tmp_path: Path) -> None:
    """A folder of tasks is a dataset, and another one once a file in it has changed."""
    (tmp_path / "tasks" / "add").mkdir(parents=True)
    (tmp_path / "tasks" / "add" / "prompt.md").write_text("Add two numbers.")
    tests = tmp_path / "tasks" / "add" / "tests.json"
    tests.write_text('{"function": "add", "tests": [{"arguments": [1, 2], "output": 3}]}')
    first = declared(tmp_path, '[datasets.mine]\nfile = "tasks"\nformat = "tasks"')
    assert list(first.problems) == ["tasks/add"]
    tests.write_text('{"function": "add", "tests": [{"arguments": [1, 2], "output": 4}]}')
    assert datasets.fingerprint("mine") != first.hash


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[datasets.mine]\nformat = "evoeval"', r"\[datasets.mine\] file = \[\] is impossible; name its file"),
        ('[datasets.mine]\nfile = "a"\nformat = "evo"', r"format = .evo. is impossible; did you mean .evoeval."),
        ('[datasets.mine]\nurl = "http://127.0.0.1/a.jsonl"', r"give one checksum for each url"),
        ('[datasets.mine]\nurl = "http://127.0.0.1/a.jsonl"\nsha256 = "12"', r"write it as 64 hexadecimal digits"),
        ('[datasets.mine]\nfiles = "a"', r'unknown key "files"; did you mean "file"'),
        ('[datasets."a b"]\nfile = "a"', r"a name has at most 100 letters"),
        ("[datasets]\nmine = 3", r"\[datasets.mine\] is not a table"),
    ],
)  # fmt: skip
def test_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    """A wrong declaration is one sentence with section, key, value and remedy."""
    (tmp_path / "profiles.toml").write_text(f"{text}\n{PROFILE}")
    with pytest.raises(ProfilesError, match=message):
        load(tmp_path / "profiles.toml")


class Cut(http.server.BaseHTTPRequestHandler):
    """Serves a file, and cuts the first answer off in the middle: a fault that no real server produces on demand."""

    content = json.dumps(ROW).encode() + b"\n"
    cut = True

    def do_GET(self) -> None:
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.content) - start))
        self.end_headers()
        end = len(self.content) // 2 if type(self).cut else len(self.content)
        type(self).cut = False
        self.wfile.write(self.content[start:end])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where such a server answers; downloads go to a folder of the test's own."""
    monkeypatch.setenv("BENCH_DATASETS", str(tmp_path / "downloads"))
    monkeypatch.setattr(Cut, "cut", True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cut)
    threading.Thread(target=server.serve_forever, args=(POLL,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/mine.jsonl"
    server.shutdown()
    server.server_close()


def test_a_download_goes_on_where_it_broke_off(tmp_path: Path, address: str) -> None:
    """A download that breaks off is one sentence and keeps what came; the next one asks for the rest alone."""
    sha256 = hashlib.sha256(Cut.content).hexdigest()
    text = f'[datasets.mine]\nurl = "{address}"\nsha256 = "{sha256}"'
    with pytest.raises(DatasetError, match=r"cannot be downloaded .* bytes are kept"):
        declared(tmp_path, text)
    assert list(datasets.load("mine").problems) == ["Mine/0"]
    assert source.locations(datasets.known()["mine"])[0].read_bytes() == Cut.content


def test_a_wrong_checksum(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download with another checksum is refused and removed."""
    monkeypatch.setattr(Cut, "cut", False)
    with pytest.raises(DatasetError, match=r"has the sha256 .* is expected"):
        declared(tmp_path, f'[datasets.mine]\nurl = "{address}"\nsha256 = "{"0" * 64}"')
    assert not list((tmp_path / "downloads").glob("mine*"))


def test_nobody_answers(tmp_path: Path, address: str) -> None:
    """Without a connection the sentence names the file to put, and where."""
    nobody = address.replace("127.0.0.1", "127.0.0.1", 1).rpartition(":")[0] + ":9/mine.jsonl"
    with pytest.raises(
        DatasetError, match=r"there is no connection to 127.0.0.1.* or put http://127.0.0.1:9/mine.jsonl there"
    ):
        declared(tmp_path, f'[datasets.mine]\nurl = "{nobody}"\nsha256 = "{"0" * 64}"')
