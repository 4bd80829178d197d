"""The run of a duel: portions of its problems are asked and graded, one after another, until it is settled."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import datasets, samples
from bench.console import counted, print_line
from bench.duel import ProblemId, state_of
from bench.errors import MissingPrerequisite
from bench.evaluate.run import alone, evaluate
from bench.files import digest_of
from bench.generate.connect import reused_backend
from bench.generate.model import file_of
from bench.generate.requests import completions_of
from bench.generate.run import generate
from bench.layout import Layout
from bench.profiles import Config, Profile
from bench.report.duels import Duel, ordered_problems, outcomes
from bench.report.results import Result, read

PORTION = 4
"""Problems that are asked before the next look, or twice as many as there are slots."""


def opponent(config: Config, profile: Profile) -> dict[str, Result]:
    """The results to beat, by dataset. Raises MissingPrerequisite where one is not there."""
    other = config.profile(profile.duel)
    results = {name: read(config.layout.run(other.id, name), other) for name in profile.sampling.datasets}
    for name, result in results.items():
        if not result.samples:
            raise MissingPrerequisite(f"{profile.id}: {other.id} has no result on {name} yet; doit eval:{other.id}.")
    return results


def settings(config: Config, profile: Profile) -> dict[str, Any]:
    """Settings that the end of a duel depends on. Raises MissingPrerequisite."""
    verdicts = digest_of([[name, one.rates] for name, one in opponent(config, profile).items()])
    return {"duel": profile.duel, "margin": config.report.margin, f"verdicts on {profile.duel}": verdicts}


def run(config: Config, profile: Profile) -> None:
    """Ask on all datasets of the profile until the duel is settled. Raises BenchError."""
    theirs, margin = opponent(config, profile), config.report.margin / 100
    if profile.hub:
        file_of(config, profile)
    for name in theirs:
        datasets.load(name)
    problems, size = ordered_problems(theirs), max(PORTION, 2 * profile.sampling.slots)
    begin, end = 0, max(size, _first(config, profile, problems))
    with reused_backend() as opener:
        while True:
            for name in theirs:
                task_ids = {task for dataset, task in problems[begin:end] if dataset == name}
                generate(profile, config, name, only=task_ids, opener=opener)
            ours = _graded(config, profile, problems[:end])
            now = state_of(outcomes(ours, theirs), margin)
            if now.settled or end >= len(problems):
                break
            print_line(f"  {counted(now.problems, 'problem')}: {now.won} won, {now.lost} lost, e = {now.e_value:.2g}")
            begin, end = end, end + size
    print_line(f"  {Duel(tuple(ours.values()), '', now, 0, 0).verdict}")


def _first(config: Config, profile: Profile, problems: list[ProblemId]) -> int:
    """The size of the first portion: at least one problem of each dataset, and all that were asked before."""
    names = [name for name, _ in problems]
    known = {(name, task) for name in {*names} for task, _ in completions_of(profile, config, name)}
    first = next((at for at, problem_id in enumerate(problems) if problem_id not in known), len(problems))
    return max(first, *(1 + names.index(name) for name in names))


def _graded(config: Config, profile: Profile, portion: list[ProblemId]) -> dict[str, Result]:
    """The results on those problems, by dataset; verdicts that are known cost nothing."""
    results = {}
    with tempfile.TemporaryDirectory(prefix="bench-duel-") as folder, alone(config.layout.cache):
        scratch = replace(config, layout=Layout(Path(folder)))
        for name in dict.fromkeys(name for name, _ in portion):
            task_ids = {task for dataset, task in portion if dataset == name}
            known = completions_of(profile, config, name)
            chosen = {sample_id: entry for sample_id, entry in known.items() if sample_id[0] in task_ids}
            samples.from_completions(profile, scratch, name, chosen)
            files = scratch.layout.run(profile.id, name)
            evaluate(
                files, name, config.sandbox, config.layout.cache, scheduler=config.evaluation.scheduler,
                trusted=profile.builtin,
            )  # fmt: skip
            results[name] = read(files, profile)
    return results
