"""Generate the completions that are missing from the journal, and no others."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bench import datasets
from bench.console import print_line, relative
from bench.files import write_json
from bench.generate.answer import Answer, Ending
from bench.generate.backend import Backend
from bench.generate.canary import FIRST, Canary
from bench.generate.completion import completion_of, loss_reason
from bench.generate.connect import Opener, open_backend
from bench.generate.http import CancelledError, DownError, Tick
from bench.generate.journal import Journal, JournalEntry
from bench.generate.model import file_of, identify
from bench.generate.provenance import provenance
from bench.generate.requests import Request, SampleId, is_cut, is_failure, requests_of, truncated, valid_entries
from bench.layout import RunFiles
from bench.parallel import each
from bench.profiles import Config, Profile
from bench.progress import Progress, live
from bench.records import Completion
from bench.servers import compose
from bench.servers.server_log import note, tail
from bench.text import plain

STARTS = 5
"""Starts of a server that ends or hangs in the middle; one that then answers no request fails at once."""


def generate(
    profile: Profile, config: Config, dataset_name: str, *, only: set[str] | None = None, opener: Opener = open_backend
) -> None:
    """Bring the journal up to date with the profile, then write run.json.

    `only` selects problems; `opener` opens the backend. A server that ends in the middle is started again. Raises
    ServerError, CanaryError, JournalError, MissingPrerequisite or DatasetError; answers so far are in the journal.
    """
    compose.remove_orphans()
    if profile.hub:
        # The keys of its answers in the journal depend on the file.
        file_of(config, profile)
    dataset, files = datasets.load(dataset_name), config.layout.run(profile.id, dataset_name)
    journal = Journal(files.journal)
    if journal.repair():
        print_line(
            f"  {relative(files.journal)}: its last line was truncated; it is removed, and its problem requested again"
        )
    for sentence in journal.damaged:
        print_line(f"  {sentence}")
    requests = requests_of(profile, dataset, identify(config, profile))
    run = Generation(config, profile, files, journal, requests, only=only, opener=opener)
    for start in range(1, STARTS + 1):
        before = len(run.valid_entries())
        try:
            run.request_missing()
            break
        except DownError as error:
            idle = start > 1 and len(run.valid_entries()) == before
            if not error.restartable or start == STARTS or idle:
                error.log = error.log or tail(files.log("server"))
                raise
            print_line(f"  {error.sentence} Trying again.")
    entries = sorted(run.valid_entries(failures=True).values(), key=lambda entry: entry.line)
    completions = [entry.completion for entry in entries]
    write_json(files.provenance, provenance(config, profile, dataset_name, dataset.hash, completions))


@dataclass
class Generation:
    """One profile's completions on one dataset: the requests for them, and the journal that has some of them.

    `suspects` are the requests that were in flight when a server went down: they are retried last, one at a time.
    `failed` are the suspects with which it went down again. `only` selects problems.
    """

    config: Config
    profile: Profile
    files: RunFiles
    journal: Journal
    requests: list[Request]
    suspects: set[SampleId] = field(default_factory=set)
    failed: set[SampleId] = field(default_factory=set)
    models: list[str] = field(default_factory=list)
    only: set[str] | None = None
    opener: Opener = open_backend

    @property
    def limit(self) -> int:
        """The largest max_tokens; answers that a smaller one truncated are requested again."""
        return self.profile.sampling.max_tokens

    def valid_entries(self, *, failures: bool = False) -> dict[SampleId, JournalEntry]:
        """The journal's entries for the requests."""
        return valid_entries(self.journal.entries, self.requests, self.profile.sampling, failures=failures)

    def request_missing(self) -> None:
        """Send all requests that are missing from the journal. Raises the errors of `generate`."""
        have = self.valid_entries()
        missing = [request for request in self.requests if request.sample_id not in have]
        selected = [
            request
            for request in missing
            if request.sample_id not in self.failed and (self.only is None or request.problem.task_id in self.only)
        ]
        if not selected:
            return
        total = len(self.requests) if self.only is None else len(have) + len(selected)
        in_flight: set[SampleId] = set()
        progress, canary = Progress(self.profile.title, total, had=len(have)), self.canary(have)
        answered_request = next((r for r in self.requests if r.sample_id in have), None)
        with (
            self.opener(self.profile, self.config, self.files.log("server"), missing, answered_request) as backend,
            live(progress, stays=self.only is None),
            ticking(progress) as tick,
        ):
            progress.start()
            for width, requests in self.batches(selected, backend):
                progress.width = width
                for request, completion in each(requests, lambda r: self.complete(backend, r, tick, in_flight), width):
                    loss = self.keep(request, completion)
                    if not (is_cut(completion) and completion.max_tokens < self.limit):
                        progress.count(loss)
                        canary.watch(completion, loss)

    def batches(self, selected: list[Request], backend: Backend) -> Iterator[tuple[int, list[Request]]]:
        """Requests to send at once, with the number of threads: with each limit, those truncated by the one before."""
        sampling, before = self.profile.sampling, len(self.journal.entries)
        for limit in (*sampling.first_limits, sampling.max_tokens):
            lost = {e.completion.key for e in self.journal.entries[before:] if is_failure(e.completion)}
            have, cut = self.valid_entries(), truncated(self.journal.entries)
            requests = [
                with_limit(request, cut.get(request.key), limit, continues=backend.continues)
                for request in selected
                if request.sample_id not in have
                and request.key not in lost
                and (limit == self.limit or request.key not in cut or cut[request.key].completion.max_tokens < limit)
            ]
            first = [request for request in requests if request.sample_id not in self.suspects]
            yield min(backend.width, len(first)), first
            for request in requests:
                if request.sample_id in self.suspects:
                    yield 1, [request]

    def complete(self, backend: Backend, request: Request, tick: Tick, in_flight: set[SampleId]) -> Completion:
        """One completion. Raises DownError where the server goes down, and records a suspect's failure."""
        sample_id = request.sample_id
        # A suspect is to blame only if the server answers another request just before.
        conclusive = sample_id in self.suspects and backend.answers_again(tick)
        in_flight.add(sample_id)
        try:
            completion = backend.complete(request, tick)
        except DownError as error:
            self.suspects |= in_flight
            if conclusive and error.restartable:
                self.failed.add(sample_id)
                answer = Answer(ending=Ending.BROKEN, error=error.sentence)
                self.keep(request, completion_of(request, self.profile, answer, 0.0, {}))
            raise
        in_flight.remove(sample_id)
        return completion

    def keep(self, request: Request, completion: Completion) -> str:
        """Write a completion into the journal and codegen.log; why it is lost, or "". Raises JournalError."""
        self.journal.append(completion)
        loss = loss_reason(completion, request)
        note(self.files.log("codegen"), log_line(completion, loss))
        if completion.model and completion.model not in self.models:
            if self.models:
                models = f"{completion.model}, those before by {self.models[-1]}"
                print_line(f"  {completion.task_id} was answered by {models}")
            self.models.append(completion.model)
        return loss

    def canary(self, have: Mapping[SampleId, JournalEntry]) -> Canary:
        """A canary that has counted the journal's first completions, so that a resumed run begins no new count.

        Raises CanaryError where those are all lost.
        """
        canary = Canary(self.profile)
        answered = [request for request in self.requests if request.sample_id in have]
        for request in sorted(answered, key=lambda request: have[request.sample_id].line)[:FIRST]:
            completion = have[request.sample_id].completion
            canary.watch(completion, loss_reason(completion, request))
        return canary


def with_limit(request: Request, cut: JournalEntry | None, limit: int, *, continues: bool) -> Request:
    """A request with that limit, which continues the answer `cut` by a smaller one where the server can do so."""
    usable = cut and continues and cut.completion.answer.strip() and not cut.completion.reasoning
    counted = cut and 0 < cut.completion.completion_tokens < limit
    return replace(request, limit=limit, partial=cut if usable and counted else None)


@contextlib.contextmanager
def ticking(progress: Progress) -> Iterator[Tick]:
    """A Tick that counts pieces until the block ends, and then cancels the requests in flight.

    A profile that fails must not keep the slots of a server that others, or the next profile, use too.
    """
    ended = threading.Event()

    def tick(pieces: int) -> None:
        if ended.is_set():
            raise CancelledError
        progress.tick(pieces)

    try:
        yield tick
    finally:
        ended.set()


def log_line(completion: Completion, loss: str) -> str:
    """A completion's line in codegen.log."""
    return (
        f"{completion.at}  {completion.task_id:<14} sample {completion.sample}  {loss or 'code':<10} "
        f"{completion.completion_tokens:6d} tokens {completion.seconds:8.2f} s  {plain(completion.error)}"
    ).rstrip()
