"""Resolves the problem of a record: one of the dataset's, one of another dataset's, or an unknown one.

Names are compared exactly, then without case, separators, padding and words around them. A number alone may be a
problem of any dataset: the functions that the texts of its file define decide.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from urllib.parse import unquote

from bench import datasets
from bench.datasets import Dataset
from bench.errors import SamplesError
from bench.imports.formats import Position, Record
from bench.imports.rows import Row
from bench.text import plain

PREFIXES = {"humaneval": "humaneval", "mbpp": "mbpp"}
NUMBERS = {"humaneval": range(164), "mbpp": range(1, 975)}
"""All problems of these families, including those that EvalPlus has left out."""
MBPP_TESTS = 11
"""The number of the first problem of MBPP's test split, which harnesses count from 0."""
NAME = re.compile(r"(?P<letters>[^0-9]*)(?P<number>[0-9]{1,9})(?![0-9])")
NEUTRAL = {"", "python", "test", "tests", "task", "problem", "question", "q", "p", "id", "sample", "example", "prompt"}
"""Words before the number of a problem that do not identify its dataset."""
ELSEWHERE, REMOVED = "of other datasets", "of problems that the dataset does not have"


class Names:
    """The names of one dataset's problems, with their variants."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def resolve(self, rows: Sequence[Row]) -> list[str]:
        """The problem of each row of one file, ELSEWHERE or REMOVED for one that is left out, "" where unknown."""
        if len(rows) == len(self.dataset.problems) and not any(row.record.names for row in rows):
            positions = (Position(index, len(rows)) for index in range(len(rows)))
            rows = [replace(row, record=replace(row.record, names=(next(positions),))) for row in rows]
        task_ids = [self._of_row(row) for row in rows]
        unresolved = [row.record for row, task_id in zip(rows, task_ids, strict=True) if task_id is None]
        by_number = iter(self._by_number(unresolved))
        return [next(by_number) if task_id is None else task_id for task_id in task_ids]

    def _of_row(self, row: Row) -> str | None:
        """The problem of one row by itself; None where the others decide what its number means."""
        if row.by_file:
            return self.of_file(row.record) or self._by_text(row.record) or ""
        task_id = self._by_name(row.record)
        return self._by_text(row.record) if task_id is None and not _has_number(row.record) else task_id

    def of_file(self, record: Record) -> str | None:
        """The problem in the name of a record's file; "" for an unknown one, None where there is none in it."""
        task_id = self._by_name(record)
        return self._by_function(record) if task_id is None else task_id

    def _by_name(self, record: Record) -> str | None:
        """The problem by its name or its function; "" for an unknown name with the dataset's prefix."""
        names = [name for name in record.names if isinstance(name, str)]
        candidates = [self._exact(name) or self._prefixed(name) for name in names]
        by_function = (task_id for name in names for task_id in self._functions.get(name, ()))
        implemented = (task_id for task_id in by_function if self.implements(record, task_id))
        return next(filter(None, candidates), "") or next(implemented, "" if "" in candidates else None)

    def _by_text(self, record: Record) -> str | None:
        """The problem by its prompt, or by the function that a text defines, if it is the only one."""
        problems = self.dataset.problems.values()
        for prompt in record.prompts:
            if matches := [problem.task_id for problem in problems if problem.prompt.strip() in prompt]:
                return matches[0] if len(matches) == 1 else None
        tasks = {task_id for function in record.functions for task_id in self._functions.get(function, ())}
        return tasks.pop() if len(tasks) == 1 else None

    def _exact(self, name: str) -> str | None:
        return name if name in self.dataset.problems else self._loose.get(_loose(name))

    def _prefixed(self, name: str) -> str | None:
        """The problem by a name with the prefix of a dataset and a number; "" where the dataset has no such problem."""
        known = self._prefixes
        parts = [(prefix, number) for text, number in _parts(name) for prefix in known if text.endswith(prefix)]
        if not parts:
            return None
        prefix, number = max(parts, key=lambda part: len(part[0]))
        owner = known[prefix]
        ever = number in NUMBERS.get(owner, ())
        if owner == self.dataset.name:
            return self._numbered.get(number) or (REMOVED if ever and self.dataset.declaration.md5 else "")
        other = datasets.at_hand(owner) if owner not in NUMBERS else None
        return ELSEWHERE if ever or (other and number in Names(other)._numbered) else ""  # noqa: SLF001 - of its class

    def _by_number(self, records: Sequence[Record]) -> list[str]:
        """The problems by numbers alone, in the counting in which most texts define the function of their problem.

        "" for all where at most half of the texts with a function agree, unless the list is as long as the dataset. All
        are ELSEWHERE where most agree with a counting of another dataset.
        """
        numbers = [next((n for name in record.names if (n := _number(name)) is not None), None) for record in records]
        lengths = {name.length for record in records for name in record.names if isinstance(name, Position)}
        countings = self._countings[1:] + self._countings[:1] if lengths else self._countings
        best = max(countings, key=lambda counting: self._agreement(records, numbers, counting)[0])
        agree, defining = self._agreement(records, numbers, best)
        if agree * 2 > defining or not defining or lengths == {len(self.dataset.problems)}:
            return [self._counted(best, n) or self._by_function(record) or ""
                    for record, n in zip(records, numbers, strict=True)]  # fmt: skip
        named = (name for name, declared in datasets.known().items() if declared.family and name != self.dataset.name)
        others = (Names(other) for name in named if (other := datasets.at_hand(name)))
        shares = (other._agreement(records, numbers, counting) for other in others for counting in other._countings)  # noqa: SLF001 - of its class
        if any(agree * 2 > defining for agree, defining in shares):
            return [ELSEWHERE] * len(records)
        return [self._by_function(record) or "" for record in records]

    def _agreement(
        self, records: Sequence[Record], numbers: Sequence[int | None], counting: Mapping[int, str]
    ) -> tuple[int, int]:
        """The numbers of texts that define their problem's function in a counting, and that define any function."""
        pairs = [(record, counting.get(-1 if n is None else n)) for record, n in zip(records, numbers, strict=True)]
        agree = sum(1 for record, task_id in pairs if task_id and self.implements(record, task_id))
        return agree, sum(1 for record, task_id in pairs if task_id and record.defined)

    def _counted(self, counting: Mapping[int, str], number: int | None) -> str | None:
        """The problem of a number, or REMOVED for one that the dataset's family had."""
        if number is None:
            return None
        ever = self.dataset.declaration.md5 and number in NUMBERS.get(self.dataset.name, ())
        return counting.get(number, REMOVED if ever else None)

    def _by_function(self, record: Record) -> str | None:
        """The problem by a number in a name, if a text defines its function."""
        parted = (_split(name)[1] if isinstance(name, str) else _number(name) for name in record.names)
        tasks = (self._numbered.get(number) for number in parted if number is not None)
        return next((task_id for task_id in tasks if task_id and self.implements(record, task_id)), None)

    def implements(self, record: Record, task_id: str) -> bool:
        """Whether a text defines the function of a problem."""
        return self.dataset.problems[task_id].function in record.defined

    @cached_property
    def _loose(self) -> Mapping[str, str]:
        return {_loose(task_id): task_id for task_id in self.dataset.problems}

    @cached_property
    def _functions(self) -> Mapping[str, Sequence[str]]:
        """The problem of a function that only one problem has."""
        entries = Counter(problem.function for problem in self.dataset.problems.values())
        return {p.function: (p.task_id,) for p in self.dataset.problems.values() if entries[p.function] == 1}

    @cached_property
    def _numbered(self) -> dict[int, str]:
        return {number: task_id for task_id in self.dataset.problems if (number := _split(task_id)[1]) is not None}

    @cached_property
    def _countings(self) -> list[dict[int, str]]:
        """Meanings of a number: in the task_id, position in the dataset, position in MBPP's test split."""
        countings = [self._numbered, dict(enumerate(self.dataset.problems))]
        if self.dataset.declaration.family == "mbpp":
            countings.append({number - MBPP_TESTS: task_id for number, task_id in self._numbered.items()})
        return countings

    @cached_property
    def _prefixes(self) -> Mapping[str, str]:
        """The prefixes of problems' names, with their dataset."""
        bundled = [
            other
            for name, declared in datasets.known().items()
            if declared.family and not declared.md5 and (other := datasets.at_hand(name))
        ]
        tasks = [(task_id, dataset.name) for dataset in (*bundled, self.dataset) for task_id in dataset.problems]
        return PREFIXES | {letters: name for task_id, name in tasks if (letters := _split(task_id)[0])}


def unknown(row: Row, dataset: Dataset) -> SamplesError:
    """The error for a solution whose problem is unknown or ambiguous."""
    tasks, place = list(dataset.problems), "file" if row.origin.endswith(".py") else "line"
    name = next(iter(row.record.names), "")
    if row.by_file or not row.record.names:
        return SamplesError(
            f"{row.origin} names no problem, and defines the function of none; write a task_id ({tasks[0]}) to it."
        )
    if isinstance(name, Position):
        return SamplesError(
            f"{row.origin} is one of {name.length} lists without names, as bigcode-evaluation-harness writes them, and "
            f"they are not in the order of {dataset.declaration.title}'s problems; write a task_id to each."
        )
    if _number(name) is not None:
        return SamplesError(
            f'{row.origin} names its problem "{plain(str(name))}" alone, and its file does not solve '
            f"{dataset.declaration.title}'s problems of such numbers; write the whole task_id ({tasks[0]})."
        )
    return SamplesError(
        f'{row.origin} solves the unknown problem "{plain(str(name))}"; {dataset.declaration.title} has '
        f"{tasks[0]} to {tasks[-1]}, so correct or delete that {place}."
    )


def _loose(name: str) -> str:
    """A name without case, padding, URL escapes and differences of separators."""
    name = re.sub(r"[\s_\-./:#]+", "/", unquote(name[:200]).strip().casefold()).strip("/")
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", name)


def _parts(name: str) -> list[tuple[str, int]]:
    """The numbers in a name, each with the letters before it."""
    return [(re.sub(r"[\W_]", "", match["letters"]), int(match["number"])) for match in NAME.finditer(_loose(name))]


def _split(name: str) -> tuple[str, int | None]:
    """The first number in a name, and the letters before it; "" and None where there is none."""
    return next(iter(_parts(name)), ("", None))


def _has_number(record: Record) -> bool:
    return any(not isinstance(name, str) or _parts(name) for name in record.names)


def _number(name: str | int | Position) -> int | None:
    """The number in a name without a dataset's prefix."""
    if isinstance(name, Position):
        return name.index
    if isinstance(name, int):
        return name
    letters, number = _split(name)
    return number if letters in NEUTRAL else None
