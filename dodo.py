"""The graph: doit builds what is stale, and says why.

    profiles.toml ──▶ generate:<profile> ──▶ raw.jsonl
                                               │
    imported solutions ─────────────▶ samples:<profile> ──▶ samples.jsonl
                                               │
    dataset, ground truth ──────────▶ eval:<profile> ──▶ eval_results.json
                                               │
    reference scores ───────────────▶ report ──▶ REPORT.md, report.html, report.json

A profile with several datasets has a task for each (`eval:<profile>:mbpp`). What each step depends on stands in
bench/graph/steps.py; what makes a step stale, in bench/graph/stale.py.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidDodoFile

from bench.commands import jobs
from bench.errors import BenchError
from bench.graph import turns
from bench.graph.chain import chains
from bench.graph.hooks import Clean, Fresh, Memory, WholeFresh, make_results
from bench.graph.prerequisites import skipped
from bench.graph.report import Report
from bench.graph.reporter import RunReporter
from bench.graph.step import Step
from bench.graph.steps import Evaluate, Generate, Samples
from bench.profiles import Profile
from bench.profiles.file import chosen, load

try:
    CONFIG = load(chosen(Path(__file__).with_name("profiles.toml")))
    SKIPPED = skipped(CONFIG)
    make_results(CONFIG.layout.root)
except BenchError as error:
    raise InvalidDodoFile(error.sentence) from None

DOIT_CONFIG = {
    "default_tasks": [*(f"eval:{p.id}" for p in CONFIG.profiles if p.id not in SKIPPED), "report"],
    "dep_file": str(CONFIG.layout.root / ".doit.json"),
    "backend": "json",
    "codec_cls": Memory,
    "continue": True,
    "verbosity": 2,
    "reporter": RunReporter.bound(CONFIG, SKIPPED, turns.prepare),
}

REPORT = Report(CONFIG, SKIPPED)
cleaning = partial(Clean, CONFIG.layout.lock)


def leaf(step: Step, task_dep: list[str], **more: Any) -> dict[str, Any]:
    """The task of one step: one profile, one dataset."""
    return {
        "name": f"{step.profile.id}:{step.dataset}",
        "doc": f"{step.profile.title}, {step.dataset}",
        "actions": [step.make],
        "task_dep": task_dep,
        "uptodate": [Fresh(step)],
        "clean": [cleaning(step.clean)],
        "teardown": [REPORT.refresh],  # a run that ends early shows what it came to
        "io": {"capture": False},
        "meta": {"step": step},
        **more,
    }


def whole(stage: type[Step], profile: Profile) -> dict[str, Any]:
    """All datasets of one profile under one name."""
    steps = [stage(CONFIG, profile, dataset) for dataset in profile.sampling.datasets]
    return {
        "basename": stage.stage,
        "name": profile.id,
        "doc": profile.title,
        "actions": None,
        "task_dep": [f"{stage.stage}:{profile.id}:{step.dataset}" for step in steps],
        "uptodate": [WholeFresh(*chains(CONFIG, profile, stage))],
        "clean": [cleaning(step.clean) for step in steps],
    }


def task_generate() -> Iterator[dict[str, Any]]:
    """Ask the models for completions; a run that stopped goes on where it was."""
    for profile in (one for one in CONFIG.profiles if not one.imported):
        yield whole(Generate, profile)
        for dataset in profile.sampling.datasets:
            yield leaf(Generate(CONFIG, profile, dataset), [])


def task_samples() -> Iterator[dict[str, Any]]:
    """Take the code out of answers, or import solutions."""
    for profile in CONFIG.profiles:
        yield whole(Samples, profile)
        for dataset in profile.sampling.datasets:
            task_dep = [] if profile.imported else [f"generate:{profile.id}:{dataset}"]
            yield leaf(Samples(CONFIG, profile, dataset), task_dep)


def task_eval() -> Iterator[dict[str, Any]]:
    """Grade each profile; the list of these tasks is the list of profiles."""
    for profile in CONFIG.profiles:
        doc = f"{profile.title}: {profile.note}" if profile.note else profile.title
        uptodate = [WholeFresh(*chains(CONFIG, profile, Evaluate))]
        yield {"basename": f"eval:{profile.id}", "name": None, "doc": doc, "uptodate": uptodate}
        for dataset in profile.sampling.datasets:
            step, dep = Evaluate(CONFIG, profile, dataset), f"samples:{profile.id}:{dataset}"
            actions = [step.make, REPORT.refresh]  # the report shows each score before the next model starts
            yield leaf(step, [dep], basename=f"eval:{profile.id}", name=dataset, actions=actions)


def task_report() -> dict[str, Any]:
    """Render REPORT.md, report.html and report.json from what exists."""
    return {
        "actions": [REPORT.make],
        "uptodate": [Fresh(REPORT)],
        "clean": [cleaning(REPORT.clean)],
        "io": {"capture": False},
        "meta": {"step": REPORT},
    }


def task_command() -> Iterator[dict[str, Any]]:
    """Jobs beside the graph: doctor, why, prompts, selftest, compare, cache."""
    for job in jobs.jobs(CONFIG, SKIPPED):
        yield {
            "basename": job.name,
            "doc": job.doc,
            "actions": [job.action],
            "params": job.params,
            "uptodate": [False],
            "clean": [cleaning(job.clean)] if job.clean else [],
            "io": {"capture": False},
            "meta": {"beside": True},
        }
