"""Verdicts on real models' solutions and on the canonical ones are EvalPlus's."""

import json
from pathlib import Path
from typing import Any

import pytest

from bench.evaluate import expected
from bench.evaluate.run import evaluate
from bench.evaluate.selftest import selftest
from bench.layout import RunFiles
from bench.profiles import Sandbox
from tests.evaluate.grading import IMAGE, busy

QUICK = ["deepcoder-14b", "deepseek-coder-1.3b", "falcon-7b-gptq", "vicunlocked-30b-gptq"]
"""Models of which few solutions run out of time; with Docker these are enough, since the judge is the same."""

TEN_TIMES = "deepcoder-14b"
"""Whose solutions are graded ten times: ten of them, to keep the time of the tests."""

pytestmark = [pytest.mark.slow, pytest.mark.corpus]


@pytest.fixture(autouse=True)
def real_limits(monkeypatch: pytest.MonkeyPatch, demo: None) -> None:
    """EvalPlus's floor of 4 s."""
    monkeypatch.setattr(expected, "MIN_LIMIT", 4.0)


@pytest.fixture(scope="session")
def truths(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ground truth of the real datasets, which tests share."""
    return tmp_path_factory.mktemp("real")


def passed(verdict: list[str]) -> list[bool]:
    """What counts of a verdict: base passed or not, and where base passed, plus passed or not."""
    return [verdict[0] == "pass", verdict == ["pass", "pass"]]


def pooled(corpus: Path, models: list[str], path: Path) -> list[tuple[str, str]]:
    """Write the samples of all models into one file; returns model and problem of each line."""
    lines, order = [], []
    for model in models:
        for line in (corpus / f"{model}.jsonl").read_text().splitlines():
            lines.append(line + "\n")
            order.append((model, json.loads(line)["task_id"]))
    path.parent.mkdir(parents=True)
    path.write_text("".join(lines))
    return order


def verdicts(files: RunFiles, order: list[tuple[str, str]]) -> dict[tuple[str, str], list[str]]:
    """The verdict on each line of a graded file."""
    rows: dict[str, list[Any]] = json.loads(files.results.read_bytes())["eval"]
    taken = {task_id: iter(group) for task_id, group in rows.items()}
    by_sample = {}
    for model, task_id in order:
        row = next(taken[task_id])
        by_sample[model, task_id] = [row["base_status"], row["plus_status"]]
    return by_sample


def test_real_models_have_evalpluss_verdicts(
    shared: Path, real_datasets: Any, truths: Path, tmp_path: Path, kind: str
) -> None:
    """Every verdict of EvalPlus on the corpus is ours, but for those that EvalPlus itself does not repeat."""
    corpus = shared / "corpus"
    models = QUICK if kind == "docker" else sorted(path.stem for path in corpus.glob("*.jsonl"))
    files = RunFiles(tmp_path, "humaneval")
    order = pooled(corpus, models, files.samples)
    evaluate(files, "humaneval", Sandbox(kind=kind, image=IMAGE), truths, reuse=False)
    actual = verdicts(files, order)
    differing = {}
    for model in models:
        published = json.loads((corpus / "verdicts" / f"{model}.json").read_text())
        for task_id, verdict in published["verdicts"].items():
            own = actual.get((model, task_id))
            if task_id not in published["unstable"] and own and passed(own) != passed(verdict):
                differing[model, task_id] = (own, verdict)
        assert {task for name, task in actual if name == model} == set(published["verdicts"])
    assert differing == {}


@pytest.mark.parametrize(("dataset", "count"), [("humaneval", 164), ("mbpp", 378)])
def test_canonical_solutions_all_pass(real_datasets: Any, truths: Path, kind: str, dataset: str, count: int) -> None:
    """All canonical solutions of HumanEval+ and MBPP+ pass base and plus."""
    proof = selftest(dataset, Sandbox(kind=kind, image=IMAGE), truths)
    assert (proof.n_problems, proof.base_passed, proof.plus_passed) == (count, count, count)


@pytest.mark.parametrize("kind", ["bubblewrap"], indirect=True)
def test_ten_gradings_of_real_solutions(
    shared: Path, real_datasets: Any, truths: Path, tmp_path: Path, kind: str
) -> None:
    """Ten gradings of a real model's solutions, five with both cores kept busy, have EvalPlus's verdicts each time."""
    published = json.loads((shared / "corpus" / "verdicts" / f"{TEN_TIMES}.json").read_text())
    files = RunFiles(tmp_path, "humaneval")
    order = pooled(shared / "corpus", [TEN_TIMES], files.samples)[:10]
    first = files.samples.read_text().splitlines(keepends=True)[:10]
    files.samples.write_text("".join(first))
    for turn in range(10):
        with busy(600, cores=2 * (turn % 2)):
            evaluate(files, "humaneval", Sandbox(kind=kind, image=IMAGE), truths, reuse=False)
        actual = verdicts(files, order)
        stable = {task: verdict for (_, task), verdict in actual.items() if task not in published["unstable"]}
        differing = {task for task, verdict in stable.items() if passed(verdict) != passed(published["verdicts"][task])}
        assert differing == set(), f"turn {turn}"
