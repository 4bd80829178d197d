"""One dataset's results as a board: a row for each entry, a column for each problem, an outcome in each place.

    Entry, Entry, … ─▶ Board ─▶ charts.py, payload.py ─▶ html.py
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bench import problems
from bench.errors import BenchError
from bench.problems import SOURCES
from bench.report.records import Entry, Graded


@dataclass(frozen=True)
class Kind:
    """A kind of outcome: its word for filters and addresses, how people call it, and what it means."""

    word: str
    label: str
    meaning: str


KINDS = {
    "p": Kind("pass", "passes", "passes base and plus tests"),
    "u": Kind("plus", "fails plus only", "passes the base tests, fails one of EvalPlus's additional ones"),
    "b": Kind("base", "fails base", "fails a base test"),
    "t": Kind("timeout", "test timeout", "ran out of time in a test"),
    "x": Kind("truncated", "truncated", "the answer reached max_tokens; what there is may still pass"),
    "e": Kind("empty", "empty", "the answer has no text"),
    "n": Kind("no-code", "no code", "the answer holds no code"),
    "r": Kind("error", "error", "the request failed"),
    "l": Kind("late", "request timeout", "no whole answer in time"),
    "-": Kind("none", "not attempted", "there is no sample"),
}
"""By letter; a sample that was lost and passes all the same counts as both."""

LOST = {
    "truncated": "x", "empty": "e", "no code": "n", "error": "r", "timeout": "l", "not attempted": "-",
}  # fmt: skip
"""SampleInfo.lost → letter."""


def kind_of(sample: Graded) -> str:
    """The letter of the outcome that a sample counts as: what was lost is the reason before any verdict but a pass."""
    if sample.passed:
        return "p"
    if sample.info.lost:
        return LOST.get(sample.info.lost, "r")
    if "timeout" in (sample.base, sample.plus):
        return "t"
    return "u" if sample.base == "pass" else "b"


@dataclass(frozen=True)
class Board:
    """`entries` have samples, best first; `others` have none. `tasks` are all problems known, in their order.

    `functions` and `prompts` say, by problem, what is to be written; both lack problems of a dataset that cannot be read.
    """

    dataset: str
    entries: tuple[Entry, ...]
    others: tuple[Entry, ...]
    tasks: tuple[str, ...]
    functions: dict[str, str]
    prompts: dict[str, str]

    @property
    def title(self) -> str:
        """The dataset's name for people."""
        return SOURCES[self.dataset].title if self.dataset in SOURCES else self.dataset

    @cached_property
    def places(self) -> dict[str, tuple[tuple[Graded, ...], ...]]:
        """By entry id, the samples of each problem, in the order of `tasks`."""
        return {entry.id: tuple(self._of(entry)) for entry in self.entries}

    def _of(self, entry: Entry) -> list[tuple[Graded, ...]]:
        found: dict[str, list[Graded]] = {}
        for sample in entry.samples:
            found.setdefault(sample.task_id, []).append(sample)
        return [tuple(found.get(task_id, ())) for task_id in self.tasks]

    @cached_property
    def hardest_first(self) -> list[int]:
        """Positions in `tasks`, those that the fewest entries pass first, otherwise in the dataset's order."""
        passed = [0.0] * len(self.tasks)
        for row in self.places.values():
            for position, samples in enumerate(row):
                passed[position] += sum(s.passed for s in samples) / len(samples) if samples else 0
        return sorted(range(len(self.tasks)), key=lambda position: (passed[position], position))


def pass_at_1(entry: Entry) -> tuple[float, float]:
    """Base and plus pass@1 as fractions of all problems, as EvalPlus computes it; (0, 0) without problems."""
    found: dict[str, list[Graded]] = {}
    for sample in entry.samples:
        found.setdefault(sample.task_id, []).append(sample)
    total = entry.n_problems or len(found) or 1
    base = sum(sum(s.base == "pass" for s in group) / len(group) for group in found.values())
    plus = sum(sum(s.passed for s in group) / len(group) for group in found.values())
    return base / total, plus / total


def boards(entries: Sequence[Entry]) -> list[Board]:
    """A board for each dataset, in the order of SOURCES; entries of the same score by title."""
    names = sorted({entry.dataset for entry in entries}, key=lambda name: (_place(name), name))
    return [_board(name, [entry for entry in entries if entry.dataset == name]) for name in names]


def _place(name: str) -> int:
    return list(SOURCES).index(name) if name in SOURCES else len(SOURCES)


def _board(dataset: str, entries: list[Entry]) -> Board:
    def rank(entry: Entry) -> tuple[float, float, str, str]:
        base, plus = pass_at_1(entry)
        return (-plus, -base, entry.title, entry.id)

    tasks, functions, prompts = _tasks(dataset)
    seen = dict.fromkeys(sample.task_id for entry in entries for sample in entry.samples)
    return Board(
        dataset,
        entries=tuple(sorted((entry for entry in entries if entry.samples), key=rank)),
        others=tuple(entry for entry in entries if not entry.samples),
        tasks=tuple(dict.fromkeys([*tasks, *seen])),
        functions=functions,
        prompts=prompts,
    )


def _tasks(dataset: str) -> tuple[list[str], dict[str, str], dict[str, str]]:
    """A report is rendered where its dataset is not: it then shows the problems that results name."""
    if problems.fingerprint(dataset) is None if dataset in SOURCES else True:
        return [], {}, {}
    try:
        known = problems.load(dataset).problems.values()
    except BenchError:
        return [], {}, {}
    return (
        [problem.task_id for problem in known],
        {problem.task_id: problem.entry_point for problem in known},
        {problem.task_id: problem.prompt for problem in known},
    )
