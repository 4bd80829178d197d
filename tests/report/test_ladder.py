import random

import pytest

from bench.report.format import TIMES
from bench.report.ladder import family_of, ladder, without_quantization
from bench.report.leaderboard import leaderboard_of, leaderboards_of
from bench.stats import holm, mcnemar
from tests.report.made import local, result, run


def two(large: str, small: str, dataset: str = "humaneval", **about: object) -> list:  # type: ignore[type-arg]
    """A model in two quantizations with these outcomes."""
    return [
        result("q8", large, dataset, title="Alpha Q8_0", run=local(50.0, 8.5, "f8"), **about),
        result("q4", small, dataset, title="Alpha Q4_K_M", run=local(85.0, 4.7, "f4"), **about),
    ]


def test_against_the_largest() -> None:
    """Each smaller quantization has what it won and lost, its exact p, and what it saves."""
    (family,) = ladder([leaderboard_of("humaneval", two("p" * 30 + "b" * 10, "p" * 25 + "b" * 5 + "bbbbbbbbbp"))])
    largest, small = family.rungs
    assert (family.name, largest.quantization, small.quantization) == ("Alpha", "Q8_0", "Q4_K_M")
    assert (small.won, small.lost, small.problems) == (1, 5, 40)
    assert (small.p, small.corrected) == (mcnemar(5, 1), mcnemar(5, 1))
    assert small.difference
    assert small.difference.value == pytest.approx(-0.1)
    assert small.speed_ratio == pytest.approx(1.7)
    assert small.saved_bytes == pytest.approx(3.8e9)
    assert largest.difference is None


def test_the_bound_is_that_of_the_interval() -> None:
    """“At most” names the lower end of the paired interval, beside speed and size; undecided where that is too low."""
    (family,) = ladder([leaderboard_of("humaneval", two("p" * 400, "p" * 399 + "b"))])
    small = family.rungs[1]
    assert small.difference
    bound = f"{-100 * small.difference.low:.1f}"
    assert small.verdict == f"at most {bound} points worse (95 %), 1.7{TIMES} faster, 3.8 GB smaller"
    assert small.to_settle is None
    (family,) = ladder([leaderboard_of("humaneval", two("p" * 40, "p" * 39 + "b"))])
    assert family.rungs[1].verdict.startswith("undecided, about ")
    assert (family.rungs[1].to_settle or 0) > 40


def test_the_margin_is_a_setting() -> None:
    """A larger margin accepts what a smaller one leaves undecided."""
    leaderboard = leaderboard_of("humaneval", two("p" * 100, "p" * 98 + "bb"))
    strict, lenient = (ladder([leaderboard], margin)[0].rungs[1].verdict for margin in (0.03, 0.10))
    assert strict.endswith(lenient)
    assert strict.startswith("undecided")
    assert lenient.startswith("at most ")


def test_shown_to_be_worse() -> None:
    """Where the corrected test shows a loss, the verdict is worse, with the interval; it never is equal."""
    (family,) = ladder([leaderboard_of("humaneval", two("p" * 40, "p" * 20 + "b" * 20))])
    assert family.rungs[1].verdict.startswith("worse by ")
    (family,) = ladder([leaderboard_of("humaneval", two("p" * 164, "p" * 164))])
    assert "equal" not in family.rungs[1].verdict
    assert "same" not in family.rungs[1].verdict


def test_tests_are_corrected_within_the_family() -> None:
    """Holm's correction counts the members of the family, not the other models."""
    rows = two("p" * 40, "p" * 30 + "b" * 10)
    rows.append(result("q2", "p" * 20 + "b" * 20, title="Alpha Q2_K", run=local(99.0, 3.0, "f2")))
    rows += [result(f"other{at}", "p" * (30 - at) + "b" * (10 + at), title=f"Other {at}") for at in range(5)]
    (family,) = ladder([leaderboard_of("humaneval", rows)])
    assert [rung.corrected for rung in family.rungs[1:]] == holm([rung.p or 0.0 for rung in family.rungs[1:]])


def test_the_same_file_again_is_the_noise_floor() -> None:
    """A second run of the largest's own file says how much two runs differ, and takes no part in the correction."""
    rows = two("p" * 40, "p" * 30 + "b" * 10)
    rows.append(result("again", "bb" + "p" * 38, title="Alpha Q8_0 again", run=local(50.0, 8.5, "f8")))
    (family,) = ladder([leaderboard_of("humaneval", rows)])
    again = next(rung for rung in family.rungs if rung.same_file)
    assert "noise floor" in again.verdict
    assert again.name == again.title
    small = next(rung for rung in family.rungs if rung.quantization == "Q4_K_M")
    assert small.corrected == small.p


def test_a_file_asked_in_two_ways_is_no_ladder() -> None:
    """Another run of the largest's file at another temperature is no quantization, and none of its family."""
    rows = two("p" * 40, "p" * 30 + "b" * 10)
    warm = local(50.0, 8.5, "f8", settings={"temperature": 0.8})
    other = result("warm", "bb" + "p" * 38, title="Alpha Q8_0 warm", run=warm)
    (family,) = ladder([leaderboard_of("humaneval", [*rows, other])])
    assert [rung.quantization for rung in family.rungs] == ["Q8_0", "Q4_K_M"]
    assert ladder([leaderboard_of("humaneval", [rows[0], other])]) == []


def test_several_datasets_are_strata() -> None:
    """Over several datasets all problems count, and the difference is weighed by how many each has."""
    leaderboards = leaderboards_of([*two("p" * 30, "p" * 27 + "bbb"), *two("p" * 10, "p" * 10, "mbpp")])
    (family,) = ladder(leaderboards)
    small = family.rungs[1]
    assert (small.problems, small.lost, small.p) == (40, 3, mcnemar(3, 0))
    assert small.difference
    assert small.difference.value == pytest.approx(-3 / 40)
    assert set(family.datasets) == {"humaneval", "mbpp"}


@pytest.mark.slow
def test_bounds_hold_by_simulation() -> None:
    """The stated bound covers the true loss of 0.05 in at least 95 of 100 runs, allowing for chance."""
    rng, covered, runs = random.Random(11), 0, 400
    for _ in range(runs):
        large = "".join("p" if rng.random() < 0.8 else "b" for _ in range(164))
        # A problem that is passed is lost with 0.1, one that is not is won with 0.15: 0.08 less and 0.03 more.
        small = "".join("pb"[rng.random() < 0.1] if one == "p" else "bp"[rng.random() < 0.15] for one in large)
        (family,) = ladder([leaderboard_of("humaneval", two(large, small))])
        actual = family.rungs[1].difference
        assert actual
        covered += actual.low <= -0.05
    assert covered / runs >= 0.95


@pytest.mark.parametrize(
    ("title", "family"),
    [
        ("Qwen3-Coder-Next UD-Q6_K_XL", "Qwen3-Coder-Next"), ("GLM-4.7 Flash Q4_K_M", "GLM-4.7 Flash"),
        ("GPT-OSS 120B F16", "GPT-OSS 120B"), ("Model (IQ4_XS) Instruct", "Model Instruct"), ("Q8_0", "Q8_0"),
        ("WizardLM 30B GPTQ", "WizardLM 30B"),
    ],
)  # fmt: skip
def test_family_by_title(title: str, family: str) -> None:
    """Where nothing else is known, a family is the title without its quantization."""
    assert without_quantization(title) == family


def test_family_by_metadata() -> None:
    """The file's own basename and size label name the family, whatever the titles; the profile's key names it first."""
    model = {"basename": "Qwen3-Coder", "size_label": "30B-A3B", "bytes": 1}
    assert family_of(result("a", "p", title="Fast one", run=run(model=model))) == "Qwen3-Coder 30B-A3B"
    assert family_of(result("a", "p", family="mine", run=run(model=model))) == "mine"


def test_no_ladder_for_a_single_member() -> None:
    """A model that is there once has no family, and partial results take no part."""
    rows = two("pppp", "ppbb")
    assert ladder([leaderboard_of("humaneval", rows[:1])]) == []
    rows[1] = result("q4", "pp..", title="Alpha Q4_K_M", state="partial", run=local(85.0, 4.7))
    assert ladder([leaderboard_of("humaneval", rows)]) == []
