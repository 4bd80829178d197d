"""Grading real models' solutions beside EvalPlus's evaluator, in one run on one machine: only ratios mean something.

    python -m benchmarks.evaluate CORPUS [--models NAME …] [--stream 15000]

CORPUS holds <model>.jsonl files of real models' solutions; HUMANEVAL_OVERRIDE_PATH names HumanEval+ if EvalPlus has not
downloaded it. Both graders run as whole processes with two workers, EvalPlus in a bubblewrap sandbox of its own. The
grader's CPU time is all that its processes used but for the samples' own; start, sandboxes and judging are in it.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import datasets
from bench.layout import RunFiles

WORKERS = 2
WEAK = "vicunlocked-30b-gptq"
OURS = """
import json, resource, sys
from pathlib import Path
from bench.evaluate.judge import Judge
from bench.evaluate.run import evaluate
from bench.layout import RunFiles
from bench.profiles import Sandbox
folder, cache, kind, reuse, dataset = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], bool(sys.argv[4]), sys.argv[5]
suites, finish = [], Judge.finish
def measured(judge, end):
    result = finish(judge, end)
    suites.append((end.cpu, judge.cpu))
    return result
Judge.finish = measured
evaluate(RunFiles(folder, dataset), dataset, Sandbox(kind=kind, workers=2), cache, reuse=reuse)
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
everything = sum(one.ru_utime + one.ru_stime for one in used)
print(json.dumps({"everything": everything, "suites": suites, "peak": used[0].ru_maxrss // 1024}))
"""
THEIRS = """
import sys, types
# EvalPlus imports this package for another benchmark of its own; it is not installed here.
sys.modules["datasets"] = types.SimpleNamespace(load_dataset=None)
sys.argv[0] = "evalplus.evaluate"
from evalplus.evaluate import main
main()
"""


@dataclass(frozen=True)
class Cost:
    """What a grading took: seconds on the wall; CPU seconds of the samples and of the grader itself.

    `longest` is the CPU time that judging a suite took, at most, beyond that of the suite.
    """

    seconds: float
    samples: float = 0.0
    grader: float = 0.0
    longest: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.seconds + other.seconds, self.samples + other.samples, self.grader + other.grader,
            max(self.longest, other.longest),
        )  # fmt: skip


class Bench:
    """Both graders, each with a cache of its own below one folder."""

    def __init__(self, root: Path, kind: str, dataset: str = "humaneval") -> None:
        self.root, self.kind, self.dataset = root, kind, dataset
        self.problems = datasets.load(dataset).problems
        self.rows: list[tuple[str, float, Cost]] = []
        (root / "theirs").mkdir()
        (root / "theirs" / "data.jsonl").write_bytes(datasets.location(dataset).read_bytes())
        self.their_results = root / "theirs" / "samples_eval_results.json"
        self.files = RunFiles(root / "ours", dataset)

    def ours(self, lines: list[str], *, reuse: bool = False) -> Cost:
        """What we take for these samples."""
        self.files.root.mkdir(parents=True, exist_ok=True)
        self.files.samples.write_text("".join(lines))
        options = [str(self.files.folder), str(self.root / "cache"), self.kind, "1" * reuse, self.dataset]
        began = time.monotonic()
        ran = subprocess.run([sys.executable, "-c", OURS, *options], check=True, stdout=subprocess.PIPE)
        seconds, found = time.monotonic() - began, json.loads(ran.stdout.splitlines()[-1])
        samples = sum(cpu for cpu, _ in found["suites"])
        longest = max((judging - cpu for cpu, judging in found["suites"]), default=0.0)
        return Cost(seconds, samples, found["everything"] - samples, max(0.0, longest))

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
        variable = datasets.known()[self.dataset].variable
        command = [*_box(folder, variable), sys.executable, "-c", THEIRS, *options]
        began = time.monotonic()
        subprocess.run(command, check=True, capture_output=True)
        assert self.their_results.exists()
        return time.monotonic() - began

    def compare(self, name: str, lines: list[str]) -> None:
        """Add a row: both on the same samples."""
        self.add(name, self.theirs(lines), self.ours(lines))

    def add(self, name: str, theirs: float, ours: Cost) -> None:
        """Add a row and print it."""
        self.rows.append((name, theirs, ours))
        print(
            f"{name:<28} {theirs:8.1f} s {ours.seconds:8.1f} s {theirs / ours.seconds:6.1f} times"
            f" {ours.samples:9.1f} s {ours.grader:8.1f} s {100 * ours.grader / max(ours.samples, 0.01):5.0f} %"
            f" {ours.longest:8.2f} s",
            flush=True,
        )

    def canonical(self) -> list[str]:
        """The canonical solutions, one line each."""
        found = ((p.task_id, p.reference) for p in self.problems.values())
        return [json.dumps({"task_id": task_id, "solution": text}) + "\n" for task_id, text in found]


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
    """The first grading, then canonical solutions and real models', with ground truth known."""
    canonical = bench.canonical()
    bench.compare("canonical, first time", canonical)
    bench.compare("canonical", canonical)
    first = len(bench.rows)
    for model in models:
        bench.compare(model, lines_of(corpus, model))
    rows = bench.rows[first:]
    if rows:
        bench.add("all models", sum(theirs for _, theirs, _ in rows), sum((ours for _, _, ours in rows), Cost(0.0)))


def one_changed(bench: Bench) -> None:
    """What a changed sample costs where all others are known, as a share of a full grading."""
    canonical = bench.canonical()
    whole = bench.ours(canonical).seconds
    bench.ours(canonical, reuse=True)
    start = min(bench.ours(canonical, reuse=True).seconds for _ in range(3))
    changed = []
    for number in range(3):
        row = json.loads(canonical[0])
        line = json.dumps(row | {"solution": f"{row['solution']}\n# {number}\n"}) + "\n"
        changed.append(bench.ours([line, *canonical[1:]], reuse=True).seconds)
    share = (min(changed) - start) / whole
    print(f"one changed sample: {100 * share:.1f} % of a full grading, beyond {start:.2f} s of start")


def stream(bench: Bench, corpus: Path, count: int) -> None:
    """Samples a second and peak memory of 164 samples, and of many thousands made of them."""
    lines = lines_of(corpus, WEAK)
    few = len(lines) / bench.ours(lines).seconds
    rows = [json.loads(line) for line in lines]
    key = "solution" if "solution" in rows[0] else "completion"
    many = [
        json.dumps(row | {key: f"{row[key]}\n# {turn}\n"}) + "\n"
        for turn in range(count // len(rows) + 1) for row in rows
    ][:count]  # fmt: skip
    rate = len(many) / bench.ours(many).seconds
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{count} samples: {rate:.0f} a second ({len(lines)} samples: {few:.0f}), at most {peak:.0f} MB in one process"
    )


HEADER = (
    f"{'samples':<28} {'EvalPlus':>10} {'here':>10} {'':>12} {'samples CPU':>11} {'grader':>10} {'share':>7}"
    f" {'longer':>10}"
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
            print(HEADER)
            side_by_side(bench, options.corpus, models)
        one_changed(bench)
        if options.stream:
            stream(bench, options.corpus, options.stream)


if __name__ == "__main__":
    main()
