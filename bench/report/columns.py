"""The one list of a leaderboard's columns, over which REPORT.md, the page, report.json, the CSV and doit compare loop.

A new column is one line in COLUMNS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.console import duration
from bench.report.format import DASH, gigabytes, percent, rate, short_seconds, signed, whole, with_interval
from bench.report.leaderboard import Leaderboard, Row
from bench.report.outcomes import listed
from bench.report.results import STATE_NAMES
from bench.stats import Estimate

NONE = DASH


@dataclass(frozen=True)
class Column:
    """One figure of a row: `value` makes it for programs and for sorting, `text` writes it for people.

    `about` explains it; `place` is the table that it stands in: the first one, or that of `cost`. A value of None is
    not known; a column without any value is left out. `low_first` marks figures of which less is better.
    """

    key: str
    title: str
    value: Callable[[Row], Any]
    text: Callable[[Any], str]
    about: str
    place: str = "headline"
    low_first: bool = False
    numeric: bool = True

    def show(self, row: Row) -> str:
        """The row's figure as plain text."""
        value = self.value(row)
        return (self.text(value) if value is not None else "") or NONE

    def number(self, row: Row) -> float | str | None:
        """The value that rows are sorted by."""
        value = self.value(row)
        if isinstance(value, Estimate):
            return value.value
        return sum(value.values()) if isinstance(value, dict) else value


def _difference(row: Row) -> float | None:
    return None if row.versus is None else round(row.versus.difference, 2)


def _cost(name: str) -> Callable[[Row], float | None]:
    return lambda row: getattr(row.metrics.cost, name)


def _per_solved(name: str) -> Callable[[Row], float | None]:
    return lambda row: row.metrics.per_solved(getattr(row.metrics.cost, name))


def _state(state: str) -> str:
    return "" if state == "done" else STATE_NAMES.get(state, state)


TITLE = Column("title", "Model", lambda row: row.title, str, "as profiles.toml names it", numeric=False, low_first=True)
COLUMNS = (
    Column("rank", "#", lambda row: row.rank, str, "=1: not shown to be worse than the best", low_first=True),
    TITLE,
    Column("state", "state", lambda row: row.result.state, _state, "whether the result is whole", numeric=False),
    Column("points_ahead", "vs published", _difference, signed, "points ahead of its reference's published score"),
    Column("tokens_per_second", "tok/s", _cost("speed"), rate, "tokens generated per second"),
    Column("bytes", "GB", _cost("bytes"), gigabytes, "size of the model's file", low_first=True),
    Column("seconds_per_solved", "per solved", _per_solved("seconds"), short_seconds, "time by the problems solved",
           low_first=True),
    Column("seconds", "total time", _cost("seconds"), duration, "requests in flight", low_first=True),
    Column("lost", "lost", lambda row: row.metrics.lost, listed, "no whole answer", numeric=False, low_first=True),
    Column("tokens", "tokens", _cost("tokens"), whole, "generated", "cost", low_first=True),
    Column("tokens_per_solved", "tokens per solved", _per_solved("tokens"), whole, "by the problems solved", "cost",
           low_first=True),
    Column("prompt_tokens_per_second", "prompt tok/s", _cost("prompt_speed"), rate, "read", "cost"),
    Column("first_token_seconds", "first token", _cost("first_token"), short_seconds, "", "cost"),
    Column("load_seconds", "load", _cost("load"), short_seconds, "until the server is up", "cost"),
    Column("peak_memory", "memory GB", _cost("memory"), gigabytes, "the server's peak", "cost"),
    Column("peak_gpu_memory", "GPU GB", _cost("gpu_memory"), gigabytes, "peak of the GPUs", "cost"),
    Column("energy_wh_per_solved", "Wh per solved", _per_solved("energy"), "{:.2f}".format, "estimate, idle subtracted",
           "cost"),
)  # fmt: skip


def suite_columns(leaderboard: Leaderboard) -> list[Column]:
    """A column for each suite; the last one is the score, and bears its interval."""
    *others, last = leaderboard.suites

    def column(suite: str, title: str, text: Callable[[Estimate], str], about: str) -> Column:
        return Column(suite, title, lambda row: row.metrics.suites.get(suite), text, about)

    return [
        *(
            column(suite, leaderboard.suite_title(suite), lambda one: percent(one.value), f"pass@1, {suite} tests")
            for suite in others
        ),
        column(last, f"{leaderboard.suite_title(last)} (95 %)", with_interval, "pass@1 of all problems, in percent"),
    ]


def columns(leaderboard: Leaderboard) -> list[Column]:
    """All columns of a leaderboard: rank and name, its suites, then the others."""
    return [*COLUMNS[:2], *suite_columns(leaderboard), *COLUMNS[2:]]


def visible_columns(leaderboard: Leaderboard, place: str) -> list[Column]:
    """The columns of one table that any of its rows has a value for."""
    candidates = [column for column in columns(leaderboard) if column.place == place]
    return [column for column in candidates if any(column.show(row) != NONE for row in leaderboard.rows)]
