"""The statistics: pure functions, exact where that is possible; each names the source of its formula."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, comb, gcd, sqrt
from statistics import NormalDist

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
POWER = 0.8
Z_POWER = NormalDist().inv_cdf(POWER)
HALVINGS = 50
"""Of the interval in which a bound is looked for: far below any figure that is shown."""


@dataclass(frozen=True)
class Estimate:
    """A fraction with its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(passed: float, n: float) -> tuple[float, float]:
    """The 95 % score interval for a fraction of which `passed` of `n` are seen, as fractions; (0, 1) where n is 0.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209.
    """
    if n <= 0:
        return 0.0, 1.0
    p = passed / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return (0.0 if passed <= 0 else max(0.0, middle - half)), (1.0 if passed >= n else min(1.0, middle + half))


@lru_cache(maxsize=4096)
def mcnemar(first: int, second: int) -> float:
    """The two-sided p of the exact McNemar test: `first` problems passed by the one alone, `second` by the other alone.

    Under the hypothesis that they are equally good, each of these is a fair coin; 1 where there are none.
    Q. McNemar, Psychometrika 12 (1947), 153; exact form: binomial with probability 1/2.
    """
    n = first + second
    tail = sum(comb(n, i) for i in range(min(first, second) + 1))
    return min(1.0, 2 * tail / (1 << n))


def sign_flip(differences: Sequence[int]) -> float:
    """The two-sided p of the exact paired permutation test on `differences`, one for each problem.

    Of all ways to turn their signs around, the share whose sum is as far from 0 as the one seen, or farther. Where
    every difference is -1, 0 or 1 this is the exact McNemar test.
    R. A. Fisher, The Design of Experiments (1935), section 21.
    """
    sizes = [abs(difference) for difference in differences if difference]
    if all(size == 1 for size in sizes):
        positive = sum(difference > 0 for difference in differences)
        return mcnemar(positive, len(sizes) - positive)
    unit = gcd(*sizes)
    sizes = sorted(size // unit for size in sizes)
    reach = (sum(sizes) - abs(sum(differences)) // unit) // 2
    # Coefficient s of the product of (1 + x^size) counts the subsets of sum s; all of them up to `reach` live in one
    # big integer, each in `width` bytes.
    width, counts = len(sizes) // 8 + 1, 1
    mask = (1 << 8 * width * (reach + 1)) - 1
    for size in sizes:
        counts += (counts << (8 * width * size)) & mask
    low = counts.to_bytes(width * (reach + 1), "little")
    tail = sum(int.from_bytes(low[i : i + width], "little") for i in range(0, len(low), width))
    return min(1.0, 2 * tail / (1 << len(sizes)))


def holm(values: Sequence[float]) -> list[float]:
    """The p values corrected for how many there are, in their order.

    S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6 (1979), 65.
    """
    order = sorted(range(len(values)), key=lambda i: values[i])
    adjusted, highest = [1.0] * len(values), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - rank) * values[i]))
        adjusted[i] = highest
    return adjusted


def pass_at_k(n: int, passed: int, k: int) -> float:
    """The unbiased estimate of pass@k for one problem from `n` samples of which `passed` pass; 1 ≤ k ≤ n.

    M. Chen et al., Evaluating large language models trained on code (2021), equation 1.
    """
    if not 1 <= k <= n:
        raise ValueError(f"pass@{k} cannot be estimated from {n} samples")
    return 1 - comb(n - passed, k) / comb(n, k)


def estimate(groups: Sequence[tuple[int, int]], k: int = 1) -> Estimate:
    """pass@k over problems, each given as (samples, passed); a problem with fewer than k samples counts as failed.

    The interval is Wilson's with the number of independent problems that would give the standard error seen between
    the problems (the design effect of survey sampling: Korn and Graubard, Survey Methodology 24 (1998), 193), at least
    the number of problems, at most the number of k-sets of samples that share none. With one sample a problem it is
    Wilson's own.
    """
    total = len(groups)
    if not total:
        return Estimate(0.0, *wilson(0, 0))
    values = [pass_at_k(n, passed, k) if n >= k else 0.0 for n, passed in groups]
    mean = sum(values) / total
    variance = sum((value - mean) ** 2 for value in values) / (total - 1) / total if total > 1 else 0.0
    most = max(total, sum(max(1, n // k) for n, _ in groups))
    size = min(most, max(total, mean * (1 - mean) / variance)) if variance else most
    if all(value in (0.0, 1.0) for value in values):
        size = total
    return Estimate(mean, *wilson(mean * size, size))


def tango(won: float, lost: float, n: float) -> tuple[float, float]:
    """The 95 % score interval of the difference (won - lost) / n of two matched proportions, as fractions.

    `won` of `n` pairs are successes of the first alone, `lost` of the second alone; counts need not be whole.
    (-1, 1) where n is 0.
    T. Tango, Equivalence test and confidence interval for the difference in proportions for the paired-sample design,
    Statistics in Medicine 17 (1998), 891.
    """
    if n <= 0:
        return -1.0, 1.0

    def score(delta: float) -> float:
        """The score statistic of the hypothesis that the difference is `delta`; it falls as `delta` grows."""
        b, c = (2 * n - won + lost) * delta - won - lost, -lost * delta * (1 - delta)
        second_alone = (sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
        variance = n * (2 * second_alone + delta * (1 - delta))
        return (won - lost - n * delta) / sqrt(max(variance, 1e-12))

    middle = (won - lost) / n
    return _solve(score, Z, -1.0, middle), _solve(score, -Z, middle, 1.0)


def _solve(falling: Callable[[float], float], value: float, low: float, high: float) -> float:
    """The argument between `low` and `high` at which a falling function has a value."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > value else (low, middle)
    return (low + high) / 2


def paired_difference(strata: Sequence[Sequence[tuple[float, int]]]) -> Estimate:
    """The mean difference over all pairs of all strata, with its 95 % interval.

    A stratum is a set of problems, each as (difference of the two pass rates, samples of the model with fewer).
    In a stratum, the interval is Tango's; where a problem has several samples, with the number of independent pairs
    that would give the variance seen between problems (the design effect, as in `estimate`). Strata are combined by
    recovered variances (G. Y. Zou and A. Donner, Construction of confidence limits about effect measures, Statistics
    in Medicine 27 (2008), 1693), each with the weight of its problems.
    """
    known = [stratum for stratum in strata if stratum]
    total = sum(map(len, known))
    if not total:
        return Estimate(0.0, -1.0, 1.0)
    value = below = above = 0.0
    for stratum in known:
        weight, part = len(stratum) / total, _stratum(stratum)
        value += weight * part.value
        below += (weight * (part.value - part.low)) ** 2
        above += (weight * (part.high - part.value)) ** 2
    return Estimate(value, max(-1.0, value - sqrt(below)), min(1.0, value + sqrt(above)))


def _stratum(pairs: Sequence[tuple[float, int]]) -> Estimate:
    n = len(pairs)
    won, lost = sum(max(gap, 0.0) for gap, _ in pairs), sum(max(-gap, 0.0) for gap, _ in pairs)
    mean = (won - lost) / n
    variance = sum((gap - mean) ** 2 for gap, _ in pairs) / n
    most = max(1.0, sum(samples for _, samples in pairs) / n)
    binary = (won + lost) / n - mean * mean
    effect = min(most, max(1.0, binary / variance)) if variance > 1e-12 else (most if won + lost else 1.0)
    return Estimate(mean, *tango(won * effect, lost * effect, n * effect))


def problems_needed(difference: float, discordant: float) -> int:
    """The number of problems that show a true difference by the exact paired test (two-sided 5 %, power 0.8), roughly.

    `discordant` is the share of problems on which the two differ; both are fractions.
    R. J. Connor, Sample size for testing differences in proportions for the paired-sample design, Biometrics 43
    (1987), 207.
    """
    gap = min(abs(difference), discordant)
    if not gap:
        raise ValueError("no number of problems shows a difference of nothing")
    return ceil(((Z * sqrt(discordant) + Z_POWER * sqrt(discordant - gap * gap)) / gap) ** 2)
