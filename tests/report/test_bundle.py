import io
import json
import socket
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.errors import SamplesError
from bench.imports.collection import collect
from bench.profiles import Config, Sampling
from bench.report import findings
from bench.report.bundle import bundle, redacted
from bench.report.leaderboard import leaderboards_of
from bench.report.results import read_all
from tests.report.made import EVERY, config, profile, result, run, written


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("/home/me/models/big model.gguf", "…/big model.gguf"),
        ("--chat-template-file ~/x/y.jinja --top-k 4", "--chat-template-file …/y.jinja --top-k 4"),
        (r"C:\Users\me\qwen.gguf", "…/qwen.gguf"),
        ("http://me:pw@gpu-box.lan:8080/v1", "http://…/v1"),
        ("ssh://root@10.0.0.7", "ssh://…"),
        ("at 192.168.1.4:8080", "at …"),
        (f"ran on {socket.gethostname()}", "ran on …" if len(socket.gethostname()) > 3 else ""),
        ("models/x.gguf and 3/4", "models/x.gguf and 3/4"),
        ("llama.cpp b7201, NVIDIA GeForce RTX 4090", "llama.cpp b7201, NVIDIA GeForce RTX 4090"),
        ("1.5/2 and/or a b", "1.5/2 and/or a b"),
    ],
)
def test_paths_and_hosts_are_left_out(text: str, public: str) -> None:
    """Of a path its last part stays, of an address what is behind the host; other texts are as they were."""
    if public:
        assert redacted(text) == public
    assert redacted({"host": text, "endpoints": {text: 3}, "more": [text]}) == {"more": [redacted(text)]}


def exported(folder: Path, **about: bool) -> tuple[Config, bytes]:
    """A folder with the results of two profiles on one dataset, and what is exported of them."""
    made = [
        result("q8", EVERY, "demo", "Demo", title="Tiny Q8_0", run=run(model={"fingerprint": "f1"}, host="gpu-box")),
        result("q4", "p" * 18, "demo", "Demo", title="Tiny Q4_0", run=run(model={"fingerprint": "f2"})),
    ]
    cut = {"truncated", "looping"}
    ended = [replace(one.info, outcome=one.info.lost if one.info.lost in cut else "stop") for one in made[0].samples]
    made[0] = replace(
        made[0], samples=tuple(replace(one, info=info) for one, info in zip(made[0].samples, ended, strict=True))
    )
    there = written(folder, made)
    return there, bundle(there, read_all(there, {}, {}), **about)


def files(data: bytes) -> dict[str, bytes]:
    """The members of a zip file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_exported(tmp_path: Path) -> None:
    """report.json, and of each result its run, verdicts and samples; the same bytes again, and no host in any."""
    there, data = exported(tmp_path)
    contents = files(data)
    parts = ("run.json", "verdicts.jsonl", "samples.jsonl", "samples_info.jsonl")
    below = [f"{one}/demo/{part}" for one in ("q8", "q4") for part in parts]
    assert list(contents) == ["export.json", "report.json", *below]
    assert data == bundle(there, read_all(there, {}, {}))
    assert not any(b"gpu-box" in text or str(tmp_path).encode() in text for text in contents.values())
    assert json.loads(contents["q8/demo/verdicts.jsonl"].splitlines()[0]) == {
        "task_id": "Demo/0", "sample": 0, "base": "pass", "plus": "pass",
    }  # fmt: skip


def importing(folder: Path, solutions: str, **about: Any) -> Config:
    """A config elsewhere with one profile that imports `solutions`."""
    one = replace(profile("there"), model="", solutions=(solutions,), sampling=Sampling(datasets=("demo",)), **about)
    return config(folder / "results", one)


def test_an_exported_file_is_a_profile(tmp_path: Path) -> None:
    """One profile of it is imported whole, with what was lost and why; two at once are told apart by their folder."""
    _, data = exported(tmp_path / "first")
    there = importing(tmp_path, "other.zip/q8")
    (tmp_path / "other.zip").write_bytes(data)
    contents = collect(there.profile("there"), there, "demo")
    lost = [one.info.lost for each in contents.solutions.values() for one in each]
    assert (len(lost), lost.count("truncated"), lost.count("looping")) == (18, 1, 1)
    (result_there,) = read_all(there, {}, {})
    assert result_there.fingerprint == "f1"
    both = importing(tmp_path, "other.zip")
    with pytest.raises(SamplesError, match=r"two different solutions, in other\.zip/q4/demo/samples\.jsonl"):
        collect(both.profile("there"), both, "demo")


def test_answers_of_one_model_file_are_compared() -> None:
    """Where two rows are of one model file, the report says on how many samples their code is the same."""
    here = result("here", "p" * 10, title="Here", run=run(model={"fingerprint": "f1"}))
    there = result("there", "p" * 9 + "b", title="There", run={}, elsewhere={"model": {"fingerprint": "f1"}})
    (leaderboard,) = leaderboards_of([here, there])
    same = sum(a.solution == b.solution for a, b in zip(here.samples, there.samples, strict=True))
    assert any(f"Here and There (identical answers on {same} of 10)" in text for text in findings.caveats(leaderboard))
