"""Scores at smaller values of max_tokens, from one run's answers.

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


def budgets(leaderboard: Leaderboard) -> list[Budget]:
    """The rows of which the tokens of each greedy answer are known."""
    return [curve for row in leaderboard.rows if (curve := budget(row))]


def budget(row: Row) -> Budget | None:
    """One row's points; None where answers were sampled at a temperature, or their tokens are not known."""
    samples = [sample for sample in row.result.samples if sample.info.completion_tokens > 0]
    limit = row.result.max_tokens
    greedy = row.result.settings.get("temperature") == 0 and not row.metrics.several
    if not greedy or limit is None or len(samples) < len(row.result.samples) / 2:
        return None
    complete = sorted(
        (sample for sample in samples if not sample.info.lost), key=lambda sample: sample.info.completion_tokens
    )
    tokens, passed = [sample.info.completion_tokens for sample in complete], [0]
    for sample in complete:
        passed.append(passed[-1] + sample.passed)
    points, flight = [], sum(sample.info.seconds for sample in samples)
    share = (row.metrics.cost.seconds or flight) / flight if flight else 0.0
    for at in _limits(limit):
        ended = bisect_right(tokens, at)
        seconds = share * sum(sample.info.seconds * min(1.0, at / sample.info.completion_tokens) for sample in samples)
        score = 100 * passed[ended] / row.metrics.problems
        points.append(Point(at, score, 100 * ended / len(row.result.samples), seconds / 60))
    points[-1] = Point(limit, 100 * row.metrics.score.value, points[-1].ended, points[-1].minutes)
    return Budget(row, tuple(points), 100 * passed[-1] / len(complete)) if complete else None


def _limits(last: int) -> Sequence[int]:
    least = LEAST if last > SHORT else LEAST // 8
    doubles = [least << power for power in range(last.bit_length()) if least << power < last]
    return [*doubles, last]
