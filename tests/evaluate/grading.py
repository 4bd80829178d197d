"""Problems made for these tests, who grades solutions of them, and what keeps the machine busy meanwhile."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.evaluate.ground_truth import GroundTruth
from bench.evaluate.results import Summary
from bench.evaluate.run import evaluate
from bench.layout import RunFiles
from bench.profiles import Sandbox
from tests import images

SPIN = "import sys, time\nend = time.monotonic() + float(sys.argv[1])\nwhile time.monotonic() < end:\n    pass\n"
IMAGE = images.SANDBOX


def problem(number: int, name: str, code: str, base: list[Any], plus: list[Any], atol: float = 0) -> dict[str, Any]:
    """One line of a dataset in EvalPlus's format."""
    head, _, body = code.partition("\n")
    return {
        "task_id": f"Demo/{number}", "prompt": head + "\n", "entry_point": name, "canonical_solution": body,
        "base_input": base, "plus_input": plus, "atol": atol,
    }  # fmt: skip


PROBLEMS = [
    problem(
        0, "total", "def total(numbers):\n    # canonical-marker-7f3a\n    return sum(numbers)\n",
        [[[1, 2, 3]], [[]], [[-3]]], [[[10, 20]], [[7]], [[1] * 50]],
    ),
    problem(
        1, "thirds", "def thirds(numbers):\n    return [n / 3 for n in numbers]\n",
        [[[1, 2]], [[0]]], [[[5, 7]], [list(range(2000))[:10]]],
    ),
    problem(
        2, "count_up", "def count_up(n):\n    return [i * 1.0 for i in range(n)]\n",
        [[3]], [[5000], [2]], 1e-6,
    ),
    problem(3, "letters", "def letters(word):\n    return set(word)\n", [["abc"]], [["zzz"], ["a longer word"]]),
    problem(
        4, "find_zero", "def find_zero(xs):\n    return -xs[0] / xs[1]\n",
        [[[1, 2]]], [[[-6, 3]], [[10, 5]]], 1e-4,
    ),
    problem(5, "undefined", "def undefined(n):\n    return float('nan') if n else 1\n", [[0]], [[0]]),
]  # fmt: skip
SOLUTIONS = {row["task_id"]: row["prompt"] + row["canonical_solution"] for row in PROBLEMS}


def ground_truth(cache: Path) -> GroundTruth:
    """The ground truth of the demo problems that is in the cache, of whichever Python."""
    truth = GroundTruth(cache, "demo")
    truth.python = next(truth.root.glob("*/*.truth")).parent.name
    return truth


@contextmanager
def busy(seconds: float, cores: int) -> Iterator[None]:
    """Keep cores busy with something else."""
    spinning = [subprocess.Popen([sys.executable, "-c", SPIN, str(seconds)]) for _ in range(cores)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


@dataclass
class Grader:
    """Grades solutions of the demo problems in one kind of sandbox."""

    root: Path
    cache: Path
    kind: str = "bubblewrap"
    workers: int = 1
    image: str = IMAGE
    dataset: str = "demo"
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def files(self) -> RunFiles:
        """What is graded and what comes of it."""
        return RunFiles(self.root / "profile", self.dataset)

    def write(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Make samples.jsonl of task ids and solutions."""
        self.files.root.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps({"task_id": task_id, "solution": text}) + "\n" for task_id, text in pairs)
        self.files.samples.write_text("".join(lines))

    def run(self, **options: Any) -> Summary:
        """Grade what was written."""
        sandbox = Sandbox(kind=self.kind, image=self.image, workers=self.workers, **self.settings)
        return evaluate(self.files, self.dataset, sandbox, self.cache, **options)

    def results(self) -> dict[str, Any]:
        """What eval_results.json holds."""
        return json.loads(self.files.results.read_bytes())

    def grade(self, pairs: Sequence[tuple[str, str]], **options: Any) -> list[tuple[str, str, dict[str, Any]]]:
        """Base status, plus status and the bench block's words on each sample, in the order of `pairs`."""
        self.write(pairs)
        self.run(**options)
        results, seen = self.results(), dict.fromkeys(SOLUTIONS, 0)
        graded = []
        for task_id, _ in pairs:
            row = results["eval"][task_id][seen[task_id]]
            graded.append((row["base_status"], row["plus_status"], results["bench"]["samples"][task_id][seen[task_id]]))
            seen[task_id] += 1
        return graded
