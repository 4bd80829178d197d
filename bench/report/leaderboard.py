"""One dataset's results in order: ranks by significance, pairs, and problems that discriminate."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import lcm

from bench import datasets
from bench.report.metrics import Metrics, metrics
from bench.report.references import Comparison, compared
from bench.report.results import POOLED, SUITES, Result, pool
from bench.stats import Estimate, holm, paired_difference, sign_flip
from bench.text import plain

ALPHA = 0.05


@dataclass(frozen=True)
class Pair:
    """Two results on the `common` problems that both attempted.

    `first_wins` are the problems that the first alone passes, `second_wins` those that the second does; where either
    has `several` samples a problem, that passes more often. `p` is exact McNemar's, or then the exact sign-flip test's;
    `corrected` is Holm's, over all pairs of the dataset. `difference` is how much more of the common problems the first
    passes, as a fraction.
    """

    first: str
    second: str
    common: int
    several: bool
    first_wins: tuple[str, ...]
    second_wins: tuple[str, ...]
    difference: float
    p: float
    corrected: float

    @property
    def discordant(self) -> int:
        """The number of problems on which the two differ."""
        return len(self.first_wins) + len(self.second_wins)

    @property
    def significant(self) -> bool:
        """Whether the corrected test shows a difference."""
        return self.corrected < ALPHA

    @property
    def test(self) -> str:
        """The name of its test."""
        return "exact sign-flip test" if self.several else "exact McNemar"


@dataclass(frozen=True)
class Row:
    """One result with its figures. Titles are unique among the rows; `rank` is empty where it has none.

    `p_best` is the exact p of its test against the best, `corrected_best` Holm's over all that are compared with the
    best; both are None for the best itself, and where there is no rank.
    """

    result: Result
    metrics: Metrics
    title: str
    rank: str = ""
    p_best: float | None = None
    corrected_best: float | None = None
    versus: Comparison | None = None

    @property
    def tied_with_best(self) -> bool:
        """Whether it is the best, or not shown to be worse than the best."""
        return bool(self.rank) and (self.corrected_best is None or self.corrected_best >= ALPHA)

    @property
    def imported(self) -> bool:
        """Whether its solutions were made elsewhere."""
        return not self.result.run


@dataclass(frozen=True)
class Discrimination:
    """One problem, and the rows that pass it (in at least half of their samples) or fail it, best first."""

    task_id: str
    passed: tuple[str, ...]
    failed: tuple[str, ...]


@dataclass(frozen=True)
class Leaderboard:
    """One dataset: `rows` have results, best first; `others` have none; `pairs` are those of the ranked rows.

    `stopped` are of duels that were settled before every problem was asked: they have neither score nor rank.
    """

    dataset: str
    rows: tuple[Row, ...]
    others: tuple[Result, ...]
    pairs: tuple[Pair, ...]
    stopped: tuple[Row, ...] = ()

    @property
    def title(self) -> str:
        """The dataset's name for people; that of an unknown one is a folder's, and loses what could be markup."""
        if self.dataset == POOLED:
            return "All sets"
        declaration = datasets.known().get(self.dataset)
        if declaration:
            return declaration.title
        return "".join(char if char.isalnum() or char in " .-" else "-" for char in self.dataset)[:40].strip()

    @property
    def suites(self) -> tuple[str, ...]:
        """The names of the dataset's suites."""
        return self.rows[0].result.suites if self.rows else SUITES

    @property
    def name(self) -> str:
        """The name of the score: with a plus where EvalPlus's further tests count."""
        return self.suite_title(self.suites[-1])

    def suite_title(self, suite: str) -> str:
        """The name of a suite's score."""
        return f"{self.title}+" if suite == "plus" else self.title

    @property
    def problems(self) -> int:
        """The number of problems of the dataset; where results differ in that, the largest."""
        return max((row.metrics.problems for row in self.rows), default=0)

    @property
    def ranked(self) -> list[Row]:
        """The rows that have a rank."""
        return [row for row in self.rows if row.rank]

    def row(self, result_id: str) -> Row:
        """The row of one result; StopIteration where there is none."""
        return next(row for row in self.rows if row.result.id == result_id)

    @cached_property
    def _pairs(self) -> dict[tuple[str, str], Pair]:
        return {(pair.first, pair.second): pair for pair in self.pairs}

    def pair(self, better: Row, worse: Row) -> Pair:
        """The comparison of two ranked rows, in their order; KeyError for another order."""
        return self._pairs[better.result.id, worse.result.id]

    @cached_property
    def discrimination(self) -> list[Discrimination]:
        """Every problem that a row attempted, in the dataset's order."""
        known = {row.result.id: row.result.solves for row in self.rows}
        tasks = max(known.values(), key=len, default={})
        discriminating = []
        for task in dict.fromkeys([*tasks, *(task for each in known.values() for task in each)]):
            passed, failed = (
                tuple(name for name in known if known[name].get(task) is solved) for solved in (True, False)
            )
            discriminating.append(Discrimination(task, passed, failed))
        return discriminating

    @cached_property
    def own_tests(self) -> bool:
        """Whether the dataset's own tests ran in the process of a solution."""
        return any(row.result.bench.get("own_tests") is True for row in self.rows)

    @cached_property
    def functions(self) -> dict[str, str]:
        """The function to write for each problem; {} where the dataset is not on this machine."""
        known = datasets.at_hand(self.dataset)
        return {problem.task_id: problem.function for problem in known.problems.values()} if known else {}


def leaderboards_of(results: Sequence[Result]) -> list[Leaderboard]:
    """One for each dataset, in the order in which they are declared, then by name."""
    order = {name: place for place, name in enumerate(datasets.known())}
    names = sorted({result.dataset for result in results}, key=lambda name: (order.get(name, len(order)), name))
    return [leaderboard_of(name, [result for result in results if result.dataset == name]) for name in names]


def leaderboard_of(dataset: str, results: Sequence[Result]) -> Leaderboard:
    """The leaderboard of the results on one dataset."""
    often = Counter(result.title for result in results)
    graded = [
        Row(result, metrics(result), result.title + (f" ({plain(result.id)})" if often[result.title] > 1 else ""))
        for result in results
        if result.samples
    ]
    graded.sort(key=_order)
    stopped, rows = (tuple(row for row in graded if row.result.stopped_early is early) for early in (True, False))
    ranked = [row.result for row in rows if _is_ranked(row)]
    pairs = tuple(compare_all(ranked))
    ranks = rank([result.id for result in ranked], pairs)
    rows = tuple(
        replace(
            row,
            **ranks.get(row.result.id, {}),  # type: ignore[arg-type]
            versus=compared(row.result.reference, dataset, row.metrics.suites),
        )
        for row in rows
    )
    return Leaderboard(dataset, rows, tuple(result for result in results if not result.samples), pairs, stopped)


def pooled(leaderboards: Sequence[Leaderboard]) -> Leaderboard | None:
    """All datasets but the demo's together, over the profiles with a rank on each; None for a single dataset."""
    real = [one for one in leaderboards if one.rows and not one.dataset.startswith("demo")]
    ranked = [[row.result.id for row in leaderboard.ranked] for leaderboard in real]
    ids = [name for name in ranked[0] if all(name in names for names in ranked)] if ranked else []
    if len(real) < 2 or not ids:
        return None
    return leaderboard_of(POOLED, [pool([leaderboard.row(name).result for leaderboard in real]) for name in ids])


def _order(row: Row) -> tuple[float, float, str, str]:
    first = next(iter(row.metrics.suites.values()))
    return -row.metrics.score.value, -first.value, row.result.title, row.result.id


def _is_ranked(row: Row) -> bool:
    """A part of the problems cannot be ranked beside all of them, nor a profile that is no longer declared."""
    return row.result.state != "gone" and row.metrics.attempted == row.metrics.problems


def compare_all(results: Sequence[Result]) -> list[Pair]:
    """Every pair of results, in their order; the first of each pair comes first in `results`."""
    pairs = [compare(first, second) for first, second in combinations(results, 2)]
    corrected = holm([pair.p for pair in pairs])
    return [replace(pair, corrected=value) for pair, value in zip(pairs, corrected, strict=True)]


def compare(first: Result, second: Result) -> Pair:
    """Two results compared by the exact paired test, not corrected for anything."""
    one, other = first.rates, second.rates
    common = [task for task in one if task in other]
    counts = {count for task in common for count in (one[task][1], other[task][1])}
    unit = lcm(*counts)
    gaps = {task: _times(one[task], unit) - _times(other[task], unit) for task in common if one[task] != other[task]}
    wins = tuple(task for task, gap in gaps.items() if gap > 0)
    losses = tuple(task for task, gap in gaps.items() if gap < 0)
    p = sign_flip(list(gaps.values()))
    difference = sum(gaps.values()) / unit / len(common) if common else 0.0
    return Pair(first.id, second.id, len(common), max(counts, default=1) > 1, wins, losses, difference, p, p)


def _times(rate: tuple[int, int], unit: int) -> int:
    return rate[0] * unit // rate[1]


def difference(pairs: Sequence[tuple[Result, Result]]) -> Estimate:
    """The difference of pass rates, second less first of each pair, with its interval; each pair is one stratum."""
    strata = []
    for first, second in pairs:
        one, other = first.rates, second.rates
        strata.append([(_share(other[t]) - _share(one[t]), min(one[t][1], other[t][1])) for t in one if t in other])
    return paired_difference(strata)


def _share(rate: tuple[int, int]) -> float:
    return rate[0] / rate[1]


def rank(ranked: Sequence[str], pairs: Sequence[Pair]) -> dict[str, dict[str, str | float]]:
    """For each result, best first: `rank`, and p and corrected p of its test against the best.

    All that the test against the best, corrected by Holm for those tests, does not show to be worse share `=1`. The
    rank of any other is 1 and the number of results shown to be better, by that test or by the one corrected for all
    pairs; `=` marks a rank that several share.
    """
    if not ranked:
        return {}
    against = [pair for pair in pairs if pair.first == ranked[0]]
    corrected = dict(zip((pair.second for pair in against), holm([pair.p for pair in against]), strict=True))
    better: dict[str, set[str]] = {name: set() for name in ranked}
    for pair in pairs:
        if pair.significant and corrected.get(pair.second, 1.0) < ALPHA:
            better[pair.second].add(pair.first)
    places = dict.fromkeys(ranked, 1)
    for name, p in corrected.items():
        if p < ALPHA:
            places[name] = 1 + len(better[name] | {ranked[0]})
    counts = list(places.values())
    ranks: dict[str, dict[str, str | float]] = {
        name: {"rank": f"={place}" if counts.count(place) > 1 else str(place)} for name, place in places.items()
    }
    for pair in against:
        ranks[pair.second] |= {"p_best": pair.p, "corrected_best": corrected[pair.second]}
    return ranks
