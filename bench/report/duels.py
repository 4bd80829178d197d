"""Duels: a verdict, and neither score nor rank, for profiles that stop as soon as they differ from another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench import datasets
from bench.console import counted
from bench.duel import DuelState, order, state_of
from bench.report.format import signed
from bench.report.results import Result

VERDICTS = {"better": "better", "worse": "worse", "within": "within the margin", "": "not settled"}


@dataclass(frozen=True)
class Duel:
    """A profile's results on all its datasets against those of another; `attempted` of `problems` were asked."""

    results: tuple[Result, ...]
    opponent: str
    state: DuelState
    attempted: int
    problems: int

    @property
    def title(self) -> str:
        """The name of the model."""
        return self.results[0].title

    @property
    def verdict(self) -> str:
        """`worse: decided after 37 problems, 12 : 0, e = 315`; the interval of the difference where undecided."""
        now = self.state
        e = f"{now.e_value:,.0f}" if now.e_value >= 10 else f"{now.e_value:.1f}"
        counts = f"{max(now.won, now.lost)} : {min(now.won, now.lost)}"
        between = f"{signed(100 * now.low)} to {signed(100 * now.high)} points (95 %, always valid)"
        if now.settled in ("better", "worse"):
            return f"{now.settled}: decided after {counted(now.problems, 'problem')}, {counts}, e = {e}"
        ended = f"after {counted(now.problems, 'problem')}, {now.won} won, {now.lost} lost, {between}"
        return f"{VERDICTS[now.settled]}{': decided' if now.settled else ':'} {ended}"


def duels(results: Sequence[Result], margin: float) -> list[Duel]:
    """The duels of the profiles that declare one; `margin` is a fraction."""
    by_id: dict[str, dict[str, Result]] = {}
    for result in results:
        if result.samples and result.state != "gone":
            by_id.setdefault(result.id, {})[result.dataset] = result
    pairings = []
    for ours in by_id.values():
        some = next(iter(ours.values()))
        theirs = by_id.get(some.duel, {})
        if some.duel and theirs:
            problems = sum(result.n_problems for result in ours.values())
            attempted = sum(len(result.rates) for result in ours.values())
            now = state_of(outcomes(ours, theirs), margin)
            pairings.append(Duel(tuple(ours.values()), next(iter(theirs.values())).title, now, attempted, problems))
    return pairings


def ordered_problems(theirs: Mapping[str, Result]) -> list[tuple[str, str]]:
    """The problems of a duel with a model that has these results, by dataset, in the order in which they are asked."""
    known = {name: loaded.problems for name in theirs if (loaded := datasets.at_hand(name))}
    return order({
        name: {task_id: problem for task_id, problem in problems.items() if task_id in theirs[name].rates}
        for name, problems in known.items()
    })  # fmt: skip


def outcomes(ours: Mapping[str, Result], theirs: Mapping[str, Result]) -> list[int]:
    """For each problem, as far as they were asked in order: 1 where only the first passes, -1 only the second, else 0.

    Results are by dataset. Of several samples of a problem, at least half must pass.
    """
    signs = []
    for dataset, task_id in ordered_problems({name: theirs[name] for name in ours if name in theirs}):
        solved = ours[dataset].solves.get(task_id)
        if solved is None:
            break
        signs.append(solved - theirs[dataset].solves[task_id])
    return signs
