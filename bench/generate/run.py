"""Ask for what the journal lacks, and nothing else."""

import contextlib
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench import problems, servers
from bench.console import shown, tell
from bench.files import write_json
from bench.generate.canary import FIRST, Canary
from bench.generate.client import DownError, Tick, UnwantedError
from bench.generate.completion import lacks
from bench.generate.journal import Journal, JournalEntry
from bench.generate.model import file_of, identify
from bench.generate.provenance import provenance
from bench.generate.source import open_source
from bench.generate.wanted import Place, Wanted, kept, wanted
from bench.layout import RunFiles
from bench.parallel import each
from bench.profiles import Config, Profile
from bench.progress import Progress, live
from bench.records import Completion
from bench.servers.server_log import note, tail
from bench.text import plain

STARTS = 2
"""How often a server is started: one that ended or hung in the middle is started once more."""


def generate(profile: Profile, config: Config, dataset_name: str) -> None:
    """Bring the journal up to date with the profile, then write run.json.

    A server that ends in the middle is started once more. Raises ServerError, CanaryError, JournalError,
    MissingPrerequisite or DatasetError; what was answered before is in the journal.
    """
    servers.remove_orphans()
    if profile.hub:
        # Before it is here, it cannot be told which of the journal's answers are its own.
        file_of(config, profile)
    dataset, files = problems.load(dataset_name), config.layout.run(profile.id, dataset_name)
    journal = Journal(files.journal)
    if journal.repair():
        tell(f"  {shown(files.journal)}: its last line was torn; it is cut off, and asked again where it is wanted")
    for sentence in journal.damaged:
        tell(f"  {sentence}")
    run = Generation(config, profile, files, journal, wanted(profile, dataset, identify(config, profile)))
    for start in range(1, STARTS + 1):
        try:
            run.ask()
            break
        except DownError as error:
            if start == STARTS:
                error.log = error.log or tail(files.log("server"))
                raise
            tell(f"  {error.sentence} It is tried once more.")
    found = sorted(run.kept(failures=True).values(), key=lambda entry: entry.line)
    done = [entry.completion for entry in found]
    write_json(files.provenance, provenance(config, profile, dataset_name, dataset.hash, done))


@dataclass
class Generation:
    """One profile's completions on one dataset: those that are wanted, and the journal that has some of them."""

    config: Config
    profile: Profile
    files: RunFiles
    journal: Journal
    wants: list[Wanted]

    def kept(self, *, failures: bool = False) -> dict[Place, JournalEntry]:
        """What the journal has."""
        return kept(self.journal.entries, self.wants, self.profile.sampling.max_tokens, failures=failures)

    def ask(self) -> None:
        """Ask for all that is missing. Raises what `generate` raises."""
        have = self.kept()
        missing = [want for want in self.wants if want.place not in have]
        if not missing:
            return
        progress, canary = Progress(self.profile.title, len(self.wants), had=len(have)), self.canary(have)
        with (
            open_source(self.profile, self.config, self.files.log("server"), missing) as source,
            live(progress),
            while_wanted(progress) as tick,
        ):
            progress.start()
            width = min(source.width, len(missing))
            for want, completion in each(missing, lambda want: source.complete(want, tick), width):
                self.journal.append(completion)
                lacking = lacks(completion, want)
                note(self.files.log("codegen"), log_line(completion, lacking))
                progress.count(lacking)
                canary.watch(lacking)

    def canary(self, have: Mapping[Place, JournalEntry]) -> Canary:
        """One that has seen the first completions that are there, so that a run that goes on begins no new count.

        Raises CanaryError where those are all lost.
        """
        canary = Canary(self.profile)
        came = sorted((want for want in self.wants if want.place in have), key=lambda want: have[want.place].line)
        for want in came[:FIRST]:
            canary.watch(lacks(have[want.place].completion, want))
        return canary


@contextlib.contextmanager
def while_wanted(progress: Progress) -> Iterator[Tick]:
    """Count what comes as long as the block lasts; an answer that is still coming then is cut off.

    A profile that fails must not keep the slots of a server that is not ours, or that the next profile asks.
    """
    ended = threading.Event()

    def tick(pieces: int) -> None:
        if ended.is_set():
            raise UnwantedError
        progress.tick(pieces)

    try:
        yield tick
    finally:
        ended.set()


def log_line(completion: Completion, lacking: str) -> str:
    """A completion's line in codegen.log."""
    return (
        f"{completion.at}  {completion.task_id:<14} sample {completion.sample}  {lacking or 'code':<10} "
        f"{completion.completion_tokens:6d} tokens {completion.seconds:8.2f} s  {plain(completion.error)}"
    ).rstrip()
