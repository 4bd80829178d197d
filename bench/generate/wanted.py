"""The completions that a profile wants on a dataset, and those of them that the journal has."""

from dataclasses import dataclass

from bench import problems
from bench.errors import BenchError
from bench.generate.journal import Journal
from bench.generate.model import Model, identify
from bench.generate.prompt import messages, request_key, seed_of
from bench.problems import Dataset, Problem
from bench.profiles import Config, Profile
from bench.records import Completion

Place = tuple[str, int]
"""A problem's task_id and the number of the sample, from 0."""


@dataclass(frozen=True)
class Wanted:
    """One completion to have: what is asked, and the key under which the journal keeps the answer."""

    problem: Problem
    sample: int
    key: str
    messages: list[dict[str, str]]
    seed: int | None

    @property
    def place(self) -> Place:
        """Which completion this is."""
        return self.problem.task_id, self.sample


@dataclass(frozen=True)
class Kept:
    """A completion and its line in the journal, from 1."""

    completion: Completion
    line: int


def wanted(profile: Profile, dataset: Dataset, model: Model) -> list[Wanted]:
    """All completions of a profile on a dataset, sample by sample, in problem order."""
    return [
        Wanted(
            problem,
            sample,
            request_key(problem, profile, model, sample),
            messages(problem, profile.sampling),
            seed_of(profile.sampling, sample),
        )
        for sample in range(profile.sampling.samples)
        for problem in dataset.problems.values()
    ]


def kept(journal: Journal, wants: list[Wanted], max_tokens: int, *, failures: bool = False) -> dict[Place, Kept]:
    """What the journal has of `wants`, in their order; with `failures`, an error where there is nothing better."""
    places = {want.key: want.place for want in wants}
    found = journal.select(places, max_tokens)
    if failures:
        found = journal.failures(places) | found
    lines = {id(completion): number for number, completion in enumerate(journal.completions, 1)}
    have = ((want.place, found.get(want.place)) for want in wants)
    return {place: Kept(completion, lines[id(completion)]) for place, completion in have if completion is not None}


def count(profile: Profile, config: Config, dataset_name: str) -> tuple[int, int] | None:
    """How many completions the journal lacks, of how many; None where that cannot be told now.

    Nothing is downloaded to tell it, and a journal that cannot be read is for the run to complain about.
    """
    if problems.fingerprint(dataset_name) is None:
        return None
    try:
        have, total = _held(profile, config, dataset_name, failures=False)
    except BenchError:
        return None
    return total - len(have), total


def completions_of(profile: Profile, config: Config, dataset_name: str) -> dict[Place, Kept]:
    """What the journal holds for the profile as it is now, failed requests included. Raises JournalError."""
    return _held(profile, config, dataset_name, failures=True)[0]


def _held(profile: Profile, config: Config, dataset_name: str, *, failures: bool) -> tuple[dict[Place, Kept], int]:
    """What the journal has of what is wanted now, and how many are wanted."""
    wants = wanted(profile, problems.load(dataset_name), identify(config, profile))
    journal = Journal(config.layout.run(profile.id, dataset_name).journal)
    return kept(journal, wants, profile.sampling.max_tokens, failures=failures), len(wants)
