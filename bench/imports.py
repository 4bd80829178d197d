"""Solutions made elsewhere → one solution (or several) a problem, each with where it came from.

Code is taken as it is: whoever wrote it, and EvalPlus, grade these very bytes. Only what is not code yet goes through
extraction: chat answers, and solutions inside Markdown fences. Nothing that is read here is ever written.
"""

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import import_files, problems
from bench.errors import DatasetError, MissingPrerequisite, SamplesError
from bench.files import digest, digest_of
from bench.import_files import Found, Row
from bench.problems import SOURCES, Dataset
from bench.profiles import Config, Profile
from bench.report.escape import plain
from bench.solutions import Solution, current, solution_of


@dataclass(frozen=True)
class Imported:
    """The solutions in problem order, one or several a problem; `found` says in a line what was found and what not."""

    solutions: Mapping[str, tuple[Solution, ...]]
    found: str


def collect(profile: Profile, config: Config, dataset_name: str) -> Imported:
    """All solutions that `profile.solutions` names for one dataset.

    Raises MissingPrerequisite where there are none, and SamplesError for a record that cannot be read, an unknown
    problem, a problem with two different solutions, and an incomplete set that is not declared `partial`.
    """
    base = config.file.parent
    files = import_files.find(profile.solutions, base)
    dataset = problems.load(dataset_name)
    collected: dict[str, list[Solution]] = {}
    left_out: Counter[str] = Counter()
    torn: list[Row] = []
    for file in files.files:
        for row in current(import_files.rows(file, import_files.shown(file, base))):
            if row.torn:
                torn.append(row)
                continue
            problem = dataset.problems.get(row.fields["task_id"])
            if problem is None:
                _require_known(row, dataset)
                left_out["of other datasets"] += 1
                continue
            known = collected.setdefault(problem.task_id, [])
            if not _add(known, solution_of(row, problem), profile.sampling.samples):
                left_out["beyond the samples asked for"] += 1
    if not collected:
        what = "solutions" if not left_out else f"solutions of {dataset.source.title}"
        where = ", ".join(profile.solutions)
        raise MissingPrerequisite(f"{profile.id}: no {what} yet in {where} (README: Claude).")
    _require_complete(profile, dataset, collected, torn)
    ordered = {task_id: tuple(collected[task_id]) for task_id in dataset.problems if task_id in collected}
    return Imported(ordered, _sentence(profile, dataset, ordered, files, [*_torn(torn), *_left_out(left_out)]))


def import_digest(profile: Profile, config: Config) -> str | None:
    """A digest of the names and contents of the files that an import reads; None where there are none."""
    base = config.file.parent
    found = import_files.find(profile.solutions, base).files
    if not found:
        return None
    return digest_of([[import_files.shown(file, base), _content(file)] for file in found])


def _content(file: Path) -> str:
    try:
        return digest(file.read_bytes())
    except OSError:
        return "unreadable"


def _add(known: list[Solution], solution: Solution, samples: int) -> bool:
    """Keep a solution; false where it is one more than the profile asks for."""
    if samples == 1 and known:
        if known[0].code != solution.code:
            raise SamplesError(
                f"{solution.task_id} has two different solutions, in {known[0].origin} and in {solution.origin}; "
                "remove one of them."
            )
    elif len(known) == samples:
        return False
    else:
        known.append(solution)
    return True


def _require_known(row: Row, dataset: Dataset) -> None:
    task_id = row.fields["task_id"]
    for name in SOURCES:
        with contextlib.suppress(DatasetError):
            if name != dataset.name and problems.fingerprint(name) and task_id in problems.load(name).problems:
                return
    prefix, _, number = task_id.partition("/")
    absent = {"HumanEval": "humaneval", "Mbpp": "mbpp"}.get(prefix)
    if absent and absent != dataset.name and not problems.fingerprint(absent) and number.isdigit():
        return
    tasks = list(dataset.problems)
    raise SamplesError(
        f'{row.origin} solves the unknown problem "{plain(task_id)}"; {dataset.source.title} has {tasks[0]} to '
        f"{tasks[-1]}, so correct or delete that line."
    )


def _require_complete(
    profile: Profile, dataset: Dataset, collected: Mapping[str, Sequence[Solution]], torn: Sequence[Row]
) -> None:
    wanted, total = profile.sampling.samples, len(dataset.problems)
    short = [task_id for task_id in dataset.problems if len(collected.get(task_id, ())) < wanted]
    if not short or profile.partial:
        return
    each = f" with {wanted} samples each" if wanted > 1 else ""
    cut = [row for row in torn if row.fields["task_id"] in short]
    be = "is" if len(short) == 1 else "are"
    hint = f" ({_torn(cut)[0].removeprefix(f'{short[0]} is ')})" if cut else ""
    raise SamplesError(
        f"{profile.id}: {total - len(short)} of {total} problems are solved{each}, {len(short)} {be} missing, next is "
        f"{short[0]}{hint}; start the agent again, it continues there (or add them yourself, or set partial = true)."
    )


def _torn(rows: Sequence[Row]) -> list[str]:
    return [f"{plain(row.fields['task_id'] or '') or 'a line'} is torn off in {row.origin}" for row in rows]


def _left_out(counts: Mapping[str, int]) -> list[str]:
    return [f"{count} {what} left out" for what, count in counts.items()]


def _sentence(
    profile: Profile, dataset: Dataset, ordered: Mapping[str, Sequence[Solution]], files: Found, also: Sequence[str]
) -> str:
    extracted = sum(solution.rule != "verbatim" for each in ordered.values() for solution in each)
    missing = [task_id for task_id in dataset.problems if task_id not in ordered]
    notes = [
        f"{len(ordered)} of {len(dataset.problems)} problems in {len(files.files)} file{'s'[: len(files.files) != 1]}",
        f"{sum(map(len, ordered.values()))} samples" if profile.sampling.samples > 1 else "",
        f"{extracted} by extraction" if extracted else "",
        f"{len(missing)} not attempted from {missing[0]}" if missing else "",
        *also,
        f"not read: {', '.join(file.name for file in files.ignored[:3])}" if files.ignored else "",
    ]
    return f"found {', '.join(filter(None, notes))}"
