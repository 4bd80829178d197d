"""How long all three reports take, from result files to rendered pages, in a fresh process, over real solutions.

    HUMANEVAL_OVERRIDE_PATH=HumanEvalPlus.jsonl python -m benchmarks.whole_report [models …]

More models than the shared corpus has are its models again, with some verdicts turned. Medians of three; `CPU` is
what the process used, and so does not depend on what else runs on the machine.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from tests.report import made

SHARED = Path(__file__).parents[2] / "shared"
RENDER = """
import sys
from pathlib import Path
from bench import report
from bench.profiles.file import load
report.write(load(Path(sys.argv[1])), {}, {})
"""


def main(counts: list[int]) -> None:
    """Print a line for each number of models."""
    print("models   wall s    CPU s  REPORT.md  report.json  report.html")
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            print(_line(count, Path(folder)))


def _line(count: int, folder: Path) -> str:
    names = list(made.IMPORTED)
    for number in range(count):
        _write(folder / "results" / f"m{number}" / "humaneval", names[number % len(names)], number)
    profiles = (f'[profiles.m{i}]\ntitle = "Model {i}"\nsolutions = "x.jsonl"\npartial = true\n' for i in range(count))
    (folder / "profiles.toml").write_text("".join(profiles))
    wall, cpu = (median(times) for times in zip(*(_timed(folder / "profiles.toml") for _ in range(3)), strict=True))
    sizes = ((folder / "results" / name).stat().st_size / 1e6 for name in ("REPORT.md", "report.json", "report.html"))
    return f"{count:6}  {wall:7.2f}  {cpu:7.2f}  " + "  ".join(f"{size:8.2f} MB" for size in sizes)


def _write(folder: Path, model: str, number: int) -> None:
    """A result file as grading leaves it, with a few verdicts that differ from model to model."""
    rng, known = random.Random(number), made.verdicts(SHARED, model)
    rows = {}
    for task, code in made.solutions(SHARED, model).items():
        base, plus = known[task] if number < len(made.IMPORTED) or rng.random() > 0.05 else ("fail", "fail")
        rows[task] = [{"task_id": task, "solution": code, "base_status": base, "plus_status": plus}]
    folder.mkdir(parents=True)
    result = {"date": "2026-11-24 23:40", "eval": rows, "bench": {"n_problems": 164, "samples": {}}}
    (folder / "eval_results.json").write_text(json.dumps(result))
    infos = (
        {"task_id": task, "sample": 0, "rule": "verbatim", "lost": "", "origin": f"{model}.jsonl:1"} for task in rows
    )
    (folder / "samples_info.jsonl").write_text("".join(json.dumps(info) + "\n" for info in infos))


def _timed(profiles: Path) -> tuple[float, float]:
    """Seconds of wall time, and of CPU."""
    began, used = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-c", RENDER, str(profiles)], check=True)
    now = os.times()
    cpu = now.children_user - used.children_user + now.children_system - used.children_system
    return time.perf_counter() - began, cpu


if __name__ == "__main__":
    main([int(count) for count in sys.argv[1:]] or [11, 100])
