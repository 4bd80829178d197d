import pytest
from bench.report.families import family
from bench.report.numbers import DASH, MINUS, p_value, short_count, signed
from bench.report.standings import standings

from bench.report import words
from tests.report.small import HOSTILE, entry, graded, run


def test_words_of_one_model() -> None:
    """A single model is not ranked against anybody; its interval is said."""
    (said,) = words.findings(standings([entry("a", "pppp")])[0])
    assert said == (
        "A stands alone. With 4 problems, its 100.0 % may well come from a model of anything between 51.0 and 100.0 %."
    )


def test_words_of_one_with_a_rank() -> None:
    """Beside models without a rank, the only one that has one is not said to stand alone."""
    (said,) = words.findings(standings([entry("a", "pppp"), entry("b", "pp..", state="partial")])[0])
    assert said.startswith("A alone has a rank. With 4 problems")


def test_words_of_a_band() -> None:
    """Models that the data cannot tell apart are said to be so, with the split and p."""
    (said,) = words.findings(standings([entry("a", "pppb"), entry("b", "ppbp"), entry("c", "pbbp")])[0])
    assert said == (
        f"**1{DASH}3** · 4 problems cannot tell these three apart. A is not shown to be better than B: they disagree "
        "on 2 problems, 1 to 1 (p = 1.00); nor than C: 3 problems, 2 to 1 (p = 1.00)."
    )


def test_words_of_two_bands() -> None:
    """A band that is told apart says from whom, and by how much."""
    first, second = words.findings(standings([entry("a", "p" * 20), entry("b", "p" * 8 + "b" * 12)])[0])
    assert first == "**1** · A is ahead of all others."
    assert second == "**2** · B is behind A: they disagree on 12 problems, 12 to 0 (p < 0.001)."


def test_words_of_equals() -> None:
    """Models that pass the same problems are said to."""
    (said,) = words.findings(standings([entry("a", "pb"), entry("b", "pb")])[0])
    assert "A is not shown to be better than B: they pass the same problems." in said


def test_words_of_quantizations() -> None:
    """Quantizations of one model are compared, where the band's sentence does not do it already."""
    entries = [
        entry("x", "p" * 10, title="Best"),
        entry("a", "p" * 9 + "b", title="M Q6_K"),
        entry("b", "p" * 8 + "bp", title="M Q4_K_M"),
    ]
    said = words.findings(standings(entries)[0])[-1]
    assert said == "**M** · Q4_K_M is not shown to be better than Q6_K: they disagree on 2 problems, 1 to 1 (p = 1.00)."


def test_words_of_quantizations_in_other_bands() -> None:
    """Quantizations that stand in two bands are compared where neither band's sentence does."""
    entries = [
        entry("a", "p" * 30, title="M Q6_K"),
        entry("x", "p" * 16 + "b" * 14, title="Other"),
        entry("b", "p" * 15 + "b" * 15, title="M Q4_K_M"),
    ]
    said = words.findings(standings(entries)[0])[-1]
    assert said == "**M** · Q6_K is better than Q4_K_M: they disagree on 15 problems, 15 to 0 (p < 0.001)."


def test_words_of_a_band_that_is_not_all_alike() -> None:
    """Where two of a band are told apart, it is not said of the whole band that the data cannot tell it apart."""
    passed = {"a": "p" * 26 + "b" * 13 + "p" * 125, "b": "p" * 12 + "b" * 14 + "p" * 138, "c": "b" * 26 + "p" * 138}
    entries = [entry(name, letters) for name, letters in passed.items()]
    (said,) = words.findings(standings(entries)[0])
    assert "cannot tell" not in said
    assert said.endswith("But B is better than C: they disagree on 12 problems, 12 to 0 (p = 0.001).")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Qwen3-Coder-Next UD-Q6_K_XL", "Qwen3-Coder-Next"),
        ("GPT-OSS 120B F16", "GPT-OSS 120B"),
        ("GLM-4.7 Flash Q4_K_M", "GLM-4.7 Flash"),
        ("Claude Opus 4.6 (thinking)", "Claude Opus 4.6 (thinking)"),
        ("Q8_0", "Q8_0"),
    ],
)
def test_family(title: str, name: str) -> None:
    """A family is the title without its quantization."""
    assert family(title) == name


def test_warnings() -> None:
    """Truncated answers, parts, older results and other dataset versions are said below the table."""
    cut = (graded("HumanEval/0", "p"), graded("HumanEval/1", "b", lost="truncated"))
    entries = [
        entry("a", "", samples=cut, n_problems=2, run=run(), bench={"dataset_hash": "1"}),
        entry("b", "p.", state="partial", bench={"dataset_hash": "2"}),
        entry("c", "pp", state="failed", reason="no"),
        entry("d", "pp", state="gone", reference="Claude Opus 4.55"),
    ]
    said = words.warnings(standings(entries)[0])
    assert said[0].startswith("Cut off at max_tokens, so that what would have followed is not known: A (1 of 2 at 4096")
    assert said[1:] == [
        "Without a rank, since not every problem was attempted (the others count as failed): B (1 of 2).",
        "Older results, for the reason that stands below: C.",
        "Without a rank, since profiles.toml no longer declares it: D.",
        "Beside no published score, since bench/reference-scores.json has none of that name: D (Claude Opus 4.55).",
        "Not all models were graded on the same version of the dataset; grade them again.",
    ]


def test_a_program_without_an_end() -> None:
    """A program knows no max_tokens: where its answer was cut off, that is not given as the reason."""
    cut = (graded("HumanEval/0", "b", lost="truncated"), graded("HumanEval/1", "b"))
    about = run(server={"kind": "command"}, settings={"prompt_version": 1})
    (said,) = words.warnings(standings([entry("a", "", samples=cut, n_problems=2, run=about)])[0])
    assert said == "Cut off since the program's answer did not end: A (1 of 2)."


def test_hostile_titles() -> None:
    """A title with braces or markup is said as it is."""
    entries = [entry(f"m{i}", "p.", state="partial", title=title) for i, title in enumerate(HOSTILE)]
    (said,) = words.warnings(standings(entries)[0])
    assert "<" not in said


@pytest.mark.parametrize(("count", "end"), [(3, "c"), (4, "d"), (5, "c and 2 more")])
def test_a_single_name_is_not_left_out(count: int, end: str) -> None:
    """A list is cut where that leaves out several names; the word for one of them would be as long as its name."""
    assert words.listed(list("abcdefg")[:count], 3).endswith(end)


def test_method_names_the_test() -> None:
    """The rule of the bands names its test, and another one where there are several samples."""
    assert "exact McNemar on" in words.method(standings([entry("a", "p"), entry("b", "b")])[0])
    assert "sign-flip" in words.method(standings([entry("a", "pb pp"), entry("b", "bb pp")])[0])
    assert "sign-flip" in words.method(standings([entry("a", "pb p"), entry("b", "b p")])[0])


def test_numbers() -> None:
    """Small p values, signs and large counts are written as people write them."""
    assert [p_value(p) for p in (1.0, 0.0312, 0.0049, 0.0009)] == ["p = 1.00", "p = 0.03", "p = 0.005", "p < 0.001"]
    assert [signed(points) for points in (3.84, -0.8, -0.01, 0.0)] == ["+3.8", f"{MINUS}0.8", "0.0", "0.0"]
    assert [short_count(count) for count in (79674391296, 1500, 12)] == ["79.7B", "1.5k", "12"]
