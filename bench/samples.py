"""Completions, or solutions made elsewhere → samples.jsonl in EvalPlus's format, with what is known about each."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from bench import imports, problems
from bench.console import in_worker, tell
from bench.errors import SamplesError
from bench.extract import extract_code
from bench.files import write_jsonl
from bench.generate.wanted import Kept, Place
from bench.problems import Dataset, Problem
from bench.profiles import Config, Profile
from bench.records import SampleInfo

LOST = {"truncated": "truncated", "empty": "empty", "error": "error", "timeout": "timeout"}
"""Outcomes of a completion that count as lost, whatever text came with them."""

Sample = tuple[SampleInfo, str]


def build(
    profile: Profile,
    config: Config,
    dataset_name: str,
    completions: Mapping[Place, Kept] | None = None,
) -> None:
    """Write samples.jsonl and samples_info.jsonl, line by line for the same samples.

    Lines are in problem order, then sample order; the same input gives the same bytes. `completions`, by problem and
    sample, are a model's; without them, solutions are imported. Raises what `imports.collect` raises, and SamplesError
    for a problem without a completion.
    """
    dataset = problems.load(dataset_name)
    if completions is None:
        imported = imports.collect(profile, config, dataset_name)
        samples = list(_imported(imported))
        tell(f"  {profile.id}  {imported.found}" if in_worker() else f"  {imported.found}")
    else:
        samples = list(_completed(profile, dataset, completions))
    files = config.layout.run(profile.id, dataset_name)
    write_jsonl(files.extraction, (asdict(info) for info, _ in samples))
    write_jsonl(files.samples, ({"task_id": info.task_id, "solution": code} for info, code in samples))


def _completed(profile: Profile, dataset: Dataset, completions: Mapping[Place, Kept]) -> Iterator[Sample]:
    for problem in dataset.problems.values():
        for number in range(profile.sampling.samples):
            kept = completions.get((problem.task_id, number))
            if kept is None:
                raise SamplesError(
                    f"{profile.id}: {problem.task_id} has no completion; run doit generate:{profile.id} to the end."
                )
            yield _sample(kept, problem)


def _sample(kept: Kept, problem: Problem) -> Sample:
    """A truncated answer may hold a whole function, which EvalPlus would grade; a refused one holds nothing."""
    completion = kept.completion
    code, rule = "", "none"
    if completion.outcome in ("stop", "truncated"):
        extraction = extract_code(completion.answer, problem.entry_point, problem.prompt)
        code, rule = extraction.code, extraction.rule
    info = SampleInfo(
        task_id=problem.task_id,
        sample=completion.sample,
        rule=rule,
        lost=_lost(completion.outcome, code),
        outcome=completion.outcome,
        completion_tokens=completion.completion_tokens,
        seconds=completion.seconds,
        origin=f"raw.jsonl:{kept.line}",
    )
    return info, code


def _imported(imported: imports.Imported) -> Iterator[Sample]:
    for solutions in imported.solutions.values():
        for number, solution in enumerate(solutions):
            info = SampleInfo(
                task_id=solution.task_id,
                sample=number,
                rule=solution.rule,
                lost=_lost(solution.outcome, solution.code),
                outcome=solution.outcome,
                completion_tokens=solution.completion_tokens,
                seconds=solution.seconds,
                origin=solution.origin,
                answer=solution.answer,
                reasoning=solution.reasoning,
            )
            yield info, solution.code


def _lost(outcome: str, code: str) -> str:
    return LOST.get(outcome) or ("" if code.strip() else "no code")
