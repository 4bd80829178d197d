"""The self-test: the canonical solutions, graded like a model's, must pass every test on this machine."""

import json
import time
from pathlib import Path
from typing import Any

from bench import datasets
from bench.console import listed
from bench.errors import DatasetError, GraderError
from bench.evaluate.results import Summary
from bench.evaluate.run import OnProgress, alone, evaluate, unwatched
from bench.files import read_table, write_json, write_jsonl
from bench.layout import SELFTESTS, RunFiles
from bench.profiles import Sandbox

NAMED = 5
"""Failed references that an error names."""


def selftest(
    dataset: str, sandbox: Sandbox, cache: Path, scheduler: str = "", on_progress: OnProgress = unwatched
) -> Summary:
    """Grade all canonical solutions anew; record the result and the day in `cache`/selftest.json.

    Raises GraderError where one of them does not pass, and the errors of `evaluate`.
    """
    files = RunFiles(cache / "selftest", dataset)
    rows = {task: problem for task, problem in datasets.load(dataset).problems.items() if problem.reference}
    if not rows:
        raise DatasetError(f"The dataset {dataset} has no reference solutions; there is nothing to prove it with.")
    write_jsonl(files.samples, ({"task_id": p.task_id, "solution": p.reference} for p in rows.values()))
    trusted = dataset.startswith("demo")
    with alone(cache):
        summary = evaluate(
            files, dataset, sandbox, cache, scheduler=scheduler, trusted=trusted, on_progress=on_progress, reuse=False
        )
    results = json.loads(files.results.read_bytes())
    block = results["bench"]
    _note(cache, dataset, block, summary, len(rows))
    failed = [task for task in rows if results["eval"][task][0]["plus_status"] != "pass"]
    if failed:
        names = [f"{task} ({rows[task].place})" if rows[task].place else task for task in failed]
        raise GraderError(
            f"{len(failed)} of {len(rows)} canonical solutions of {dataset} do not pass in this sandbox "
            f"({block['sandbox']['kind']}): {listed(names, NAMED)}; see {files.log('evaluation')}."
        )
    return summary


def _note(cache: Path, dataset: str, block: dict[str, Any], summary: Summary, problems: int) -> None:
    """Record the last self-test of this dataset in this kind of sandbox, for the report."""
    kind = block["sandbox"]["kind"]
    proof = {
        "dataset": dataset,
        "sandbox": kind,
        "problems": problems,
        "base": summary.base_passed,
        "plus": summary.plus_passed,
        "seconds": summary.seconds,
        "date": time.strftime("%Y-%m-%d"),
        **{name: block[name] for name in ("grader", "python", "own_tests")},
    }
    write_json(cache / SELFTESTS, read_table(cache / SELFTESTS) | {f"{dataset} {kind}": proof})
