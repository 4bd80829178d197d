"""Two profiles side by side on a terminal, 80 columns wide."""

import textwrap

from bench.console import counted
from bench.errors import BenchError
from bench.problems import SOURCES
from bench.profiles import Config
from bench.report import gather
from bench.report.escape import fitted
from bench.report.numbers import interval, p_value, percent
from bench.report.pairs import ALPHA, Pair, pairs
from bench.report.records import Entry
from bench.report.scores import Score, score
from bench.text import plain

WIDTH = 80
NAME = 30


def compare(config: Config, a: str, b: str, dataset: str) -> str:
    """Scores, intervals, the exact test, and the problems that each wins, for two profiles of profiles.toml.

    Raises BenchError where one of them has no result, or both are the same.
    """
    if a == b:
        raise BenchError(f"{a} is on both sides; doit compare -a <profile> -b <profile> takes two of them.")
    entries = [gather.entry(config.layout.run(name, dataset), config.profile(name)) for name in (a, b)]
    for entry in entries:
        if not entry.samples:
            raise BenchError(f"{entry.id} has no result on {dataset}; doit eval:{entry.id} makes one.")
    scores = [score(entry) for entry in entries]
    (pair,) = pairs(entries)
    title = SOURCES[dataset].title
    lines = [*_table(title, entries, scores), "", *_verdict(title, pair, scores)]
    passes = "passes more often" if pair.several else "alone passes"
    lines += [*_won(f"A {passes}", pair.ahead), *_won(f"B {passes}", pair.behind)]
    return "\n".join(line.rstrip() for line in lines)


def _table(title: str, entries: list[Entry], scores: list[Score]) -> list[str]:
    problems = max(found.problems for found in scores)
    head = f"{fitted(f'{title}, {problems} problems', NAME + 3)}  {title[:14]:<18}  {title[:14] + '+':<19}  lost"
    return [head, *(_line(letter, entry, found) for letter, entry, found in zip("AB", entries, scores, strict=True))]


def _line(letter: str, entry: Entry, score: Score) -> str:
    base = f"{percent(score.base.value):>5} ({interval(score.base)})"
    plus = f"{percent(score.plus.value):>5} ({interval(score.plus)})"
    lost = sum(score.lost.values())
    return f"{letter}  {fitted(entry.title, NAME)}  {base:<18}  {plus:<19}  {lost or '':>4}"


def _verdict(title: str, pair: Pair, scores: list[Score]) -> list[str]:
    ahead, behind = len(pair.ahead), len(pair.behind)
    whole = max(found.problems for found in scores)
    part = f" of the {counted(pair.common, 'problem')} that both attempted" if pair.common < whole else ""
    if not ahead + behind:
        often = " equally often" if pair.several else ""
        return _wrapped(f"They pass the same {title}+ problems{part}{often}: nothing tells them apart.")
    better = ("A", "B") if pair.gain >= 0 else ("B", "A")
    shown = "is better than" if pair.p < ALPHA else "is not shown to be better than"
    test = "Exact sign-flip test" if pair.several else "Exact McNemar"
    won = f"A passes {ahead} more often, B {behind}" if pair.several else f"A alone passes {ahead}, B alone {behind}"
    said = f"On {ahead + behind} {title}+ problems{part} they disagree: {won}."
    alone = " This pair by itself; the report corrects for all pairs." if pair.p < ALPHA else ""
    return [*_wrapped(said), *_wrapped(f"{test}: {p_value(pair.p)}; {better[0]} {shown} {better[1]}.{alone}")]


def _won(who: str, tasks: tuple[str, ...]) -> list[str]:
    if not tasks:
        return []
    return ["", f"{who} ({len(tasks)})", *_wrapped(", ".join(map(plain, tasks)), "  ")]


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
