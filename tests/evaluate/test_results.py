"""What we write is what EvalPlus's own tools read, and the other way round."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import STUBS
from tests.evaluate.grading import SOLUTIONS, Grader

WRONG = "def total(numbers):\n    return 7\n"
FIRST = "def total(numbers):\n    return {3: 6, 0: 0, 1: -3}.get(len(numbers))\n"
PAIRS = [*SOLUTIONS.items(), ("Demo/0", WRONG), ("Demo/0", FIRST)]


def in_bubblewrap(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program that runs model code: it sees this machine's Python, and writes in `folder` alone."""
    paths = ("/usr", "/lib", "/lib64", "/bin", "/etc/alternatives", sys.base_prefix, sys.prefix)
    binds = [part for path in paths for part in ("--ro-bind-try", path, path)]
    settings = [part for name, value in environment.items() for part in ("--setenv", name, value)]
    box = ["bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--clearenv", *settings]
    # /tmp first: Python itself may be below it.
    places = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", *binds]
    own = ["--bind", str(folder), "/here", "--chdir", "/here"]
    return subprocess.run([*box, *places, *own, *command], capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.usefixtures("evalplus_imports")
def test_evalplus_reads_our_results(grader: Grader, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """EvalPlus's evaluator takes our file for its own and computes the same pass@1 from it, running nothing."""
    from evalplus.evaluate import evaluate

    grader.grade(PAIRS)
    shutil.copyfile(grader.files.results, tmp_path / "samples_eval_results.json")
    evaluate("humaneval", samples=str(tmp_path / "samples.jsonl"), parallel=1)
    output = capsys.readouterr().out
    pass_at_k = grader.results()["pass_at_k"]
    assert pass_at_k == {
        "base": {"pass@1": pytest.approx((5 + 2 / 3) / 6)},
        "plus": {"pass@1": pytest.approx((5 + 1 / 3) / 6)},
    }
    scores = re.findall(r"pass@1:\t([0-9.]+)", output)
    assert scores == [f"{pass_at_k[suite]['pass@1']:.3f}" for suite in ("base", "plus")]


def test_our_rows_have_evalpluss_keys(grader: Grader) -> None:
    """A row of `eval` has the keys and the kinds of values that EvalPlus writes."""
    grader.grade(PAIRS)
    for rows in grader.results()["eval"].values():
        for row in rows:
            assert list(row) == [
                "task_id", "solution", "base_status", "plus_status", "base_fail_tests", "plus_fail_tests",
            ]  # fmt: skip
            assert {row["base_status"], row["plus_status"]} <= {"pass", "fail", "timeout"}
            assert isinstance(row["base_fail_tests"], list)


@pytest.mark.usefixtures("evalplus_imports")
def test_pass_at_10_is_evalpluss(grader: Grader, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With ten samples of every problem there is pass@10 too, as EvalPlus computes it from the same file."""
    from evalplus.evaluate import evaluate

    wrong = "def total(numbers):\n    return 7\n"
    few = [("Demo/0", SOLUTIONS["Demo/0"])] * 2 + [("Demo/0", wrong)] * 8
    grader.grade(few + [pair for pair in SOLUTIONS.items() if pair[0] != "Demo/0"] * 10)
    shutil.copyfile(grader.files.results, tmp_path / "samples_eval_results.json")
    evaluate("humaneval", samples=str(tmp_path / "samples.jsonl"), parallel=1)
    pass_at_k = grader.results()["pass_at_k"]
    assert pass_at_k["plus"] == {"pass@1": pytest.approx((5 + 0.2) / 6), "pass@10": 1.0}
    scores = re.findall(r"pass@(\d+):\t([0-9.]+)", capsys.readouterr().out)
    ours = [(name, value) for suite in ("base", "plus") for name, value in pass_at_k[suite].items()]
    assert scores == [(name.removeprefix("pass@"), f"{value:.3f}") for name, value in ours]


@pytest.mark.slow
def test_evalplus_grades_our_samples(grader: Grader, real_datasets: dict[str, Path], tmp_path: Path) -> None:
    """EvalPlus's command line reads our samples.jsonl and says the same of them (here for a few problems)."""
    dataset = real_datasets["HUMANEVAL_OVERRIDE_PATH"].read_text().splitlines()[:4]
    (tmp_path / "few.jsonl").write_text("\n".join(dataset) + "\n")
    rows = [json.loads(line) for line in dataset]
    pairs = [(row["task_id"], row["prompt"] + row["canonical_solution"]) for row in rows[:3]]
    grader.write([*pairs, (rows[3]["task_id"], "def below_zero(operations):\n    return True\n")])
    shutil.copyfile(grader.files.samples, tmp_path / "samples.jsonl")
    shutil.copy(STUBS / "datasets.py", tmp_path)
    options = ["--dataset", "humaneval", "--samples", "/here/samples.jsonl", "--parallel", "2"]
    program = "import os, runpy, sys; sys.argv[0] = 'evalplus.evaluate'; from evalplus.evaluate import main; main()"
    ran = in_bubblewrap(
        [sys.executable, "-c", program, *options], tmp_path,
        HOME="/here", HUMANEVAL_OVERRIDE_PATH="/here/few.jsonl", PATH=os.environ["PATH"],
    )  # fmt: skip
    result = tmp_path / "samples_eval_results.json"
    assert result.exists(), ran.stderr[-1000:]
    graded: dict[str, list[dict[str, Any]]] = json.loads(result.read_bytes())["eval"]
    assert [graded[row["task_id"]][0]["base_status"] for row in rows] == ["pass", "pass", "pass", "fail"]
