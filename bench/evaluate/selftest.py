"""The proof on this machine: the canonical solutions, graded as a model's are, pass every test."""

import json
import time
from pathlib import Path

from bench import datasets
from bench.errors import GraderError
from bench.evaluate.results import Summary
from bench.evaluate.run import OnProgress, alone, evaluate, unwatched
from bench.files import read_json, write_json, write_jsonl
from bench.layout import SELFTESTS, RunFiles
from bench.profiles import Sandbox


def selftest(
    dataset: str, sandbox: Sandbox, cache: Path, scheduler: str = "", on_progress: OnProgress = unwatched
) -> Summary:
    """Grade the canonical solutions, all of them anew; note the result and the day in `cache`/selftest.json.

    Raises GraderError where one of them does not pass, and what `evaluate` raises.
    """
    files = RunFiles(cache / "selftest", dataset)
    rows = [problem for problem in datasets.load(dataset).problems.values() if problem.reference]
    write_jsonl(files.samples, ({"task_id": p.task_id, "solution": p.reference} for p in rows))
    trusted = dataset.startswith("demo")
    with alone(cache):
        summary = evaluate(
            files, dataset, sandbox, cache, scheduler=scheduler, trusted=trusted, on_progress=on_progress, reuse=False
        )
    block = json.loads(files.results.read_bytes())["bench"]
    note(cache, dataset, block, summary)
    missing = summary.n_problems - summary.plus_passed
    if missing:
        raise GraderError(
            f"{missing} of {summary.n_problems} canonical solutions of {dataset} do not pass in this sandbox "
            f"({block['sandbox']['kind']}); see {files.log('evaluation')}."
        )
    return summary


def note(cache: Path, dataset: str, block: dict[str, object], summary: Summary) -> None:
    """Keep what the last self-test of this dataset in this kind of sandbox said, for the report."""
    saved = read_json(cache / SELFTESTS)
    known = saved if isinstance(saved, dict) else {}
    sandbox = block["sandbox"]
    kind = sandbox["kind"] if isinstance(sandbox, dict) else ""
    known[f"{dataset} {kind}"] = {
        "dataset": dataset,
        "sandbox": kind,
        "problems": summary.n_problems,
        "base": summary.base_passed,
        "plus": summary.plus_passed,
        "seconds": summary.seconds,
        "date": time.strftime("%Y-%m-%d"),
        "grader": block["grader"],
        "python": block["python"],
    }
    write_json(cache / SELFTESTS, known)
