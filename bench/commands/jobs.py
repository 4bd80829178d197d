"""The jobs beside the graph: doctor, why, prompts, selftest, compare, cache."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from doit.exceptions import TaskFailed

from bench import problems
from bench.console import line, shown
from bench.errors import BenchError
from bench.files import holding
from bench.graph.step import Step
from bench.graph.steps import Evaluate, Generate, Samples
from bench.interrupts import end_with_reader
from bench.profiles import Config
from bench.progress import Progress, live

Action = Callable[..., TaskFailed | None]


def prepare(results: Path) -> None:
    """Make the results directory, which doit's database needs. Raises BenchError where it cannot be written.

    A list that nobody reads to its end, as in `doit list | head`, ends without a word.
    """
    end_with_reader()
    try:
        results.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BenchError(f"{results} cannot be made ({error.strerror}); make its folder writable.") from None
    if not os.access(results, os.W_OK):
        raise BenchError(f"{results} is not writable; change its owner or rights, or set [paths] results.")


def table(config: Config, skipped: Mapping[str, str]) -> Iterator[tuple[str, str, Action, list[dict[str, Any]]]]:
    """Name, doc, action and parameters of each job."""
    pair = [{"name": name, "short": name, "long": f"profile-{name}", "default": "", "type": str} for name in "ab"]
    yield "doctor", "Say what this machine can run, and what to do about the rest.", _said(lambda: doctor(config)), []
    yield "why", "List what would run, and why; run nothing.", _said(lambda: why(config, skipped)), []
    yield "prompts", "Write results/<dataset>_prompts.json for solvers elsewhere.", _said(lambda: prompts(config)), []
    yield "selftest", "Prove sandbox and grader with the canonical solutions.", _said(lambda: selftest(config)), []

    def compare(a: str, b: str) -> TaskFailed | None:
        return _said(lambda: comparison(config, a, b))()

    yield "compare", "Two profiles side by side: doit compare -a <profile> -b <profile>.", compare, pair
    cached = "Say where verdicts and ground truth are kept; doit clean cache removes them."
    yield "cache", cached, _said(lambda: [str(config.layout.cache)]), []


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
            yield from _why_steps([kind(config, profile, dataset) for kind in (Generate, Samples, Evaluate)])


def _why_steps(steps: list[Step]) -> list[str]:
    upstream, lines = "", []
    for step in steps:
        if step.profile.imported and isinstance(step, Generate):
            continue
        reasons = ", ".join(map(str, step.reasons()))
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
    yield "\n\n".join(compare.compare(config, a, b, dataset) for dataset in graded or common)


def clean_cache(config: Config) -> Callable[[], None]:
    """The clean action that removes verdicts and ground truth."""

    def clean() -> None:
        for name in ("truth", "verdicts", "selftest"):
            if (folder := config.layout.cache / name).exists():
                shutil.rmtree(folder, ignore_errors=True)
                print(f"clean     {shown(folder)}")

    return clean


def _said(job: Callable[[], Iterable[str]]) -> Action:
    def action() -> TaskFailed | None:
        try:
            for text in job():
                print(text, flush=True)
        except BenchError as error:
            return TaskFailed("\n".join(filter(None, [error.sentence, error.log])))
        except BrokenPipeError:
            # Whoever reads this, such as head, has seen enough; Python's own flush at the end must not fail either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return None

    return action
