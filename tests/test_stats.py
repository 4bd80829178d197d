import random
from itertools import product
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from bench.stats import (
    Estimate,
    Z,
    estimate,
    holm,
    mcnemar,
    paired_difference,
    pass_at_k,
    problems_needed,
    sign_flip,
    tango,
    wilson,
)


@pytest.mark.parametrize(
    ("passed", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_literature(passed: int, n: int, low: float, high: float) -> None:
    """The intervals are those that Newcombe (1998) prints for the Wilson score method without correction."""
    assert wilson(passed, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_scipy(counts: tuple[int, int]) -> None:
    """The intervals are scipy's, for all counts."""
    known = scipy_stats.binomtest(*counts).proportion_ci(method="wilson")
    assert wilson(*counts) == (pytest.approx(known.low, abs=1e-12), pytest.approx(known.high, abs=1e-12))


def test_wilson_edges() -> None:
    """Nothing seen says nothing; none and all give exactly 0 and 1 as one end, and never an interval of no width."""
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(0, 1)[0] == 0.0
    assert wilson(1, 1)[1] == 1.0
    assert wilson(164, 164)[0] == pytest.approx(0.97711, abs=1e-5)
    assert wilson(0, 164)[1] == pytest.approx(0.02289, abs=1e-5)


def test_wilson_figures_of_the_documents() -> None:
    """137 of 164 passed is 77.1 to 88.4 %."""
    assert [round(100 * bound, 1) for bound in wilson(137, 164)] == [77.1, 88.4]


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar_scipy(first: int, second: int) -> None:
    """Exact McNemar is scipy's two-sided binomial test of the discordant pairs."""
    known = scipy_stats.binomtest(first, first + second).pvalue if first + second else 1.0
    assert mcnemar(first, second) == pytest.approx(known, rel=1e-9)
    assert mcnemar(first, second) == mcnemar(second, first)


def test_mcnemar_smallest_split() -> None:
    """6 to 0 is the smallest split below 0.05."""
    assert mcnemar(6, 0) == 0.03125
    assert mcnemar(5, 0) == 0.0625
    assert mcnemar(2, 1) == 1.0


@given(st.lists(st.integers(-6, 6), max_size=9))
def test_sign_flip_is_exact(differences: list[int]) -> None:
    """The test counts every way to turn the signs."""
    seen = abs(sum(differences))
    ways = [
        abs(sum(d * s for d, s in zip(differences, signs, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    assert sign_flip(differences) == pytest.approx(sum(way >= seen for way in ways) / len(ways))


def test_sign_flip_scipy() -> None:
    """For differences of several sizes, scipy's paired permutation test agrees."""
    rng = random.Random(1)
    differences = [rng.choice([-3, -1, 0, 1, 2, 4]) for _ in range(13)]
    known = scipy_stats.permutation_test(
        (differences, [0] * 13),
        lambda a, b, axis: (a - b).sum(axis=axis),
        permutation_type="samples",
        n_resamples=10**6,
    )
    assert sign_flip(differences) == pytest.approx(known.pvalue)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 9))
def test_sign_flip_of_single_samples_is_mcnemar(first: int, second: int, ties: int) -> None:
    """With one sample a problem, the test is exact McNemar, whatever both pass or fail."""
    assert sign_flip([1] * first + [-1] * second + [0] * ties) == mcnemar(first, second)


def test_sign_flip_many_samples() -> None:
    """Two hundred samples against one, on all problems, are still compared exactly."""
    differences = [200 if i % 3 else -77 for i in range(164)]
    assert 0 < sign_flip(differences) < 1e-6


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_by_definition(values: list[float]) -> None:
    """Each corrected value is the largest of (m - j + 1) p(j) up to its own rank, at most 1."""
    ranked = sorted(values)
    for value, actual in zip(values, holm(values), strict=True):
        rank = ranked.index(value)
        last = len(ranked) - ranked[::-1].index(value)
        expected = max(min(1.0, (len(values) - j) * ranked[j]) for j in range(rank + 1))
        assert expected <= actual <= max(min(1.0, (len(values) - j) * ranked[j]) for j in range(last))


def test_holm_literature() -> None:
    """By hand: 0.01, 0.02, 0.03, 0.04 become 0.04, 0.06, 0.06, 0.06."""
    assert holm([0.01, 0.04, 0.03, 0.02]) == pytest.approx([0.04, 0.06, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.5]) == [0.5]


@given(st.integers(1, 9).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n), st.integers(1, n))))
def test_pass_at_k_counts(case: tuple[int, int, int]) -> None:
    """pass@k is the probability that k of the n samples, drawn without return, hold one that passes."""
    n, passed, k = case
    missed = scipy_stats.hypergeom(n, passed, k).pmf(0)
    assert pass_at_k(n, passed, k) == pytest.approx(1 - missed)


def test_pass_at_k_literature() -> None:
    """Of 200 samples with 10 passing, pass@1 is 5 %, and pass@100 what the product formula of Chen et al. gives."""
    assert pass_at_k(200, 10, 1) == pytest.approx(0.05)
    product_form = 1.0
    for i in range(191, 201):
        product_form *= 1 - 100 / i
    assert pass_at_k(200, 10, 100) == pytest.approx(1 - product_form)
    with pytest.raises(ValueError, match="pass@3 cannot be estimated from 2 samples"):
        pass_at_k(2, 1, 3)


@given(st.lists(st.booleans(), min_size=1, max_size=80))
def test_estimate_of_single_samples_is_wilson(passed: list[bool]) -> None:
    """With one sample a problem, the interval is Wilson's."""
    actual = estimate([(1, int(one)) for one in passed])
    assert actual.value == pytest.approx(sum(passed) / len(passed))
    assert (actual.low, actual.high) == pytest.approx(wilson(sum(passed), len(passed)))


@given(
    st.lists(st.integers(0, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=30),
    st.integers(1, 12),
)
def test_estimate_bounds(groups: list[tuple[int, int]], k: int) -> None:
    """With unequal numbers of samples, the estimate is a fraction within an interval that has width."""
    actual = estimate(groups, k)
    assert 0 <= actual.low <= actual.value <= actual.high <= 1
    assert actual.low < actual.high


def test_estimate_narrows_with_samples() -> None:
    """Ten samples of each problem say more than one, and at most what all the samples say."""
    ten, one = estimate([(10, 5)] * 40), estimate([(1, 1), (1, 0)] * 20)
    assert ten.value == one.value == 0.5
    assert ten.high - ten.low < one.high - one.low
    assert (ten.low, ten.high) == pytest.approx(wilson(200, 400))


def test_estimate_edges() -> None:
    """No problems, one problem, all and none passed have figures too; a problem not attempted counts as failed."""
    assert (estimate([]).low, estimate([]).high) == (0.0, 1.0)
    assert estimate([(1, 1)]).high == 1.0
    assert estimate([(4, 4)] * 20).low == pytest.approx(wilson(20, 20)[0])
    assert estimate([(4, 0)] * 20, 4).high == pytest.approx(wilson(0, 20)[1])
    assert estimate([(1, 1), (0, 0)]).value == 0.5


def test_estimate_coverage() -> None:
    """The interval holds the true pass@1 about as often as it says, for problems of mixed difficulty and 5 samples."""
    rng, held = random.Random(7), 0
    for _ in range(400):
        rates = [rng.betavariate(0.6, 0.3) for _ in range(100)]
        actual = estimate([(5, sum(rng.random() < rate for _ in range(5))) for rate in rates])
        held += actual.low <= 0.6 / 0.9 <= actual.high
    assert 0.92 <= held / 400 <= 0.99


@pytest.mark.parametrize(
    ("won", "lost", "n", "low", "high"),
    [
        # Airway hyper-responsiveness before and after stem cell transplantation (Bentur et al., 2009), as computed in
        # M. Fagerland, S. Lydersen, P. Laake, Statistical Analysis of Contingency Tables (2017), chapter 8.
        (1, 7, 21, -0.517, -0.026),
        (7, 1, 21, 0.026, 0.517),
        # Without discordant pairs the bound is z² / (n + z²), as in Tango (1998), section 3.
        (0, 0, 164, -Z * Z / (164 + Z * Z), Z * Z / (164 + Z * Z)),
        (0, 0, 0, -1, 1),
    ],
)
def test_tango_as_published(won: int, lost: int, n: int, low: float, high: float) -> None:
    """The paired score interval has the ends that are published for it."""
    assert tango(won, lost, n) == pytest.approx((low, high), abs=5e-4)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 400))
def test_tango_holds_what_is_seen(won: int, lost: int, rest: int) -> None:
    """The interval holds the difference that is seen, is inside -1 and 1, and turns around with the pair."""
    n = won + lost + rest
    low, high = tango(won, lost, n)
    assert -1 <= low <= (won - lost) / max(n, 1) <= high <= 1
    assert tango(lost, won, n) == pytest.approx((-high, -low), abs=1e-9)


def test_tango_ends_where_the_score_test_does() -> None:
    """At its ends the score statistic, written as in Tango (1998), is the normal quantile."""
    won, lost, n = 12, 25, 378
    for delta, expected_value in zip(tango(won, lost, n), (Z, -Z), strict=True):
        b, c = -won - lost + (2 * n - won + lost) * delta, -lost * delta * (1 - delta)
        q = (sqrt(b * b - 8 * n * c) - b) / (4 * n)
        assert (won - lost - n * delta) / sqrt(n * (2 * q + delta * (1 - delta))) == pytest.approx(
            expected_value, abs=1e-6
        )


def simulated(rng: random.Random, n: int, lost: float, won: float, samples: int) -> list[tuple[float, int]]:
    """Differences of pass rates on `n` problems, each with its own chance to be lost or won."""
    actual = []
    for _ in range(n):
        hard = rng.random() ** 2
        rates = [sum(rng.random() < chance for _ in range(samples)) for chance in (hard, hard + won - lost * hard)]
        actual.append(((rates[1] - rates[0]) / samples, samples))
    return actual


@pytest.mark.slow
@pytest.mark.parametrize(
    ("samples", "strata"), [(1, [164]), (1, [164, 378]), (4, [164])], ids=["one", "two sets", "k=4"]
)
def test_paired_intervals_cover_by_simulation(samples: int, strata: list[int]) -> None:
    """The 95 % interval covers the true difference in 93.5 to 99 of 100 runs: one set, two, or several samples each."""
    rng, covered, runs = random.Random(7), 0, 1000
    lost, won = 0.12, 0.02
    # The mean of the squared uniform is 1/3.
    true = won - lost / 3
    for _ in range(runs):
        actual = paired_difference([simulated(rng, n, lost, won, samples) for n in strata])
        covered += actual.low <= true <= actual.high
    assert 0.935 <= covered / runs <= 0.99


def test_paired_difference_by_hand() -> None:
    """One stratum is Tango's own; two are weighed by their problems; none is no knowledge."""
    one = [(1.0, 1)] * 3 + [(-1.0, 1)] * 8 + [(0.0, 1)] * 153
    actual = paired_difference([one])
    assert (actual.low, actual.high) == pytest.approx(tango(3, 8, 164))
    both = paired_difference([one, [(0.0, 1)] * 164])
    assert both.value == pytest.approx(-5 / 328)
    assert actual.low < both.low < both.value < both.high
    assert paired_difference([]) == paired_difference([[]]) == Estimate(0.0, -1.0, 1.0)


def test_several_samples_narrow_the_interval() -> None:
    """Rates over four samples know more than single answers of the same differences, at most four times as much."""
    narrow = paired_difference([[(0.25, 4), (-0.25, 4)] * 40 + [(0.0, 4)] * 84])
    wide = paired_difference([[(1.0, 1), (-1.0, 1)] * 10 + [(0.0, 1)] * 144])
    assert narrow.high - narrow.low < wide.high - wide.low
    assert narrow.high - narrow.low > (wide.high - wide.low) / 2.1


@pytest.mark.parametrize(("gap", "discordant", "needed"), [(0.03, 0.10, 870), (0.02, 0.10, 1960), (0.05, 0.10, 312)])
def test_problems_needed(gap: float, discordant: float, needed: int) -> None:
    """The number of problems is that of Connor's formula (1987), and the exact test then has about that power."""
    assert problems_needed(gap, discordant) == pytest.approx(needed, rel=0.01)
    with pytest.raises(ValueError, match="nothing"):
        problems_needed(0, 0.1)


def test_problems_needed_have_the_power() -> None:
    """With so many problems the exact McNemar test finds the difference in about 80 of 100 runs."""
    rng, n, actual = random.Random(2), problems_needed(0.08, 0.2), 0
    for _ in range(600):
        draws = [rng.random() for _ in range(n)]
        actual += mcnemar(sum(one < 0.14 for one in draws), sum(0.14 <= one < 0.2 for one in draws)) < 0.05
    assert 0.72 <= actual / 600 <= 0.88
