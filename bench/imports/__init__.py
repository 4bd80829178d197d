"""Solutions made elsewhere → one solution (or several) a problem, each with where it came from.

Code is taken as it is: whoever wrote it, and EvalPlus, grade these very bytes. Only what is not code yet goes through
extraction: chat answers, and solutions inside Markdown fences. Nothing that is read here is ever written.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import problems
from bench.console import counted
from bench.errors import MissingPrerequisite, SamplesError
from bench.files import digest, digest_of
from bench.imports.files import Found, by_agent, guide, imported_by, info_of, known_of, shown
from bench.imports.rows import Row, rows
from bench.imports.solutions import current, solution_of
from bench.imports.tasks import is_elsewhere, task_of, unknown
from bench.layout import SAMPLES
from bench.problems import Dataset
from bench.profiles import Config, Profile
from bench.records import Sample
from bench.text import plain

SHOWN = 3
"""Files that were not read and are named."""


@dataclass(frozen=True)
class Imported:
    """The solutions in problem order; `summary` says in a line what was found and what not."""

    solutions: Mapping[str, tuple[Sample, ...]]
    summary: str


def collect(profile: Profile, config: Config, dataset_name: str) -> Imported:
    """All solutions that `profile.solutions` names for one dataset.

    Raises MissingPrerequisite where there are none, and SamplesError for a record that cannot be read, an unknown
    problem, a problem with two different solutions, and an incomplete set that is not declared `partial`.
    """
    base = config.file.parent
    files = imported_by(profile, config)
    dataset = problems.load(dataset_name)
    found = _Collection(profile, dataset)
    for file in files.files:
        found.read(file, shown(file, base))
    if not found.solutions:
        what = "solutions" if not found.left_out else f"solutions of {dataset.source.title}"
        where = ", ".join(profile.solutions)
        raise MissingPrerequisite(f"{profile.id}: no {what} yet in {where} ({guide(profile)}).")
    _require_complete(profile, dataset, found.solutions, found.torn)
    ordered = {task_id: tuple(found.solutions[task_id]) for task_id in dataset.problems if task_id in found.solutions}
    return Imported(ordered, _sentence(found, ordered, files))


class _Collection:
    """What has been read so far of a profile's solutions of a dataset, and what was left out."""

    def __init__(self, profile: Profile, dataset: Dataset) -> None:
        self.profile, self.dataset = profile, dataset
        self.solutions: dict[str, list[Sample]] = {}
        self.left_out: Counter[str] = Counter()
        self.torn: list[Row] = []
        self.unread: list[Path] = []

    def read(self, file: Path, name: str) -> None:
        """Take all that a file holds. Raises SamplesError."""
        task_id = task_of(file, self.dataset) if file.suffix == ".py" else ""
        if task_id is None:
            self.unread.append(file)
            return
        infos = known_of(file) if file.name == SAMPLES else {}
        count: Counter[str] = Counter()
        for row in current(rows(file, name, task_id)):
            if row.torn:
                self.torn.append(row)
                continue
            task_id = row.fields["task_id"]
            problem = self.dataset.problems.get(task_id)
            if problem:
                number = len(self.solutions.get(task_id, ()))
                self._add(solution_of(row, problem, number, infos.get((task_id, count[task_id]))))
                count[task_id] += 1
            elif is_elsewhere(task_id, self.dataset):
                self.left_out["of other datasets"] += 1
            else:
                raise unknown(row, self.dataset)

    def _add(self, solution: Sample) -> None:
        """Keep a solution, but for the same once more, or one more than the profile asks for."""
        task_id, samples = solution.info.task_id, self.profile.sampling.samples
        known = self.solutions.setdefault(task_id, [])
        if samples == 1 and known:
            if known[0].code != solution.code:
                raise SamplesError(
                    f"{task_id} has two different solutions, in {known[0].info.origin} and in {solution.info.origin}; "
                    "remove one of them, or let samples say how many there are of each problem."
                )
        elif len(known) == samples:
            self.left_out["beyond the samples asked for"] += 1
        else:
            known.append(solution)


def import_digest(profile: Profile, config: Config) -> str | None:
    """A digest of the names and contents of the files that an import reads; None where there are none."""
    found = imported_by(profile, config).files
    if not found:
        return None
    infos = (info_of(file) for file in found if file.name == SAMPLES)
    files = [*found, *(info for info in infos if info.is_file())]
    return digest_of([[shown(file, config.file.parent), _content(file)] for file in files])


def _content(file: Path) -> str:
    try:
        return digest(file.read_bytes())
    except OSError:
        return "unreadable"


def _require_complete(
    profile: Profile, dataset: Dataset, collected: Mapping[str, Sequence[Sample]], torn: Sequence[Row]
) -> None:
    wanted, total = profile.sampling.samples, len(dataset.problems)
    short = [task_id for task_id in dataset.problems if len(collected.get(task_id, ())) < wanted]
    if not short or profile.partial:
        return
    each = f" with {wanted} samples each" if wanted > 1 else ""
    cut = [row for row in torn if row.fields["task_id"] in short]
    be = "is" if len(short) == 1 else "are"
    hint = f" ({_torn(cut)[0].removeprefix(f'{short[0]} is ')})" if cut else ""
    go_on = (
        "start the agent again, it continues there (or add them yourself, or" if by_agent(profile) else "add them (or"
    )
    raise SamplesError(
        f"{profile.id}: {total - len(short)} of {total} problems are solved{each}, {len(short)} {be} missing, next is "
        f"{short[0]}{hint}; {go_on} set partial = true)."
    )


def _torn(rows: Sequence[Row]) -> list[str]:
    return [f"{plain(row.fields['task_id'] or '') or 'a line'} is torn off in {row.origin}" for row in rows]


def _sentence(found: _Collection, ordered: Mapping[str, Sequence[Sample]], files: Found) -> str:
    total, count = found.dataset.problems, len(files.files) - len(found.unread)
    extracted = sum(solution.info.rule != "verbatim" for each in ordered.values() for solution in each)
    missing = [task_id for task_id in total if task_id not in ordered]
    unread = [*found.unread, *files.ignored]
    more = f" and {len(unread) - SHOWN} more" if len(unread) > SHOWN else ""
    notes = [
        f"{len(ordered)} of {len(total)} problems in {counted(count, 'file')}",
        counted(sum(map(len, ordered.values())), "sample") if found.profile.sampling.samples > 1 else "",
        f"{extracted} by extraction" if extracted else "",
        f"{len(missing)} not attempted from {missing[0]}" if missing else "",
        *_torn(found.torn),
        *(f"{number} {what} left out" for what, number in found.left_out.items()),
        f"not read: {', '.join(plain(file.name) for file in unread[:SHOWN])}{more}" if unread else "",
    ]
    return f"found {', '.join(filter(None, notes))}"
