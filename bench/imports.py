"""Solutions made elsewhere → one solution (or several) a problem, each with where it came from.

Code is taken as it is: whoever wrote it, and EvalPlus, grade these very bytes. Only what is not code yet goes through
extraction: chat answers, and solutions inside Markdown fences. Nothing that is read here is ever written.
"""

import ast
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import import_files, problems
from bench.errors import MissingPrerequisite, SamplesError
from bench.extract import extract_code
from bench.files import digest, digest_of
from bench.import_files import Found, Row
from bench.problems import SOURCES, Dataset, Problem
from bench.profiles import Config, Profile

LOST_OUTCOMES = ("empty", "error", "timeout")
TEXT_KEYS = ("solution", "completion", "answer")


@dataclass(frozen=True)
class Solution:
    """One solution of one problem; `rule` is how its code was found (`verbatim`, or extraction's), `origin` file:line.

    `outcome` is the journal's, `stop` where there is none.
    """

    task_id: str
    code: str
    rule: str
    origin: str
    outcome: str = "stop"
    completion_tokens: int = 0
    seconds: float = 0.0


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
    for file in files.files:
        for row in _current(import_files.rows(file, import_files.shown(file, base))):
            problem = dataset.problems.get(row.fields["task_id"])
            if problem is None:
                _require_known(row, dataset)
                left_out["of other datasets"] += 1
                continue
            known = collected.setdefault(problem.task_id, [])
            if not _add(known, _solution(row, problem), profile.sampling.samples):
                left_out["beyond the samples asked for"] += 1
    if not collected:
        what = "solutions" if not left_out else f"solutions of {dataset.source.title}"
        where = ", ".join(profile.solutions)
        raise MissingPrerequisite(f"{profile.id}: no {what} yet in {where} (README: Claude).")
    _require_complete(profile, dataset, collected)
    ordered = {task_id: tuple(collected[task_id]) for task_id in dataset.problems if task_id in collected}
    return Imported(ordered, _sentence(profile, dataset, ordered, files, left_out))


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


def _current(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows, and of a journal the last usable completion of each sample, in the order of samples."""
    journal: dict[tuple[str, int], Row] = {}
    for row in rows:
        if "outcome" not in row.fields or "answer" not in row.fields:
            yield row
            continue
        key = (row.fields["task_id"], int(_number(row, "sample")))
        if key not in journal or row.fields["outcome"] not in LOST_OUTCOMES:
            journal[key] = row
    for _, row in sorted(journal.items(), key=lambda item: item[0][1]):
        yield row


def _solution(row: Row, problem: Problem) -> Solution:
    key = next((key for key in TEXT_KEYS if row.fields.get(key) is not None), None)
    text = row.fields[key] if key else None
    if not isinstance(text, str):
        raise SamplesError(
            f"{row.origin} has no text for {problem.task_id}; give it a solution, a completion or an answer."
        )
    if key == "solution":
        code, rule = _unfenced(text, problem)
    elif key == "completion":
        code, rule = problem.prompt + text, "verbatim"
    else:
        extraction = extract_code(text, problem.entry_point, problem.prompt)
        code, rule = extraction.code, extraction.rule
    outcome = str(row.fields.get("outcome", "stop"))
    tokens, seconds = int(_number(row, "completion_tokens")), _number(row, "seconds")
    return Solution(problem.task_id, code, rule, row.origin, outcome, tokens, seconds)


def _number(row: Row, key: str) -> float:
    value = row.fields.get(key)
    return value if isinstance(value, int | float) else 0


def _unfenced(text: str, problem: Problem) -> tuple[str, str]:
    """Code as it is, unless it is none and a fence in it holds the function.

    Code with a stray fence behind it stays as it is: it does not run, and nobody else would mend it either.
    """
    if ("```" in text or "~~~" in text) and not _parses(text):
        extraction = extract_code(text, problem.entry_point)
        if extraction.rule == "fence":
            return extraction.code, extraction.rule
    return text, "verbatim"


def _parses(text: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


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
        if name != dataset.name and problems.fingerprint(name) and task_id in problems.load(name).problems:
            return
    prefix, _, number = task_id.partition("/")
    absent = {"HumanEval": "humaneval", "Mbpp": "mbpp"}.get(prefix)
    if absent and absent != dataset.name and not problems.fingerprint(absent) and number.isdigit():
        return
    tasks = list(dataset.problems)
    raise SamplesError(
        f'{row.origin} solves the unknown problem "{task_id}"; {dataset.source.title} has {tasks[0]} to {tasks[-1]}, '
        "so correct or delete that line."
    )


def _require_complete(profile: Profile, dataset: Dataset, collected: Mapping[str, list[Solution]]) -> None:
    wanted = profile.sampling.samples
    short = [task_id for task_id in dataset.problems if len(collected.get(task_id, ())) < wanted]
    if not short or profile.partial:
        return
    solved, total = len(dataset.problems) - len(short), len(dataset.problems)
    each = f" with {wanted} samples each" if wanted > 1 else ""
    raise SamplesError(
        f"{profile.id}: {solved} of {total} problems are solved{each}, next is {short[0]}; "
        "start the agent again, it continues there (or set partial = true)."
    )


def _sentence(
    profile: Profile,
    dataset: Dataset,
    ordered: Mapping[str, tuple[Solution, ...]],
    files: Found,
    left_out: Mapping[str, int],
) -> str:
    extracted = sum(s.rule != "verbatim" for each in ordered.values() for s in each)
    missing = [task_id for task_id in dataset.problems if task_id not in ordered]
    notes = [
        f"{len(ordered)} of {len(dataset.problems)} problems in {len(files.files)} file{'s'[: len(files.files) != 1]}",
        f"{sum(map(len, ordered.values()))} samples" if profile.sampling.samples > 1 else "",
        f"{extracted} by extraction" if extracted else "",
        f"{len(missing)} not attempted from {missing[0]}" if missing else "",
        *(f"{count} {what} left out" for what, count in left_out.items()),
        f"not read: {', '.join(file.name for file in files.ignored[:3])}" if files.ignored else "",
    ]
    return f"found {', '.join(filter(None, notes))}"
