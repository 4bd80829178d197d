"""Two profiles side by side on a terminal, 80 columns wide: every column of the leaderboard, and the paired test."""

import textwrap
from collections.abc import Sequence
from itertools import zip_longest

from bench.console import counted
from bench.errors import BenchError
from bench.profiles import Config
from bench.report import results
from bench.report.columns import NONE, columns
from bench.report.escape import fitted
from bench.report.format import p_value, signed_interval
from bench.report.leaderboard import ALPHA, Leaderboard, Row, compare, difference, leaderboard_of
from bench.report.results import Result
from bench.text import plain

WIDTH = 80
NAME, CELL = 18, 30


def side_by_side(config: Config, a: str, b: str, dataset: str) -> str:
    """Figures, the exact test, and the problems that each wins, for two profiles of profiles.toml on one dataset.

    Raises BenchError where one of them has no result, or both are the same.
    """
    if a == b:
        raise BenchError(f"{a} is on both sides; doit compare -a <profile> -b <profile> takes two of them.")
    every = results.read_all(config, {}, {})
    both = [next(result for result in every if (result.id, result.dataset) == (name, dataset)) for name in (a, b)]
    for result in both:
        if not result.samples:
            raise BenchError(f"{result.id} has no result on {dataset}; doit eval:{result.id} makes one.")
        if result.stopped_early:
            settled = f"its duel with {result.duel} was settled early"
            raise BenchError(f"{result.id} has no score: {settled}; REPORT.md has it.")
    # Ranks and corrected p values are those of the whole leaderboard, as the report has them.
    leaderboard = leaderboard_of(dataset, [result for result in every if result.dataset == dataset])
    rows = [leaderboard.row(result.id) for result in both]
    lines = [*_table(leaderboard, rows), "", *_verdict(leaderboard, both)]
    return "\n".join(line.rstrip() for line in lines)


def _table(leaderboard: Leaderboard, rows: Sequence[Row]) -> list[str]:
    lines = [
        fitted(f"{leaderboard.name}, {leaderboard.problems} problems", NAME + CELL),
        f"{'':<{NAME}}  {'A':<{CELL}}  B",
    ]
    for column in columns(leaderboard):
        cells = [column.show(row) for row in rows]
        if any(cell != NONE for cell in cells):
            lines += _cells(column.title, cells)
    return lines


def _cells(title: str, cells: Sequence[str]) -> list[str]:
    """One column of the leaderboard as lines: a cell that is too long goes on below."""
    parts = [[title], *(textwrap.wrap(plain(cell), CELL) for cell in cells)]
    rows = zip_longest(*parts, fillvalue="")
    return [f"{fitted(name, NAME)}  {fitted(first, CELL)}  {fitted(second, CELL)}" for name, first, second in rows]


def _verdict(leaderboard: Leaderboard, both: Sequence[Result]) -> list[str]:
    pair, corrected = compare(*both), _corrected(leaderboard, both)
    won, lost = len(pair.first_wins), len(pair.second_wins)
    part = f" of the {counted(pair.common, 'problem')} that both attempted"
    part = part if pair.common < leaderboard.problems else ""
    if not won + lost:
        often = " equally often" if pair.several else ""
        return _wrapped(f"They pass the same {leaderboard.name} problems{part}{often}: nothing tells them apart.")
    better = ("A", "B") if pair.difference >= 0 else ("B", "A")
    significant = (pair.p if corrected is None else corrected) < ALPHA
    claim = "is better than" if significant else "is not shown to be better than"
    counts = f"A passes {won} more often, B {lost}" if pair.several else f"A alone passes {won}, B alone {lost}"
    p = p_value(pair.p) + (
        f"; {p_value(corrected)} corrected for all {counted(len(leaderboard.pairs), 'pair')} of the report"
        if corrected not in (None, pair.p) else ""
    )  # fmt: skip
    gap = signed_interval(difference([(both[1], both[0])]))
    passes = "passes more often" if pair.several else "alone passes"
    return [
        *_wrapped(f"On {counted(won + lost, f'{leaderboard.name} problem')}{part} they differ: {counts}."),
        *_wrapped(f"{better[0]} {claim} {better[1]} ({pair.test}: {p})."),
        *_wrapped(f"A less B, in points with the paired 95 % interval: {gap}."),
        *_wins(f"A {passes}", pair.first_wins),
        *_wins(f"B {passes}", pair.second_wins),
    ]


def _corrected(leaderboard: Leaderboard, both: Sequence[Result]) -> float | None:
    """The corrected p of the report; None where one of the two has no rank."""
    ids = {result.id for result in both}
    return next((pair.corrected for pair in leaderboard.pairs if {pair.first, pair.second} == ids), None)


def _wins(label: str, tasks: tuple[str, ...]) -> list[str]:
    if not tasks:
        return []
    return ["", f"{label} ({len(tasks)})", *_wrapped(", ".join(map(plain, tasks)), "  ")]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
