"""Solutions made elsewhere → one solution (or several) a problem, each with where it came from."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import datasets
from bench.console import counted
from bench.datasets import Dataset
from bench.errors import MissingPrerequisite, SamplesError
from bench.imports.archives import Source, beside
from bench.imports.files import Found, absence, by_agent, guide, imported_by, is_python, known_of, named, shown
from bench.imports.rows import Row, UnknownFormatError, rows
from bench.imports.solutions import current, known_sample, reading_of, rules, samples_of, undefined
from bench.imports.tasks import ELSEWHERE, REMOVED, Names, unknown
from bench.layout import SAMPLES
from bench.profiles import Config, Profile
from bench.records import Sample
from bench.text import plain


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
    dataset = datasets.load(dataset_name)
    found = _Collection(profile, dataset)
    for file in files.files:
        # An exported file has a folder for each dataset, some of which name their problems alike.
        other = file.place.parent.name in datasets.known().keys() - {dataset_name}
        if not (other and beside(file, SAMPLES)):
            found.read(file, shown(file.place, base))
    if not found.solutions:
        raise _nothing(profile, config, found)
    _require_complete(profile, dataset, found.solutions, found.torn)
    ordered = {task_id: tuple(found.solutions[task_id]) for task_id in dataset.problems if task_id in found.solutions}
    return Imported(ordered, _sentence(found, ordered, files))


def _nothing(profile: Profile, config: Config, found: "_Collection") -> MissingPrerequisite:
    where, title = ", ".join(profile.solutions), found.dataset.declaration.title
    if found.left_out:
        return MissingPrerequisite(f"{profile.id}: no solutions of {title} yet in {where} ({guide(profile)}).")
    if found.unread:
        few, why = named([file.place for file in found.unread]), next(filter(None, found.unread.values()), "")
        why = f" ({why.rstrip('.')})" if why else ", whose names do not say which problems they solve"
        return MissingPrerequisite(f"{profile.id}: no solutions of {title} yet in {where}; not read: {few}{why}.")
    return MissingPrerequisite(
        f"{profile.id}: {absence(profile, config) or f'no solutions in {where}, which are empty'}."
    )


class _Collection:
    """What has been read so far of a profile's solutions of a dataset, and what was left out."""

    def __init__(self, profile: Profile, dataset: Dataset) -> None:
        self.profile, self.dataset = profile, dataset
        self.solutions: dict[str, list[Sample]] = {}
        self.left_out: Counter[str] = Counter()
        self.torn: list[Row] = []
        self.unread: dict[Source, str] = {}
        self.notes: dict[str, None] = {}
        self.names = Names(dataset)

    def read(self, file: Source, name: str) -> None:
        """Take all that a file holds. Raises SamplesError."""
        try:
            found = rows(file, name)
        except UnknownFormatError as error:
            if any(Path(each).name == file.place.name for each in self.profile.solutions):
                raise
            self.unread[file] = error.sentence
            return
        if is_python(file.place):
            self._take_python(file, found[0])
            return
        self.torn += [row for row in found if row.torn]
        known = [row for row in found if not row.torn]
        kept = []
        for row, task_id, completion in current(known, self.names.resolve(known)):
            if task_id in (ELSEWHERE, REMOVED):
                self.left_out[task_id] += 1
            elif not task_id:
                raise unknown(row, self.dataset)
            else:
                kept.append((row, self.dataset.problems[task_id], completion))
        reading = reading_of([(row, problem) for row, problem, completion in kept if not completion])
        self.notes |= {reading.note: None} if reading.note else {}
        infos = known_of(file) if file.place.name == SAMPLES else {}
        count: Counter[str] = Counter()
        for row, problem, completion in kept:
            for sample in samples_of(row, problem, reading, completion):
                info = infos.get((problem.task_id, count[problem.task_id]))
                self._add(known_sample(sample, info) if info else sample)
                count[problem.task_id] += 1

    def _take_python(self, file: Source, row: Row) -> None:
        task_id = self.names.of_file(row)
        if task_id is None:
            self.unread[file] = ""
        elif task_id in (ELSEWHERE, REMOVED):
            self.left_out[task_id] += 1
        elif not task_id:
            raise unknown(row, self.dataset)
        else:
            problem = self.dataset.problems[task_id]
            for sample in samples_of(row, problem, reading_of([(row, problem)])):
                self._add(sample)

    def _add(self, solution: Sample) -> None:
        """Keep a solution, but for the same once more, or one more than the profile asks for."""
        task_id, samples = solution.info.task_id, self.profile.sampling.samples
        known = self.solutions.setdefault(task_id, [])
        solution = replace(solution, info=replace(solution.info, sample=len(known)))
        if samples == 1 and known:
            if known[0].code != solution.code:
                places = " and in ".join(dict.fromkeys([known[0].info.origin, solution.info.origin]))
                raise SamplesError(
                    f"{task_id} has two different solutions, in {places}; remove one of them, or let samples say how "
                    "many there are of each problem."
                )
        elif len(known) == samples:
            self.left_out["beyond the samples asked for"] += 1
        else:
            known.append(solution)


def _require_complete(
    profile: Profile, dataset: Dataset, collected: Mapping[str, Sequence[Sample]], torn: Sequence[Row]
) -> None:
    wanted, total = profile.sampling.samples, len(dataset.problems)
    short = [task_id for task_id in dataset.problems if len(collected.get(task_id, ())) < wanted]
    if not short or profile.partial:
        return
    each = f" with {wanted} samples each" if wanted > 1 else ""
    cut = [row for row in torn if _named(row) in short]
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
    return [f"{plain(_named(row)) or 'a line'} is torn off in {row.origin}" for row in rows]


def _named(row: Row) -> str:
    return str(next(iter(row.record.names), ""))


def _sentence(found: _Collection, ordered: Mapping[str, Sequence[Sample]], files: Found) -> str:
    total, count = (
        found.dataset.problems,
        len({file.place for file in files.files} - {one.place for one in found.unread}),
    )
    samples = [solution for each in ordered.values() for solution in each]
    missing = [task_id for task_id in total if task_id not in ordered]
    unread = [*(file.place for file in found.unread), *files.ignored]
    strange = undefined(samples, total)
    notes = [
        f"{len(ordered)} of {len(total)} problems in {counted(count, 'file')}",
        counted(len(samples), "sample") if found.profile.sampling.samples > 1 else "",
        *(f"{number} {how}" for how, number in sorted(rules(samples).items())),
        *found.notes,
        f"{strange} without {'its' if strange == 1 else 'their'} function{_advice(strange, len(samples))}"
        if strange
        else "",
        f"{len(missing)} not attempted from {missing[0]}" if missing else "",
        *_torn(found.torn),
        *(f"{number} {what} left out" for what, number in found.left_out.items()),
        f"not read: {named(unread)}" if unread else "",
    ]
    return f"found {', '.join(filter(None, notes))}"


def _advice(strange: int, total: int) -> str:
    """How texts should be named where most of them define nothing."""
    return " (the key of chat answers is `answer`, of bodies `completion`)" if 2 * strange > total else ""
