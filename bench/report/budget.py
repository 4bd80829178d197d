"""What a smaller max_tokens would have cost: scores at every limit, from one run's answers.

A greedy answer under a smaller limit is a prefix of the same text, so an answer that ended below the limit is the same;
any other would have been truncated, and is taken as failed, though a truncated answer may pass. Requests that were in
flight together share the time of the run, each by its own seconds.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from bench.report.leaderboard import Leaderboard, Row

LEAST = 256
"""Tokens; the limits are this (an eighth of it for a SHORT run), its doubles, and the run's own max_tokens."""
SHORT = 512


@dataclass(frozen=True)
class Point:
    """One limit: the score in percent of all problems, the percentage of answers that end, the minutes of the run."""

    limit: int
    score: float
    ended: float
    minutes: float


@dataclass(frozen=True)
class Budget:
    """One row's points, the smallest limit first; the last one is the run itself.

    `of_ended` is the score in percent of the answers that ended by themselves.
    """

    row: Row
    points: tuple[Point, ...]
    of_ended: float


def budgets(board: Leaderboard) -> list[Budget]:
    """The rows of which the tokens of each greedy answer are known."""
    return [curve for row in board.rows if (curve := budget(row))]


def budget(row: Row) -> Budget | None:
    """One row's points; None where answers were sampled at a temperature, or their tokens are not known."""
    samples = [one for one in row.result.samples if one.info.completion_tokens > 0]
    limit = row.result.max_tokens
    greedy = row.result.settings.get("temperature") == 0 and not row.metrics.several
    if not greedy or limit is None or len(samples) < len(row.result.samples) / 2:
        return None
    whole = sorted((one for one in samples if not one.info.lost), key=lambda one: one.info.completion_tokens)
    tokens, passed = [one.info.completion_tokens for one in whole], [0]
    for one in whole:
        passed.append(passed[-1] + one.passed)
    points, flight = [], sum(one.info.seconds for one in samples)
    share = (row.metrics.cost.seconds or flight) / flight if flight else 0.0
    for at in _limits(limit):
        ended = bisect_right(tokens, at)
        seconds = share * sum(one.info.seconds * min(1.0, at / one.info.completion_tokens) for one in samples)
        score = 100 * passed[ended] / row.metrics.problems
        points.append(Point(at, score, 100 * ended / len(row.result.samples), seconds / 60))
    points[-1] = Point(limit, 100 * row.metrics.score.value, points[-1].ended, points[-1].minutes)
    return Budget(row, tuple(points), 100 * passed[-1] / len(whole)) if whole else None


def _limits(last: int) -> Sequence[int]:
    least = LEAST if last > SHORT else LEAST // 8
    doubles = [least << power for power in range(last.bit_length()) if least << power < last]
    return [*doubles, last]
