"""Completions, or solutions made elsewhere → samples.jsonl in EvalPlus's format, and samples_info.jsonl.

The same input gives the same bytes: samples are in problem order, and those of a problem in their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from bench import datasets
from bench.console import in_worker, print_line
from bench.errors import SamplesError
from bench.extract.targets import sample_of
from bench.files import write_jsonl
from bench.generate.journal import JournalEntry
from bench.generate.requests import SampleId
from bench.imports.collection import collect
from bench.layout import JOURNAL, RunFiles
from bench.profiles import Config, Profile
from bench.records import Sample


def from_completions(
    profile: Profile,
    config: Config,
    dataset_name: str,
    completions: Mapping[SampleId, JournalEntry],
    *,
    part: bool = False,
) -> None:
    """Write the samples of a model's completions. Raises SamplesError for a problem without one, but of a `part`."""
    samples = list(_completed(profile, dataset_name, completions, part=part or bool(profile.duel)))
    _write(config.layout.run(profile.id, dataset_name), samples)


def from_imports(profile: Profile, config: Config, dataset_name: str) -> None:
    """Write the samples of solutions made elsewhere, and print a summary. Raises the errors of `collect`."""
    imported = collect(profile, config, dataset_name)
    _write(
        config.layout.run(profile.id, dataset_name),
        [sample for samples in imported.solutions.values() for sample in samples],
    )
    print_line(f"  {profile.id}  {imported.summary}" if in_worker() else f"  {imported.summary}")


def _write(files: RunFiles, samples: Sequence[Sample]) -> None:
    """Line n of both files is about the same sample."""
    write_jsonl(files.sample_info, (asdict(sample.info) for sample in samples))
    write_jsonl(files.samples, ({"task_id": sample.info.task_id, "solution": sample.code} for sample in samples))


def _completed(
    profile: Profile, dataset_name: str, completions: Mapping[SampleId, JournalEntry], *, part: bool
) -> Iterator[Sample]:
    for problem in datasets.load(dataset_name).problems.values():
        for number in range(profile.sampling.samples):
            entry = completions.get((problem.task_id, number))
            if entry is None and part:
                continue
            if entry is None:
                raise SamplesError(
                    f"{profile.id}: {problem.task_id} has no completion; run doit generate:{profile.id} to the end."
                )
            yield sample_of(entry.completion, problem, f"{JOURNAL}:{entry.line}")
