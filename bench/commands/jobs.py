"""The jobs beside the graph: doctor, why, prompts, selftest, compare, cache."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from doit.exceptions import TaskFailed

from bench import problems
from bench.console import line, shown
from bench.errors import BenchError
from bench.graph.chain import chain
from bench.graph.stale import said
from bench.graph.step import Step
from bench.locks import holding
from bench.profiles import Config
from bench.progress import Progress, live

PAIR = tuple({"name": name, "short": name, "long": f"profile-{name}", "default": "", "type": str} for name in "ab")
"""The parameters of a job about two profiles, as doit takes them."""


@dataclass(frozen=True)
class Job:
    """A task beside the graph: `lines` makes what it says from its `params`; `clean` is for `doit clean <name>`."""

    name: str
    doc: str
    lines: Callable[..., Iterable[str]]
    params: tuple[dict[str, Any], ...] = ()
    clean: Callable[[], None] | None = None

    @property
    def action(self) -> Callable[..., TaskFailed | None]:
        """What doit calls: it says the lines as they come; a user's error is its sentence."""

        @wraps(self.lines)
        def say(**given: str) -> TaskFailed | None:
            try:
                for text in self.lines(**given):
                    print(text, flush=True)
            except BenchError as error:
                return TaskFailed("\n".join(filter(None, [error.sentence, error.log])))
            except BrokenPipeError:
                # Whoever reads this, such as head, has seen enough; Python's own flush at the end must not fail either.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return None

        return say


def jobs(config: Config, skipped: Mapping[str, str]) -> list[Job]:
    """All jobs; `skipped` maps ids of profiles that cannot run here to the reason."""
    cached = "Say where verdicts and ground truth are kept; doit clean cache removes them."
    beside = "Two profiles side by side: doit compare -a <profile> -b <profile>."
    return [
        Job("doctor", "Say what this machine can run, and what to do about the rest.", lambda: doctor(config)),
        Job("why", "List what would run, and why; run nothing.", lambda: why(config, skipped)),
        Job("prompts", "Write results/<dataset>_prompts.json for solvers elsewhere.", lambda: prompts(config)),
        Job("selftest", "Prove sandbox and grader with the canonical solutions.", lambda: selftest(config)),
        Job("compare", beside, lambda a, b: comparison(config, a, b), PAIR),
        Job("cache", cached, lambda: [str(config.layout.cache)], clean=lambda: clear_cache(config)),
    ]


def doctor(config: Config) -> Iterator[str]:
    """What this machine has and lacks."""
    from bench.commands.doctor import report  # noqa: PLC0415 - only here
    from bench.commands.findings import render  # noqa: PLC0415 - only here

    yield render(report(config))


def why(config: Config, skipped: Mapping[str, str]) -> Iterator[str]:
    """A line for every step that would run, or for every profile where nothing would; who is at work comes first."""
    if holder := holding(config.layout.lock):
        yield line("run", holder, "is under way; what follows is as it stands now")
    for profile in config.profiles:
        if profile.id in skipped:
            yield line("skip", profile.id, skipped[profile.id])
            continue
        for dataset in profile.sampling.datasets:
            yield from _why_steps(chain(config, profile, dataset))


def _why_steps(steps: list[Step]) -> list[str]:
    upstream, lines = "", []
    for step in steps:
        reasons = said(step.reasons())
        if reasons or upstream:
            lines.append(line(step.stage, step.label, reasons or f"if {upstream} changes its input"))
            upstream = step.stage
    return lines or [line("fresh", steps[0].label, "nothing would run")]


def prompts(config: Config) -> Iterator[str]:
    """Write the prompts of every dataset that a profile names; each file when it is written."""
    from bench.imports.prompts import write  # noqa: PLC0415 - only here

    for name in dict.fromkeys(dataset for profile in config.profiles for dataset in profile.sampling.datasets):
        yield shown(write(config, name))


def selftest(config: Config) -> Iterator[str]:
    """Grade the canonical solutions of EvalPlus's datasets and of those that a profile names; a line each when done."""
    from bench.evaluate.selftest import selftest as prove  # noqa: PLC0415 - heavy

    named = [dataset for profile in config.profiles for dataset in profile.sampling.datasets]
    for name in dict.fromkeys([*named, *(name for name, source in problems.SOURCES.items() if source.variable)]):
        title, progress = problems.SOURCES[name].title, Progress(f"selftest {name}", problems.SOURCES[name].count)
        with live(progress, stays=False):
            proof = prove(name, config.sandbox, config.layout.cache, config.evaluation.scheduler, progress.reach)
        count = proof.n_problems
        passed = f"{proof.base_passed}/{count} base, {proof.plus_passed}/{count} plus"
        yield f"{title}: {passed}, {proof.seconds:.1f} s"


def comparison(config: Config, a: str, b: str) -> Iterator[str]:
    """Two profiles on the datasets that both have."""
    from bench.report import compare  # noqa: PLC0415 - only here

    known = {profile.id: profile for profile in config.profiles}
    if not a or not b:
        raise BenchError("compare takes two profiles: doit compare -a <profile> -b <profile>; doit list has them.")
    for name in (a, b):
        if name not in known:
            raise BenchError(f'There is no profile "{name}"; doit list has them.')
    common = [dataset for dataset in known[a].sampling.datasets if dataset in known[b].sampling.datasets]
    if not common:
        raise BenchError(f"{a} and {b} have no dataset in common; give one of them the other's in datasets.")
    graded = [dataset for dataset in common if all(config.layout.run(one, dataset).results.exists() for one in (a, b))]
    yield "\n\n".join(compare.side_by_side(config, a, b, dataset) for dataset in graded or common)


def clear_cache(config: Config) -> None:
    """Remove verdicts and ground truth."""
    for name in ("truth", "verdicts", "selftest"):
        if (folder := config.layout.cache / name).exists():
            shutil.rmtree(folder, ignore_errors=True)
            print(f"clean     {shown(folder)}")
