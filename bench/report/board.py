"""One dataset's results as a board: a row for each entry, a column for each problem, an outcome in each place.

Standing ─▶ Board ─▶ payload.py ─▶ html.py
"""

from dataclasses import dataclass
from functools import cached_property

from bench import problems
from bench.report.records import Entry, Graded
from bench.report.scores import by_problem
from bench.report.standings import Standing


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
    "x": Kind("truncated", "truncated", "the answer was cut off at its limit; what there is may still pass"),
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
    """`p` if it passes, else why it was lost, else how it failed."""
    if sample.passed:
        return "p"
    if sample.info.lost:
        return LOST.get(sample.info.lost, "r")
    if "timeout" in (sample.base, sample.plus):
        return "t"
    return "u" if sample.base == "pass" else "b"


@dataclass(frozen=True)
class Board:
    """`entries` have samples, best first. `tasks` are all problems known, in their order.

    `functions` and `prompts` say, by problem, what is to be written; they are empty where the dataset cannot be read.
    """

    dataset: str
    entries: tuple[Entry, ...]
    tasks: tuple[str, ...]
    functions: dict[str, str]
    prompts: dict[str, str]

    @cached_property
    def places(self) -> dict[str, tuple[tuple[Graded, ...], ...]]:
        """By entry id, the samples of each problem, in the order of `tasks`."""
        groups = {entry.id: by_problem(entry) for entry in self.entries}
        return {name: tuple(tuple(found.get(task_id, ())) for task_id in self.tasks) for name, found in groups.items()}

    @cached_property
    def hardest_first(self) -> list[int]:
        """Positions in `tasks`, those that the fewest entries pass first, otherwise in the dataset's order."""
        passed = [0.0] * len(self.tasks)
        for row in self.places.values():
            for position, samples in enumerate(row):
                passed[position] += sum(s.passed for s in samples) / len(samples) if samples else 0
        return sorted(range(len(self.tasks)), key=lambda position: (passed[position], position))


def board(standing: Standing) -> Board:
    """The board of a dataset's standing; problems that only results name come last."""
    entries = tuple(row.entry for row in standing.rows)
    # A report is rendered where its dataset is not: it then shows the problems that results name.
    dataset = problems.at_hand(standing.dataset)
    known = dataset.problems if dataset else {}
    seen = (sample.task_id for entry in entries for sample in entry.samples)
    prompts = {task_id: problem.prompt for task_id, problem in known.items()}
    return Board(standing.dataset, entries, tuple(dict.fromkeys([*known, *seen])), standing.functions, prompts)
