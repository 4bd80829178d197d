"""A duel: one model against another, problem after problem in a fixed random order, until it is settled.

One model is better when the e-value of the problems that only one of them passes reaches 20; the difference is within
the margin when its always-valid 95 % interval is. Both may be checked after every problem: each is wrong in at most 5 %
of all duels (Ville's inequality).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import comb, log, log1p, sqrt

from bench.datasets import Problem

ENOUGH = 20.0
"""The e-value that shows a difference: 1 / 0.05."""
CAP = 0.375
"""The largest bet: three quarters of what could lose everything."""
REFUTED = log(2 * ENOUGH)
"""The log of the capital that refutes a mean, on either side."""
HALVINGS = 40
THIRDS = 3

ProblemId = tuple[str, str]
"""A dataset's name and a task_id in it."""


@dataclass(frozen=True)
class DuelState:
    """The state of a duel after `problems`: those that the first model alone passes, and the second alone.

    `low` and `high` are the always-valid 95 % interval of the difference of pass rates (first less second), as
    fractions; `settled` is "better" or "worse" (the first one), "within" the margin, or "".
    """

    problems: int = 0
    won: int = 0
    lost: int = 0
    low: float = -1.0
    high: float = 1.0
    settled: str = ""

    @property
    def e_value(self) -> float:
        """The evidence that they differ."""
        return e_value(self.won, self.lost)


def e_value(won: int, lost: int) -> float:
    """The likelihood ratio of a uniform mixture of coins to a fair coin, for `won` and `lost`.

    J. Ville, Étude critique de la notion de collectif (1939); the mixture is Laplace's rule of succession.
    """
    n = won + lost
    return float(2**n / ((n + 1) * comb(n, won)))


def interval(outcomes: Sequence[int]) -> tuple[float, float]:
    """The always-valid 95 % interval of the mean of outcomes of -1, 0 and 1, in their order.

    A betting confidence sequence with predictable plug-in bets (I. Waudby-Smith and A. Ramdas, Estimating means of
    bounded random variables by betting, JRSS B 86 (2024), 1). The bets are the same for every mean, so that the capital
    grows with the distance from it, and the bound is found by halving.
    """
    bets = list(_bets(outcomes))
    return -_bound([-outcome for outcome in outcomes], bets), _bound(outcomes, bets)


def _bets(outcomes: Iterable[int]) -> Iterator[float]:
    """The bet on each outcome, by those before it."""
    total, squares = 0.0, 1.0
    for t, outcome in enumerate(outcomes, 1):
        yield min(CAP, sqrt(2 * REFUTED / (squares * log1p(t))))
        total += outcome
        squares += (outcome - total / (t + 1)) ** 2


def _bound(outcomes: Sequence[int], bets: Sequence[float]) -> float:
    """The smallest mean that bets on less have refuted at any time; 1 where they have refuted none."""
    low, high = -1.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        capital = accumulate(log1p(bet * (middle - outcome)) for outcome, bet in zip(outcomes, bets, strict=True))
        low, high = (low, middle) if max(capital, default=0.0) >= REFUTED else (middle, high)
    return high


def state_of(outcomes: Sequence[int], margin: float) -> DuelState:
    """The state of a duel with these outcomes when it is first settled, or at their end; `margin` is a fraction."""
    problems = won = lost = 0
    above = below = most_above = most_below = 0.0
    settled = ""
    for outcome, bet in zip(outcomes, _bets(outcomes), strict=True):
        problems += 1
        won, lost = won + (outcome > 0), lost + (outcome < 0)
        # A bet that has refuted a mean at the margin at any time has refuted all beyond it.
        above, below = above + log1p(bet * (margin - outcome)), below + log1p(bet * (margin + outcome))
        most_above, most_below = max(most_above, above), max(most_below, below)
        if e_value(won, lost) >= ENOUGH:
            settled = "better" if won > lost else "worse"
        elif min(most_above, most_below) >= REFUTED:
            settled = "within"
        if settled:
            break
    return DuelState(problems, won, lost, *interval(outcomes[:problems]), settled)


def order(problems: Mapping[str, Mapping[str, Problem]]) -> list[ProblemId]:
    """The order in which the problems of datasets are asked: random, the same on every run and machine.

    Each dataset's are divided by difficulty (as declared, else thirds by the length of the reference solution); each
    part is spread evenly over the order.
    """
    placed: list[tuple[float, ProblemId]] = []
    for dataset, by_id in problems.items():
        for name, part in _parts(by_id).items():
            shuffled = sorted(part, key=lambda task_id: _chance(dataset, task_id))
            begin = _chance(dataset, name)
            placed += [((at + begin) / len(part), (dataset, task_id)) for at, task_id in enumerate(shuffled)]
    return [problem_id for _, problem_id in sorted(placed)]


def _parts(problems: Mapping[str, Problem]) -> dict[str, list[str]]:
    lengths = sorted(len(problem.reference) for problem in problems.values())
    parts: dict[str, list[str]] = {}
    for task_id, problem in problems.items():
        third = sum(len(problem.reference) > lengths[len(lengths) * part // THIRDS] for part in range(1, THIRDS))
        parts.setdefault(problem.difficulty or str(third), []).append(task_id)
    return parts


def _chance(*names: str) -> float:
    return int.from_bytes(hashlib.sha256("\n".join(names).encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64
