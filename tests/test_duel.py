import random
from collections import Counter
from math import log

import numpy as np
import pytest
from scipy.integrate import quad

from bench.datasets import Problem
from bench.duel import ENOUGH, e_value, interval, order, state_of

RUNS = 10_000
MARGIN = 0.03


def test_e_value_is_the_mixture_of_coins() -> None:
    """12 : 0 gives 315, and every value is the integral of the likelihood ratio over all coins."""
    assert round(e_value(12, 0)) == 315
    for won, lost in ((0, 0), (3, 2), (1, 9), (20, 4)):
        mixture, _ = quad(lambda p, w=won, n=lost: p**w * (1 - p) ** n * 2.0 ** (w + n), 0, 1)
        assert e_value(won, lost) == pytest.approx(mixture)


def draws(problems: int, discordant: float, gap: float) -> np.ndarray:
    """10,000 duels of models that differ on a share of problems; the second passes `gap` more of all."""
    u = np.random.default_rng(7).random((RUNS, problems), np.float32)
    return (u < (discordant - gap) / 2).astype(np.int8) - (u > 1 - (discordant + gap) / 2).astype(np.int8)


@pytest.mark.slow
@pytest.mark.parametrize(("problems", "discordant"), [(164, 0.2), (164, 1.0), (1711, 0.1)])
def test_equal_models_are_told_apart_in_at_most_five_percent(problems: int, discordant: float) -> None:
    """Looked at after each problem, the e-value of two equally good models reaches 20 in at most 5 % of duels."""
    outcomes = draws(problems, discordant, 0.0)
    won, lost = np.cumsum(outcomes > 0, axis=1), np.cumsum(outcomes < 0, axis=1)
    most = max(won.max(), lost.max()) + 1
    reached = np.array([[won + lost <= problems and e_value(won, lost) >= ENOUGH for lost in range(most)]
                        for won in range(most)])  # fmt: skip
    alarms = reached[won, lost].any(axis=1).mean()
    assert 0.0 < alarms <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize("discordant", [0.03, 0.06, 0.12])
def test_a_difference_of_the_margin_is_called_within_it_in_at_most_five_percent(discordant: float) -> None:
    """The bets of the interval refute a true difference of the margin in at most 5 % of duels, at any time."""
    outcomes = draws(1711, discordant, MARGIN)
    t = np.arange(1, outcomes.shape[1] + 1, dtype=np.float32)
    means = np.cumsum(outcomes, axis=1, dtype=np.float32) / (t + 1)
    squares = 1 + np.cumsum((outcomes - means) ** 2, axis=1, dtype=np.float32)
    before = np.concatenate([np.ones((RUNS, 1), np.float32), squares[:, :-1]], axis=1)
    bets = np.minimum(0.375, np.sqrt(2 * log(2 * ENOUGH) / (before * np.log1p(t))))
    capital = np.cumsum(np.log1p(bets * (outcomes + np.float32(MARGIN))), axis=1, dtype=np.float64)
    refuted = (capital >= log(2 * ENOUGH)).any(axis=1)
    assert refuted.mean() <= 0.05
    for row in (0, 1, int(refuted.argmax())):  # the product's interval bets alike
        assert (interval(outcomes[row].tolist())[0] > -MARGIN) == refuted[row]


def test_a_duel_ends_when_it_is_settled() -> None:
    """Eight losses in a row are enough; few differences in many problems are within the margin; a coin never ends."""
    worse = state_of([0, -1] * 40, MARGIN)
    assert (worse.settled, worse.problems, worse.won, worse.lost) == ("worse", 16, 0, 8)
    rng = random.Random(1)
    same = state_of([rng.choice((1, -1)) if rng.random() < 0.02 else 0 for _ in range(1711)], MARGIN)
    assert same.settled == "within"
    assert -MARGIN < same.low <= same.high < MARGIN
    assert same.problems < 800
    assert state_of([1, -1] * 100, MARGIN).settled == ""
    assert state_of([], MARGIN).settled == ""


def problems(dataset: str, count: int) -> dict[str, Problem]:
    """A dataset of which every fourth problem is hard."""
    return {
        f"{dataset}/{at}": Problem(f"{dataset}/{at}", "", "f", "", (), difficulty="" if at % 4 else "hard")
        for at in range(count)
    }


def test_any_stretch_has_its_share_of_each_dataset_and_difficulty() -> None:
    """The order is the same every time, has every problem once, and is even over datasets and difficulties."""
    known = {"a": problems("a", 400), "b": problems("b", 100)}
    ordered = order(known)
    assert ordered == order({name: dict(reversed(one.items())) for name, one in known.items()})
    assert sorted(ordered) == sorted((name, task_id) for name, one in known.items() for task_id in one)
    for start in range(0, 500, 50):
        part = ordered[start : start + 50]
        counts = Counter((name, known[name][task_id].difficulty) for name, task_id in part)
        assert 29 <= counts["a", ""] <= 31
        assert 9 <= counts["a", "hard"] <= 11
        assert 2 <= counts["b", "hard"] <= 3
    numbers = [int(task_id.partition("/")[2]) for name, task_id in ordered if name == "a"]
    assert numbers != sorted(numbers)
