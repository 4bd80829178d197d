"""Which problem a record is of: one of the dataset's, one of another dataset's, or none that there is.

Names are taken as they are, else by what is left of them without case, separators, padding and words around them. A
number alone is a problem of any dataset: the functions that the texts of its file define decide.
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
from bench.imports.formats import FUNCTION, Position, Record
from bench.imports.rows import Row
from bench.text import plain

PREFIXES = {"humaneval": "humaneval", "mbpp": "mbpp"}
NUMBERS = {"humaneval": range(164), "mbpp": range(1, 975)}
"""The problems that the datasets of these families ever had; EvalPlus's MBPP+ leaves most of MBPP's out."""
MBPP_TESTS = 11
"""The number of the first problem of MBPP's test split, which harnesses count from 0."""
NAME = re.compile(r"(?P<words>[^0-9]*)(?P<number>[0-9]{1,9})(?![0-9])")
WORDS = {"", "python", "test", "tests", "task", "problem", "question", "q", "p", "id", "sample", "example", "prompt"}
"""What may stand before the number of a problem and says nothing of its dataset."""
ELSEWHERE, REMOVED = "of other datasets", "of problems that the dataset does not have"


class Names:
    """The names of one dataset's problems, and what may stand for them."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def resolve(self, rows: Sequence[Row]) -> list[str]:
        """The problem of each row of one file, ELSEWHERE or REMOVED for one that is left out, "" where unknown."""
        if len(rows) == len(self.dataset.problems) and not any(row.record.names for row in rows):
            places = [Position(index, len(rows)) for index in range(len(rows))]
            rows = [replace(row, record=replace(row.record, names=(at,))) for row, at in zip(rows, places, strict=True)]
        found = [self._by_name(row.record) for row in rows]
        for at, row in enumerate(rows):
            if row.by_file:
                found[at] = self.of_file(row) or self._by_text(row.record) or ""
            elif found[at] is None and not _has_number(row.record):
                found[at] = self._by_text(row.record)
        bare = [at for at, task_id in enumerate(found) if task_id is None and not rows[at].torn]
        for at, task_id in zip(bare, self._by_number([rows[at].record for at in bare]), strict=True):
            found[at] = task_id
        return [task_id or "" for task_id in found]

    def of_file(self, row: Row) -> str | None:
        """The problem that a file is named after, "" for one that there is not, None where it is named after none."""
        known = self._by_name(row.record)
        return self._proved(row.record) if known is None else known

    def _by_name(self, record: Record) -> str | None:
        """The problem by its name or its function; "" where a name has the dataset's prefix, and is none of its own."""
        names = [name for name in record.names if isinstance(name, str)]
        found = [self._exact(name) or self._prefixed(name) for name in names]
        functions = (task_id for name in names for task_id in self._functions.get(name, ()))
        known = next(filter(None, found), None) or next((t for t in functions if self.implements(record, t)), None)
        return known or ("" if "" in found else None)

    def _by_text(self, record: Record) -> str | None:
        """The problem whose prompt was asked, or whose function a text defines, where that is so of one alone."""
        for asked in record.asked:
            if found := [task_id for task_id, one in self.dataset.problems.items() if one.prompt.strip() in asked]:
                return found[0] if len(found) == 1 else None
        tasks = {task_id for function in record.functions for task_id in self._functions.get(function, ())}
        return tasks.pop() if len(tasks) == 1 else None

    def _exact(self, name: str) -> str | None:
        return name if name in self.dataset.problems else self._loose.get(_loose(name))

    def _prefixed(self, name: str) -> str | None:
        """The problem by a name that holds the prefix of a dataset and a number; "" where that has no such problem."""
        parts = [
            (prefix, number) for words, number in _parts(name) for prefix in self._prefixes if words.endswith(prefix)
        ]
        if not parts:
            return None
        prefix, number = max(parts, key=lambda part: len(part[0]))
        owner = self._prefixes[prefix]
        ever = number in NUMBERS.get(owner, ())
        if owner == self.dataset.name:
            return self._numbered.get(number) or (REMOVED if ever and self.dataset.declaration.md5 else "")
        other = datasets.at_hand(owner) if owner not in NUMBERS else None
        return ELSEWHERE if ever or (other and number in Names(other)._numbered) else ""  # noqa: SLF001 - of its class

    def _by_number(self, records: Sequence[Record]) -> list[str]:
        """By numbers alone: in that counting in which most texts define the function of their problem.

        "" for all where no more than half of the texts that define a function do so, unless a list is as long as the
        dataset. In what another dataset's functions answer, all are left out.
        """
        numbers = [next((n for name in record.names if (n := _number(name)) is not None), None) for record in records]
        lengths = {name.length for record in records for name in record.names if isinstance(name, Position)}
        countings = self._countings[1:] + self._countings[:1] if lengths else self._countings
        best = max(countings, key=lambda counting: self._agreement(records, numbers, counting)[0])
        agree, defining = self._agreement(records, numbers, best)
        if agree * 2 > defining or not defining or lengths == {len(self.dataset.problems)}:
            return [self._counted(best, n) or self._proved(record) or ""
                    for record, n in zip(records, numbers, strict=True)]  # fmt: skip
        named = (name for name, one in datasets.known().items() if one.family and name != self.dataset.name)
        others = (Names(other) for name in named if (other := datasets.at_hand(name)))
        shares = (other._agreement(records, numbers, counting) for other in others for counting in other._countings)  # noqa: SLF001 - of its class
        if any(agree * 2 > defining for agree, defining in shares):
            return [ELSEWHERE] * len(records)
        return [self._proved(record) or "" for record in records]

    def _agreement(
        self, records: Sequence[Record], numbers: Sequence[int | None], counting: Mapping[int, str]
    ) -> tuple[int, int]:
        """How many texts define the function of the problem that a counting gives them, of how many that define any."""
        pairs = [(record, counting.get(-1 if n is None else n)) for record, n in zip(records, numbers, strict=True)]
        agree = sum(1 for record, task_id in pairs if task_id and self.implements(record, task_id))
        return agree, sum(1 for record, task_id in pairs if task_id and _defines_any(record))

    def _counted(self, counting: Mapping[int, str], number: int | None) -> str | None:
        """The problem of a number, or REMOVED for one that the dataset's family had."""
        if number is None or number in counting:
            return counting.get(-1 if number is None else number)
        ever = self.dataset.declaration.md5 and number in NUMBERS.get(self.dataset.name, ())
        return REMOVED if ever else None

    def _proved(self, record: Record) -> str | None:
        """The problem of a number in a name whose function a text defines."""
        parted = (_parted(name)[1] if isinstance(name, str) else _number(name) for name in record.names)
        tasks = (self._numbered.get(number) for number in parted if number is not None)
        return next((task_id for task_id in tasks if task_id and self.implements(record, task_id)), None)

    def implements(self, record: Record, task_id: str) -> bool:
        """Whether a text defines the function of a problem."""
        entry = self.dataset.problems[task_id].function
        return any(entry in found.groups() for text in _texts(record) for found in FUNCTION.finditer(text))

    @cached_property
    def _loose(self) -> Mapping[str, str]:
        return {_loose(task_id): task_id for task_id in self.dataset.problems}

    @cached_property
    def _functions(self) -> Mapping[str, Sequence[str]]:
        """The problem of a function, where only one has it."""
        entries = Counter(problem.function for problem in self.dataset.problems.values())
        return {p.function: (p.task_id,) for p in self.dataset.problems.values() if entries[p.function] == 1}

    @cached_property
    def _numbered(self) -> dict[int, str]:
        return {number: task_id for task_id in self.dataset.problems if (number := _parted(task_id)[1]) is not None}

    @cached_property
    def _countings(self) -> list[dict[int, str]]:
        """What a number may be: the problem's own, its place in the dataset, its place in MBPP's test split."""
        found = [self._numbered, dict(enumerate(self.dataset.problems))]
        if self.dataset.declaration.family == "mbpp":
            found.append({number - MBPP_TESTS: task_id for number, task_id in self._numbered.items()})
        return found

    @cached_property
    def _prefixes(self) -> Mapping[str, str]:
        """What names of problems begin with, and the dataset that it stands for."""
        bundled = [
            other
            for name, one in datasets.known().items()
            if one.family and not one.md5 and (other := datasets.at_hand(name))
        ]
        tasks = [(task_id, dataset.name) for dataset in (*bundled, self.dataset) for task_id in dataset.problems]
        return PREFIXES | {words: name for task_id, name in tasks if (words := _parted(task_id)[0])}


def unknown(row: Row, dataset: Dataset) -> SamplesError:
    """The error for a solution of a problem that there is not, or whose name may mean several."""
    tasks, what = list(dataset.problems), "file" if row.origin.endswith(".py") else "line"
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
        f"{tasks[0]} to {tasks[-1]}, so correct or delete that {what}."
    )


def _defines_any(record: Record) -> bool:
    return any(FUNCTION.search(text) for text in _texts(record))


def _texts(record: Record) -> list[str]:
    return [text for each in record.texts.values() for text in each]


def _loose(name: str) -> str:
    """A name without case, padding, escapes of an address and the kind of its separators."""
    name = re.sub(r"[\s_\-./:#]+", "/", unquote(name[:200]).strip().casefold()).strip("/")
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", name)


def _parts(name: str) -> list[tuple[str, int]]:
    """The numbers in a name, each with the letters before it."""
    return [(re.sub(r"[\W_]", "", found["words"]), int(found["number"])) for found in NAME.finditer(_loose(name))]


def _parted(name: str) -> tuple[str, int | None]:
    """The first number in a name, and the letters before it; "" and None where there is none."""
    return next(iter(_parts(name)), ("", None))


def _has_number(record: Record) -> bool:
    return any(not isinstance(name, str) or _parts(name) for name in record.names)


def _number(name: str | int | Position) -> int | None:
    """The number of a name that is nothing else, but for words that say nothing of a dataset."""
    if isinstance(name, Position):
        return name.index
    if isinstance(name, int):
        return name
    words, number = _parted(name)
    return number if words in WORDS else None
