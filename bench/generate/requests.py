"""The requests of a profile on a dataset, and the completions that the journal has of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench import datasets
from bench.datasets import Dataset, Problem
from bench.errors import BenchError, MissingPrerequisite
from bench.generate.answer import TOKEN_TOLERANCE, Ending
from bench.generate.journal import Journal, JournalEntry
from bench.generate.model import Model, identify
from bench.generate.prompt import messages, request_key, seed_of
from bench.profiles import Config, Profile, Sampling
from bench.records import Completion

SampleId = tuple[str, int]
"""A problem's task_id and the number of the sample, from 0."""


@dataclass(frozen=True)
class Request:
    """The request for one completion, and the key under which the journal keeps it.

    `limit` is its max_tokens where that is not the profile's; `partial` is a truncated answer that it continues.
    """

    problem: Problem
    sample: int
    key: str
    messages: list[dict[str, str]]
    seed: int | None
    limit: int = 0
    partial: JournalEntry | None = None

    @property
    def sample_id(self) -> SampleId:
        """The completion's problem and number."""
        return self.problem.task_id, self.sample


def requests_of(profile: Profile, dataset: Dataset, model: Model) -> list[Request]:
    """The requests for all completions of a profile on a dataset, sample by sample, in problem order."""
    return [
        Request(
            problem,
            sample,
            request_key(problem, profile, model, sample),
            messages(problem, profile.sampling),
            seed_of(profile.sampling, sample),
        )
        for sample in range(profile.sampling.samples)
        for problem in dataset.problems.values()
    ]


def valid_entries(
    entries: Sequence[JournalEntry], requests: list[Request], sampling: Sampling, *, failures: bool = False
) -> dict[SampleId, JournalEntry]:
    """The entries of a journal that answer `requests` under these settings, in the order of the requests.

    The first answer of a request counts; with `failures`, its last failure where it has no answer. With stop_loops =
    false, an answer that was stopped because it repeated itself does not count.
    """
    keys = {request.key for request in requests}
    good: dict[str, JournalEntry] = {}
    bad: dict[str, JournalEntry] = {}
    for entry in entries:
        completion = entry.completion
        if completion.key not in keys:
            continue
        if completion.outcome == "looping" and not sampling.stop_loops and not completion.finish_reason:
            continue
        if satisfies(completion, sampling.max_tokens):
            good.setdefault(completion.key, entry)
        elif failures and is_failure(completion):
            bad[completion.key] = entry
    by_key = bad | good
    return {request.sample_id: by_key[request.key] for request in requests if request.key in by_key}


def truncated(entries: Sequence[JournalEntry]) -> dict[str, JournalEntry]:
    """By key, the truncated completion with the largest max_tokens."""
    cut = [entry for entry in entries if is_cut(entry.completion) and not is_failure(entry.completion)]
    return {entry.completion.key: entry for entry in sorted(cut, key=lambda entry: entry.completion.max_tokens)}


def satisfies(completion: Completion, max_tokens: int) -> bool:
    """Whether a completion answers its request under this max_tokens.

    A finished completion is valid for its own max_tokens and for any other that it fits in; a truncated one for its own
    alone; a failed request never.
    """
    if is_failure(completion):
        return False
    if is_cut(completion):
        return completion.max_tokens == max_tokens
    return completion.max_tokens == max_tokens or completion.completion_tokens <= max_tokens


def is_failure(completion: Completion) -> bool:
    """Whether a request failed, so that it is worth a retry: an error, a time-out, or an answer cut by the server.

    A server cuts answers below max_tokens by a limit of its own, such as Ollama's num_ctx. A completion of version 0.1
    has no `ending`: there, a "length" well below max_tokens is the server's.
    """
    if completion.outcome in ("error", "timeout"):
        return True
    if completion.ending:
        return completion.ending == Ending.CUT_BY_SERVER
    short = 0 < completion.completion_tokens < completion.max_tokens - TOKEN_TOLERANCE
    return completion.finish_reason == "length" and short


def is_cut(completion: Completion) -> bool:
    """Whether a completion was cut off, in the answer or in its thoughts."""
    return completion.outcome == "truncated" or completion.ending == Ending.CUT or completion.finish_reason == "length"


def count(profile: Profile, config: Config, dataset_name: str) -> tuple[int, int, int] | None:
    """The numbers of completions missing from the journal, of all, and of the missing that it has truncated.

    None if they are not known: nothing is downloaded for them, and an unreadable journal is the run's error.
    """
    if datasets.fingerprint(dataset_name) is None:
        return None
    try:
        journal, requests = _current(profile, config, dataset_name)
    except BenchError:
        return None
    have = valid_entries(journal.entries, requests, profile.sampling)
    missing = {request.key for request in requests if request.sample_id not in have}
    cut = {completion.key for completion in journal.completions if is_cut(completion)}
    return len(missing), len(requests), len(missing & cut)


def completions_of(profile: Profile, config: Config, dataset_name: str) -> dict[SampleId, JournalEntry]:
    """The journal's completions for the profile's current settings, failures included. Raises JournalError."""
    journal, requests = _current(profile, config, dataset_name)
    return valid_entries(journal.entries, requests, profile.sampling, failures=True)


def _current(profile: Profile, config: Config, dataset_name: str) -> tuple[Journal, list[Request]]:
    """The journal and the requests of the profile. Raises MissingPrerequisite where its model is not here."""
    model = identify(config, profile)
    if not model.fingerprint:
        sentence = f"{profile.id}: {profile.model} is not on this machine; doit -a generate:{profile.id} downloads it."
        raise MissingPrerequisite(sentence)
    requests = requests_of(profile, datasets.load(dataset_name), model)
    return Journal(config.layout.run(profile.id, dataset_name).journal), requests
