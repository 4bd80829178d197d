"""Real collections come in, and what goes out is read by EvalPlus's own tools."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import datasets, samples
from bench.errors import SamplesError
from bench.layout import RunFiles
from bench.profiles.file import load

pytestmark = [pytest.mark.corpus, pytest.mark.usefixtures("real_datasets", "evalplus_imports")]
FORMATS = {
    "claude-opus-4": "solution",
    "gpt4": "completion",
    "qwen2.5-coder-32b": "solution",
    "falcon-7b-gptq": "completion",
}


def build(root: Path, solutions: str, more: str = "", dataset: str = "humaneval") -> tuple[str, RunFiles]:
    """Import into samples.jsonl, as the task samples:x does; what it says of that."""
    text = f'[profiles.x]\nsolutions = {json.dumps(solutions)}\ndatasets = ["{dataset}"]\n{more}\n'
    (root / "profiles.toml").write_text(text)
    config = load(root / "profiles.toml")
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        samples.from_imports(config.profile("x"), config, dataset)
    return stdout.getvalue().strip(), config.layout.run("x", dataset)


def lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("model", FORMATS)
def test_public_collections(shared: Path, tmp_path: Path, model: str) -> None:
    """EvalPlus samples, with solutions or completions, come out as the programs that EvalPlus would grade."""
    file = shared / "corpus" / f"{model}.jsonl"
    summary, files = build(tmp_path, str(file))
    assert summary.startswith("found 164 of 164 problems in 1 file")
    known = datasets.load("humaneval").problems
    expected = {
        row["task_id"]: row["solution"] if "solution" in row else known[row["task_id"]].prompt + row["completion"]
        for row in lines(file)
    }
    assert {row["task_id"]: row["solution"] for row in lines(files.samples)} == expected
    assert [row["task_id"] for row in lines(files.samples)] == list(known)


def test_a_public_collection_with_gaps(shared: Path, tmp_path: Path) -> None:
    """A collection that lacks problems says which, and is taken with partial = true."""
    file = str(shared / "corpus" / "mistral-large-123b.jsonl")
    with pytest.raises(
        SamplesError, match=r"x: 140 of 164 problems are solved, 24 are missing, next is HumanEval/\d+;"
    ):
        build(tmp_path, file)
    summary, _ = build(tmp_path, file, "partial = true")
    assert "found 140 of 164 problems in 1 file, 24 missing: HumanEval/" in summary


def test_raw_answers(shared: Path, tmp_path: Path) -> None:
    """Chat answers of a real model go through the extraction."""
    summary, files = build(tmp_path, str(shared / "corpus" / "raw" / "gpt-4-turbo.jsonl"), "partial = true")
    assert len(lines(files.samples)) == 16
    assert "16 by extraction" in summary
    assert {row["rule"] for row in lines(files.sample_info)} == {"fence"}


def test_evalplus_reads_our_samples(
    shared: Path, tmp_path: Path, real_datasets: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """EvalPlus's own loader reads samples.jsonl: every problem, every text."""
    from evalplus.data import humaneval, load_solutions

    # EvalPlus may be imported already, with another path.
    monkeypatch.setattr(humaneval, "HUMANEVAL_OVERRIDE_PATH", str(real_datasets["HUMANEVAL_OVERRIDE_PATH"]))
    _, files = build(tmp_path, str(shared / "corpus" / "gpt4.jsonl"))
    read = {row["task_id"]: row["solution"] for row in load_solutions(str(files.samples))}
    assert read == {row["task_id"]: row["solution"] for row in lines(files.samples)}
    assert read.keys() == humaneval.get_human_eval_plus().keys()


def test_evalplus_folders_round_trip(shared: Path, tmp_path: Path) -> None:
    """Folders that EvalPlus writes are imported as the samples that it wrote them from."""
    from evalplus.data import load_solutions, write_directory

    _, files = build(tmp_path, str(shared / "corpus" / "qwen2.5-coder-32b.jsonl"))
    before = files.samples.read_bytes()
    write_directory(str(tmp_path / "folders"), load_solutions(str(files.samples)))
    assert (tmp_path / "folders" / "HumanEval_0" / "0.py").is_file()
    summary, files = build(tmp_path, "folders")
    assert files.samples.read_bytes() == before
    assert summary == "found 164 of 164 problems in 164 files"


@pytest.mark.slow
def test_evalplus_sanitizes_our_samples(shared: Path, tmp_path: Path, real_datasets: dict[str, Path]) -> None:
    """EvalPlus's sanitizer, run as its users run it, reads samples.jsonl and changes nothing that matters in it."""
    _, files = build(tmp_path, str(shared / "corpus" / "gpt4.jsonl"))
    environment = {**os.environ, **{name: str(path) for name, path in real_datasets.items()}}
    command = [sys.executable, "-m", "evalplus.sanitize", "--samples", str(files.samples)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "Check the sanitized files at" in ran.stdout
    assert len(lines(files.samples.with_name("samples-sanitized.jsonl"))) == 164


def mbpp_rows(samples_each: int = 1) -> list[dict[str, Any]]:
    """Canonical solutions of MBPP+, as several sittings of several samples would leave them."""
    known = datasets.load("mbpp").problems
    return [
        {"task_id": task_id, "solution": f"{one.reference.removeprefix(one.prompt)}\n# {number}\n"}
        for number in range(samples_each)
        for task_id, one in known.items()
    ]


@pytest.mark.slow
def test_mbpp(tmp_path: Path) -> None:
    """MBPP's solutions are imported as HumanEval's are; a file may hold both."""
    human = [
        {"task_id": task_id, "completion": one.reference.removeprefix(one.prompt)}
        for task_id, one in datasets.load("humaneval").problems.items()
    ]
    rows = [*mbpp_rows(), *human]
    (tmp_path / "both.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    summary, files = build(tmp_path, "both.jsonl", dataset="mbpp")
    assert summary == "found 378 of 378 problems in 1 file, 164 of other datasets left out"
    assert [row["task_id"] for row in lines(files.samples)] == list(datasets.load("mbpp").problems)
    summary, _ = build(tmp_path, "both.jsonl")
    assert summary == "found 164 of 164 problems in 1 file, 378 of other datasets left out"


def test_several_samples(tmp_path: Path) -> None:
    """Three samples a problem are written problem by problem, numbered as they came."""
    rows = mbpp_rows(3)
    (tmp_path / "three.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    summary, files = build(tmp_path, "three.jsonl", "samples = 3", dataset="mbpp")
    assert summary.startswith("found 378 of 378 problems in 1 file, 1,134 samples")
    assert [row["solution"][-2] for row in lines(files.samples)][:6] == list("012012")
    info = lines(files.sample_info)
    assert [(row["sample"], row["origin"]) for row in info][:3] == [
        (0, "three.jsonl:1"), (1, "three.jsonl:379"), (2, "three.jsonl:757"),
    ]  # fmt: skip
