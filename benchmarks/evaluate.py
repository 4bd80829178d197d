"""Grading beside EvalPlus's own evaluator, in one run on one machine: only the ratios mean something.

    python -m benchmarks.evaluate CORPUS [--stream 15000] [--models NAME …]

CORPUS holds <model>.jsonl files of real models' solutions; HUMANEVAL_OVERRIDE_PATH names HumanEval+ if EvalPlus has not
downloaded it. Both graders run as whole processes with two workers, EvalPlus in a bubblewrap sandbox of its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import problems
from bench.evaluate.ground_truth import Truth
from bench.layout import RunFiles

WORKERS = 2
WEAK = "vicunlocked-30b-gptq"
OURS = """
import sys
from pathlib import Path
from bench.evaluate.run import evaluate
from bench.layout import RunFiles
from bench.profiles import Sandbox
folder, cache, kind, reuse, dataset = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], bool(sys.argv[4]), sys.argv[5]
evaluate(RunFiles(folder, dataset), dataset, Sandbox(kind=kind, workers=2), cache, reuse=reuse)
"""
THEIRS = "import sys; sys.argv[0] = 'evalplus.evaluate'; from evalplus.evaluate import main; main()"


class Bench:
    """Both graders, each with a cache of its own below one folder."""

    def __init__(self, root: Path, kind: str, dataset: str = "humaneval") -> None:
        self.root, self.kind, self.dataset = root, kind, dataset
        self.problems = problems.load(dataset).problems
        self.rows: list[tuple[str, float, float]] = []
        (root / "theirs").mkdir()
        (root / "theirs" / "data.jsonl").write_bytes(problems.location(dataset).read_bytes())
        self.their_results = root / "theirs" / "samples_eval_results.json"
        self.files = RunFiles(root / "ours", dataset)

    def ours(self, lines: list[str], *, reuse: bool = False) -> float:
        """Seconds that we take for these samples."""
        self.files.root.mkdir(parents=True, exist_ok=True)
        self.files.samples.write_text("".join(lines))
        options = [str(self.files.folder), str(self.root / "cache"), self.kind, "1" * reuse, self.dataset]
        return _timed(lambda: subprocess.run([sys.executable, "-c", OURS, *options], check=True))

    def theirs(self, lines: list[str]) -> float:
        """Seconds that EvalPlus takes for these samples; it wants a line for each problem."""
        folder = self.root / "theirs"
        attempted = {json.loads(line)["task_id"] for line in lines}
        missing = [
            json.dumps({"task_id": task, "solution": ""}) + "\n" for task in self.problems if task not in attempted
        ]
        (folder / "samples.jsonl").write_text("".join([*lines, *missing]))
        self.their_results.unlink(missing_ok=True)
        options = ["--dataset", self.dataset, "--samples", "/here/samples.jsonl"]
        options += ["--parallel", str(WORKERS), "--min-time-limit", "4"]
        variable = problems.SOURCES[self.dataset].variable
        command = [*_box(folder, variable), sys.executable, "-c", THEIRS, *options]
        seconds = _timed(lambda: subprocess.run(command, check=True, capture_output=True))
        assert self.their_results.exists()
        return seconds

    def compare(self, name: str, lines: list[str]) -> None:
        """Add a row: both on the same samples."""
        self.add(name, self.theirs(lines), self.ours(lines))

    def add(self, name: str, theirs: float, ours: float) -> None:
        """Add a row and say it."""
        self.rows.append((name, theirs, ours))
        print(f"{name:<28} {theirs:8.1f} s {ours:8.1f} s   {theirs / ours:5.1f} times", flush=True)

    def canonical(self) -> list[str]:
        """The canonical solutions, one line each."""
        found = ((p.task_id, p.reference) for p in self.problems.values())
        return [json.dumps({"task_id": task_id, "solution": text}) + "\n" for task_id, text in found]


def _timed(job: Callable[[], object]) -> float:
    began = time.monotonic()
    job()
    return time.monotonic() - began


def _box(folder: Path, variable: str) -> list[str]:
    places = [*map(Path, ("/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", sys.base_prefix, sys.prefix))]
    links = [
        part for place in places if place.is_symlink() for part in ("--symlink", str(place.readlink()), str(place))
    ]
    real = [place for place in dict.fromkeys(places) if place.exists() and not place.is_symlink()]
    binds = [*links, *(part for place in real for part in ("--ro-bind", str(place), str(place)))]
    settings = {"HOME": "/here", variable: "/here/data.jsonl", "PATH": os.environ["PATH"]}
    environment = [part for name, value in settings.items() for part in ("--setenv", name, value)]
    return [
        "bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--clearenv", *environment,
        "--tmpfs", "/tmp", *binds, "--proc", "/proc", "--dev", "/dev",
        "--bind", str(folder), "/here", "--chdir", "/here",
    ]  # fmt: skip


def lines_of(corpus: Path, model: str) -> list[str]:
    """The samples of a model, one line each."""
    return (corpus / f"{model}.jsonl").read_text().splitlines(keepends=True)


def side_by_side(bench: Bench, corpus: Path, models: list[str]) -> None:
    """The first grading, then canonical solutions, a weak model and all models, with ground truth known."""
    canonical = bench.canonical()
    bench.compare("canonical, first time", canonical)
    bench.compare("canonical", canonical)
    ours = bench.rows[-1][2]
    truth = Truth(bench.root / "cache", "humaneval")
    least = sum(map(truth.cost, truth.tasks)) / WORKERS
    bench.compare(WEAK, lines_of(corpus, WEAK))
    first = len(bench.rows)
    for model in models:
        bench.compare(model, lines_of(corpus, model))
    if models:
        rows = bench.rows[first:]
        bench.add("all models", sum(theirs for _, theirs, _ in rows), sum(here for _, _, here in rows))
    print(f"canonical: {ours / least:.2f} times what the references take ({least:.1f} s over {WORKERS} cores)")


def one_changed(bench: Bench) -> None:
    """What a changed sample costs where all others are known, as a share of a full grading."""
    canonical = bench.canonical()
    bench.ours(canonical, reuse=True)
    start = min(bench.ours(canonical, reuse=True) for _ in range(3))
    whole = bench.ours(canonical)
    changed = []
    for number in range(3):
        row = json.loads(canonical[0])
        line = json.dumps(row | {"solution": f"{row['solution']}\n# {number}\n"}) + "\n"
        changed.append(bench.ours([line, *canonical[1:]], reuse=True))
    share = (min(changed) - start) / whole
    print(f"one changed sample: {100 * share:.1f} % of a full grading, beyond {start:.2f} s of start")


def stream(bench: Bench, corpus: Path, count: int) -> None:
    """Samples a second and peak memory of 164 samples, and of many thousands made of them."""
    lines = lines_of(corpus, WEAK)
    few = len(lines) / bench.ours(lines)
    rows = [json.loads(line) for line in lines]
    key = "solution" if "solution" in rows[0] else "completion"
    many = [
        json.dumps(row | {key: f"{row[key]}\n# {turn}\n"}) + "\n"
        for turn in range(count // len(rows) + 1) for row in rows
    ][:count]  # fmt: skip
    rate = len(many) / bench.ours(many)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{count} samples: {rate:.0f} a second ({len(lines)} samples: {few:.0f}), at most {peak:.0f} MB in one process"
    )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Grading beside EvalPlus's own evaluator")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--kind", default="bubblewrap", choices=("bubblewrap", "docker"))
    parser.add_argument("--models", nargs="*", help="instead of all models of the corpus; none for none")
    parser.add_argument("--stream", type=int, default=0, help="also grade this many samples at once")
    parser.add_argument("--no-evalplus", action="store_true", help="measure the cache and the stream alone")
    options = parser.parse_args()
    every = sorted(path.stem for path in options.corpus.glob("*.jsonl"))
    models = every if options.models is None else options.models
    with tempfile.TemporaryDirectory() as root:
        bench = Bench(Path(root), options.kind)
        if not options.no_evalplus:
            print(f"{'samples':<28} {'EvalPlus':>10} {'here':>10}")
            side_by_side(bench, options.corpus, models)
        one_changed(bench)
        if options.stream:
            stream(bench, options.corpus, options.stream)


if __name__ == "__main__":
    main()
