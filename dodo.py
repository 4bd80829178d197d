"""The graph: doit builds stale files, and prints the reasons.

    profiles.toml ──▶ generate:<profile>:<dataset> ──▶ raw.jsonl, run.json
                                                          │ file_dep
    imported solutions ───────────────▶ samples:… ──▶ samples.jsonl
                                                          │ file_dep
    the dataset ──────────────────────▶ eval:… ─────▶ eval_results.json
                                                          │ existing results
    reference scores ─────────────────▶ report ─────▶ REPORT.md, report.html, report.json

An edge that is a file is a `file_dep`. Any other input is a named setting in doit's database (graph/settings.py): the
keys of profiles.toml that an answer depends on, the fingerprint of a model that is too large to be read, a dataset or a
result whose absence makes nothing stale.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doit.exceptions import InvalidDodoFile
from doit.task import Task, dict_to_task

from bench import interrupts
from bench.console import relative
from bench.errors import BenchError
from bench.files import make_folder
from bench.graph import database
from bench.graph.cleaning import Clean, clear_cache
from bench.graph.hosts import OnePerMachine
from bench.graph.prerequisites import skipped
from bench.graph.report import Report
from bench.graph.reporter import RunReporter, title
from bench.graph.settings import AllUpToDate
from bench.graph.stages import Evaluate, Generate, Samples, Stage
from bench.profiles import Profile
from bench.profiles.file import chosen, load

interrupts.prepare()
try:
    CONFIG = load(chosen(Path(__file__).with_name("profiles.toml")))
    SKIPPED = skipped(CONFIG)
    os.chdir(CONFIG.file.parent)  # so that doit knows files by the same names wherever the folder lies
    make_folder(CONFIG.layout.root)
    DATABASE = database.prepare(CONFIG.layout)
except BenchError as error:
    raise InvalidDodoFile(error.sentence) from None

DOIT_CONFIG = {
    "default_tasks": [*(f"eval:{p.id}" for p in CONFIG.profiles if p.id not in SKIPPED), "report"],
    "dep_file": DATABASE,
    "backend": "bench",
    "continue": True,
    "cleanforget": True,
    "verbosity": 2,
    "sort": "definition",  # doit list: the profiles in the file's order
    "reporter": RunReporter,
}

REPORT = Report(CONFIG, SKIPPED)


def task_generate() -> Iterator[Task]:
    """Ask the models for completions; what was interrupted goes on where it was."""
    models = [profile for profile in CONFIG.profiles if not profile.imported]
    for profile in models:
        for stage in (Generate(CONFIG, profile, dataset) for dataset in profile.sampling.datasets):
            # The report shows each score before the next model starts.
            turn, first = OnePerMachine(profile.machine), stage.opponents(SKIPPED)
            yield task(stage, actions=[REPORT.refresh, stage.run], uptodate=[turn], task_dep=first)
        yield group(Generate, profile)
    yield every("generate", models)


def task_samples() -> Iterator[Task]:
    """Take the code out of answers, or import solutions."""
    for profile in CONFIG.profiles:
        for stage in (Samples(CONFIG, profile, dataset) for dataset in profile.sampling.datasets):
            yield task(stage, file_dep=stage.inputs())
        yield group(Samples, profile)
    yield every("samples", CONFIG.profiles)


def task_eval() -> Iterator[Task]:
    """Grade; the list of these tasks is the list of profiles."""
    for profile in CONFIG.profiles:
        for stage in (Evaluate(CONFIG, profile, dataset) for dataset in profile.sampling.datasets):
            yield task(stage, file_dep=[stage.files.samples])
        yield group(Evaluate, profile)


def task_report() -> dict[str, Any]:
    """Render REPORT.md, report.html and report.json from what exists."""
    return {
        "actions": [REPORT.make],
        "file_dep": [relative(CONFIG.file)],
        "targets": list(map(relative, REPORT.targets)),
        "uptodate": [REPORT.uptodate()],
        "clean": [Clean(REPORT.clean)],
        "title": title,
        "io": {"capture": False},
        "meta": {"title": ("report", relative(CONFIG.layout.report)), "config": CONFIG, "skipped": SKIPPED},
    }


def task_cache() -> Task:
    """Tell where verdicts and ground truth are kept; `doit clean cache` removes them."""
    cache = CONFIG.layout.cache
    return hidden({
        "name": "cache",
        "actions": [lambda: print(cache)],
        "clean": [Clean(clear_cache, [cache])],
        "io": {"capture": False},
    })  # fmt: skip


def task(stage: Stage, uptodate: list[Any] = [], file_dep: list[Path] = [], **more: Any) -> Task:  # noqa: B006 - never written
    """The task of one stage of one profile on one dataset."""
    settings = stage.uptodate()
    REPORT.chains.setdefault((stage.profile.id, stage.dataset), []).append((stage, settings))
    fields = {
        "name": f"{stage.name}:{stage.profile.id}:{stage.dataset}",
        "doc": f"{stage.profile.title}, {stage.dataset}",
        "actions": [stage.run],
        "file_dep": list(map(relative, file_dep)),
        "targets": list(map(relative, stage.targets)),
        "uptodate": [settings, *uptodate],
        "clean": [Clean(stage.clean)],
        "teardown": [REPORT.refresh],  # a run that ends early shows its results
        "title": title,
        "io": {"capture": False},
        "meta": {"title": (stage.name, stage.label), "stage": stage},
    }
    return hidden(fields | more)


def group(stage: type[Stage], profile: Profile) -> Task:
    """All datasets of one profile under one name; `doit list` shows those of the last stage."""
    names = [f"{stage.name}:{profile.id}:{dataset}" for dataset in profile.sampling.datasets]
    doc = f"{profile.title}: {profile.note}" if profile.note else profile.title
    fields = {"name": f"{stage.name}:{profile.id}", "doc": doc, "actions": None, "task_dep": names}
    made = (dict_to_task if stage is Evaluate else hidden)(fields | {"uptodate": [AllUpToDate()]})
    made.has_subtask = True
    return made


def every(stage: str, profiles: list[Profile] | tuple[Profile, ...]) -> Task:
    """A stage of all profiles that can run here under one name."""
    names = [f"{stage}:{profile.id}" for profile in profiles if profile.id not in SKIPPED]
    return hidden({"name": stage, "actions": None, "task_dep": names, "uptodate": [AllUpToDate()]})


def hidden(fields: dict[str, Any]) -> Task:
    """A task that `doit list` shows only with --all."""
    made = dict_to_task(fields)
    made.subtask_of = fields["name"].rpartition(":")[0] or "all"
    return made
