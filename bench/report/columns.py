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


def _seconds(row: Row) -> float | None:
    return row.metrics.per_solved(row.metrics.cost.seconds)


def _tokens(row: Row) -> float | None:
    return row.metrics.per_solved(row.metrics.cost.tokens)


def _energy(row: Row) -> float | None:
    return row.metrics.per_solved(row.metrics.cost.energy)


def _state(state: str) -> str:
    return "" if state == "done" else STATE_NAMES.get(state, state)


COLUMNS = (
    Column("rank", "#", lambda row: row.rank, str, "=1: not shown to be worse than the best", low_first=True),
    Column("title", "Model", lambda row: row.title, str, "as profiles.toml names it", numeric=False, low_first=True),
    Column("state", "state", lambda row: row.result.state, _state, "whether the result is whole", numeric=False),
    Column("points_ahead", "vs published", _difference, signed, "points ahead of its reference's published score"),
    Column("tokens_per_second", "tok/s", lambda row: row.metrics.cost.speed, rate, "tokens generated per second"),
    Column("bytes", "GB", lambda row: row.metrics.cost.bytes, gigabytes, "size of the model's file", low_first=True),
    Column("seconds_per_solved", "per solved", _seconds, short_seconds, "time by the problems solved", low_first=True),
    Column(
        "seconds", "total time", lambda row: row.metrics.cost.seconds, duration, "requests in flight", low_first=True
    ),
    Column("lost", "lost", lambda row: row.metrics.lost, listed, "no whole answer", numeric=False, low_first=True),
    Column("tokens", "tokens", lambda row: row.metrics.cost.tokens, whole, "generated", "cost", low_first=True),
    Column("tokens_per_solved", "tokens per solved", _tokens, whole, "by the problems solved", "cost", low_first=True),
    Column("prompt_tokens_per_second", "prompt tok/s", lambda row: row.metrics.cost.prompt_speed, rate, "read", "cost"),
    Column("first_token_seconds", "first token", lambda row: row.metrics.cost.first_token, short_seconds, "", "cost"),
    Column("load_seconds", "load", lambda row: row.metrics.cost.load, short_seconds, "until the server is up", "cost"),
    Column("peak_memory", "memory GB", lambda row: row.metrics.cost.memory, gigabytes, "the server's peak", "cost"),
    Column("peak_gpu_memory", "GPU GB", lambda row: row.metrics.cost.gpu_memory, gigabytes, "peak of the GPUs", "cost"),
    Column("energy_wh_per_solved", "Wh per solved", _energy, "{:.2f}".format, "estimate, idle subtracted", "cost"),
)


def suite_columns(leaderboard: Leaderboard) -> list[Column]:
    """A column for each suite; the last one is the score, and bears its interval."""
    *first, last = leaderboard.suites

    def value(suite: str) -> Callable[[Row], Estimate | None]:
        return lambda row: row.metrics.suites.get(suite)

    return [
        *(
            Column(
                suite,
                leaderboard.suite_title(suite),
                value(suite),
                lambda one: percent(one.value),
                f"pass@1, {suite} tests",
            )
            for suite in first
        ),
        Column(
            last,
            f"{leaderboard.suite_title(last)} (95 %)",
            value(last),
            with_interval,
            "pass@1 of all problems, in percent",
        ),
    ]


def columns(leaderboard: Leaderboard) -> list[Column]:
    """All columns of a leaderboard: rank and name, its suites, then the others."""
    return [*COLUMNS[:2], *suite_columns(leaderboard), *COLUMNS[2:]]


def visible_columns(leaderboard: Leaderboard, place: str, rows: list[Row] | None = None) -> list[Column]:
    """The columns of one table that any of its rows has a value for."""
    rows = list(leaderboard.rows) if rows is None else rows
    candidates = [column for column in columns(leaderboard) if column.place == place]
    return [column for column in candidates if any(column.show(row) != NONE for row in rows)]
