"""Solutions made elsewhere → one solution (or several) a problem, each with where it came from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import datasets
from bench.console import counted, listed
from bench.datasets import Dataset
from bench.errors import MissingPrerequisite, SamplesError
from bench.imports.archives import Source, sibling
from bench.imports.files import (
    MAX_NAMED,
    SolutionFiles,
    absence,
    by_agent,
    guide,
    imported_by,
    is_python,
    named,
    relative,
    sample_info,
)
from bench.imports.rows import Row, UnknownFormatError, rows
from bench.imports.solutions import current, known_sample, reading_of, rules, samples_of, undefined
from bench.imports.tasks import ELSEWHERE, REMOVED, Names, unknown
from bench.layout import SAMPLES
from bench.profiles import Config, Profile
from bench.records import Sample
from bench.text import plain


@dataclass(frozen=True)
class Imported:
    """The solutions in problem order, and a `summary` of one line: the counts, and what is missing or not read."""

    solutions: Mapping[str, tuple[Sample, ...]]
    summary: str


def collect(profile: Profile, config: Config, dataset_name: str) -> Imported:
    """All solutions that `profile.solutions` names for one dataset.

    Raises MissingPrerequisite where there are none, and SamplesError for a record that cannot be read, an unknown
    problem, a problem with two different solutions, and an incomplete set that is not declared `partial`.
    """
    base = config.file.parent
    files = imported_by(profile, config)
    dataset = datasets.load(dataset_name)
    collection = _Collection(profile, dataset)
    for file in files.files:
        # An exported file has a folder for each dataset, some of which name their problems alike.
        other = file.place.parent.name in datasets.known().keys() - {dataset_name}
        if not (other and sibling(file, SAMPLES)):
            collection.read(file, relative(file.place, base))
    if not collection.solutions:
        raise _no_solutions(profile, config, collection)
    _require_complete(collection)
    solutions = collection.solutions
    ordered = {task_id: tuple(solutions[task_id]) for task_id in dataset.problems if task_id in solutions}
    return Imported(ordered, _sentence(collection, ordered, files))


def _no_solutions(profile: Profile, config: Config, collection: "_Collection") -> MissingPrerequisite:
    where, title = ", ".join(profile.solutions), collection.dataset.declaration.title
    if collection.left_out:
        return MissingPrerequisite(f"{profile.id}: no solutions of {title} yet in {where} ({guide(profile)}).")
    if collection.unread:
        names = named([file.place for file in collection.unread])
        error = next(filter(None, collection.unread.values()), "")
        reason = f" ({error.rstrip('.')})" if error else ", whose names do not name a problem"
        return MissingPrerequisite(f"{profile.id}: no solutions of {title} yet in {where}; not read: {names}{reason}.")
    return MissingPrerequisite(
        f"{profile.id}: {absence(profile, config) or f'no solutions in {where}, which are empty'}."
    )


class _Collection:
    """A profile's solutions of a dataset, read so far, and the counts of those left out."""

    def __init__(self, profile: Profile, dataset: Dataset) -> None:
        self.profile, self.dataset = profile, dataset
        self.solutions: dict[str, list[Sample]] = {}
        self.left_out: Counter[str] = Counter()
        self.incomplete: list[Row] = []
        self.unread: dict[Source, str] = {}
        self.notes: dict[str, None] = {}
        self.names = Names(dataset)

    def read(self, file: Source, name: str) -> None:
        """Add the solutions of a file. Raises SamplesError."""
        try:
            file_rows = rows(file, name)
        except UnknownFormatError as error:
            if any(Path(each).name == file.place.name for each in self.profile.solutions):
                raise
            self.unread[file] = error.sentence
            return
        self.incomplete += [row for row in file_rows if row.incomplete]
        complete = [row for row in file_rows if not row.incomplete]
        if is_python(file.place):
            task_ids = [self.names.of_file(row.record) for row in complete]
        else:
            task_ids = [*self.names.resolve(complete)]
        resolved = []
        for row, task_id, completion in current(complete, task_ids):
            if task_id is None:
                self.unread[file] = ""
            elif task_id in (ELSEWHERE, REMOVED):
                self.left_out[task_id] += 1
            elif not task_id:
                raise unknown(row, self.dataset)
            else:
                resolved.append((row, self.dataset.problems[task_id], completion))
        reading = reading_of([(row, problem) for row, problem, completion in resolved if not completion])
        self.notes |= {reading.note: None} if reading.note else {}
        info_by_id = sample_info(file) if file.place.name == SAMPLES else {}
        count: Counter[str] = Counter()
        for row, problem, completion in resolved:
            for sample in samples_of(row, problem, reading, completion):
                info = info_by_id.get((problem.task_id, count[problem.task_id]))
                self._add(known_sample(sample, info) if info else sample)
                count[problem.task_id] += 1

    def _add(self, solution: Sample) -> None:
        """Keep a solution, except a duplicate or more than `samples` of a problem."""
        task_id, samples = solution.info.task_id, self.profile.sampling.samples
        solutions = self.solutions.setdefault(task_id, [])
        solution = replace(solution, info=replace(solution.info, sample=len(solutions)))
        if samples == 1 and solutions:
            if solutions[0].code != solution.code:
                places = " and in ".join(dict.fromkeys([solutions[0].info.origin, solution.info.origin]))
                raise SamplesError(
                    f"{task_id} has two different solutions, in {places}; remove one of them, or let samples say how "
                    "many there are of each problem."
                )
        elif len(solutions) == samples:
            self.left_out["beyond the samples asked for"] += 1
        else:
            solutions.append(solution)


def _require_complete(collection: _Collection) -> None:
    profile, problems = collection.profile, collection.dataset.problems
    samples, total = profile.sampling.samples, len(problems)
    unsolved = [task_id for task_id in problems if len(collection.solutions.get(task_id, ())) < samples]
    if not unsolved or profile.partial:
        return
    each = f" with {samples} samples each" if samples > 1 else ""
    truncated_rows = [row for row in collection.incomplete if _named(row) in unsolved]
    verb = "is" if len(unsolved) == 1 else "are"
    hint = f" (incomplete in {truncated_rows[0].origin})" if truncated_rows else ""
    advice = (
        "start the agent again, it continues there (or add them yourself, or" if by_agent(profile) else "add them (or"
    )
    raise SamplesError(
        f"{profile.id}: {total - len(unsolved)} of {total} problems are solved{each}, {len(unsolved)} {verb} missing, "
        f"next is {unsolved[0]}{hint}; {advice} set partial = true)."
    )


def _named(row: Row) -> str:
    return str(next(iter(row.record.names), ""))


def _sentence(collection: _Collection, ordered: Mapping[str, Sequence[Sample]], files: SolutionFiles) -> str:
    problems = collection.dataset.problems
    files_read = {file.place for file in files.files} - {source.place for source in collection.unread}
    samples = [solution for each in ordered.values() for solution in each]
    missing = [task_id for task_id in problems if task_id not in ordered]
    unread = [*(file.place for file in collection.unread), *files.ignored]
    count = undefined(samples, problems)
    notes = [
        f"{len(ordered)} of {len(problems)} problems in {counted(len(files_read), 'file')}",
        counted(len(samples), "sample") if collection.profile.sampling.samples > 1 else "",
        *(f"{number} {how}" for how, number in sorted(rules(samples).items())),
        *collection.notes,
        f"{count} without {'its' if count == 1 else 'their'} function{_advice(count, len(samples))}" if count else "",
        f"{len(missing)} missing: {ranges(missing, list(problems))}" if missing else "",
        *(f"{plain(_named(row)) or 'a line'} is incomplete in {row.origin}" for row in collection.incomplete),
        *(f"{number} {reason} left out" for reason, number in collection.left_out.items()),
        f"not read: {named(unread)}" if unread else "",
    ]
    return f"found {', '.join(filter(None, notes))}"


def ranges(task_ids: Sequence[str], order: Sequence[str]) -> str:
    """Task ids in the `order` of their dataset as a few ranges: HumanEval/3, HumanEval/140 to 163."""
    positions = {task_id: at for at, task_id in enumerate(order)}
    runs: list[list[str]] = []
    for task_id in task_ids:
        if runs and positions[runs[-1][-1]] + 1 == positions[task_id]:
            runs[-1].append(task_id)
        else:
            runs.append([task_id])
    names = [run[0] if len(run) == 1 else f"{run[0]} to {run[-1].rpartition('/')[2]}" for run in runs]
    return listed(names, MAX_NAMED)


def _advice(count: int, total: int) -> str:
    """Which keys to use, where most of the texts do not define their function."""
    return " (the key of chat answers is `answer`, of bodies `completion`)" if 2 * count > total else ""
