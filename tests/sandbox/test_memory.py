"""Thousands of samples stream through: what is held does not grow with them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evaluate.grading import Grader

TEXT = 40_000
GRADING = """
import json, resource, sys
from pathlib import Path
from bench.datasets import source
from bench.evaluate.run import evaluate
from bench.layout import RunFiles
from bench.profiles import Sandbox
source.BUNDLED = Path(sys.argv[1])
summary = evaluate(RunFiles(Path(sys.argv[2]), "demo"), "demo", Sandbox(kind="bubblewrap"), Path(sys.argv[3]))
print(json.dumps([summary.n_samples, summary.plus_passed, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


def peak(grader: Grader, demo_folder: Path, count: int) -> int:
    """The most kilobytes that a grading of `count` different long samples held."""
    grader.files.root.mkdir(parents=True, exist_ok=True)
    filler = "." * TEXT
    with grader.files.samples.open("w") as file:
        for number in range(count):
            text = f"# {number} {filler}\ndef total(numbers):\n    return sum(numbers)\n"
            file.write(json.dumps({"task_id": "Demo/0", "solution": text}) + "\n")
    arguments = [str(demo_folder), str(grader.files.folder), str(grader.root / "own")]
    ran = subprocess.run([sys.executable, "-c", GRADING, *arguments], capture_output=True, check=True, timeout=300)
    samples, passed, most = json.loads(ran.stdout)
    assert (samples, passed) == (count, count)
    return int(most)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_samples(grader: Grader, demo_folder: Path) -> None:
    """A thousand samples of 40 kB (40 MB) take less than 20 MB more than twenty of them."""
    few = peak(grader, demo_folder, 20)
    many = peak(grader, demo_folder, 1000)
    assert many - few < 20_000
    assert grader.files.results.stat().st_size > 1000 * TEXT
