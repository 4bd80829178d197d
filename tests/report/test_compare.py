import json
from dataclasses import replace
from pathlib import Path

import pytest
from bench.report.numbers import DASH

from bench.errors import BenchError
from bench.profiles.file import load
from bench.report.compare import compare
from bench.report.escape import columns
from tests.report.small import HOSTILE, OUTCOMES


def results(folder: Path, name: str, outcomes: str) -> None:
    """Write a result: a word of outcomes a problem, or a letter."""
    words = outcomes.split() if " " in outcomes else list(outcomes)
    rows = {
        f"HumanEval/{i}": [
            {"solution": "x", "base_status": OUTCOMES[o][0], "plus_status": OUTCOMES[o][1]} for o in word
        ]
        for i, word in enumerate(words)
    }
    path = folder / "results" / name / "humaneval" / "eval_results.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"eval": rows, "bench": {"n_problems": len(words)}}))


def compared(folder: Path, first: str, second: str, title: str = "The first") -> str:
    """What is said of two profiles with these outcomes."""
    results(folder, "a", first)
    results(folder, "b", second)
    file = folder / "profiles.toml"
    names = {"a": "The first", "b": "The second"}
    file.write_text("".join(f'[profiles.{name}]\ntitle = "{names[name]}"\nmodel = "{name}.gguf"\n' for name in names))
    config = load(file)
    # Past the check of profiles.toml, which refuses what a terminal would obey.
    profiles = (replace(config.profile("a"), title=title), config.profile("b"))
    return compare(replace(config, profiles=profiles), "a", "b", "humaneval")


def test_scores_test_and_wins(tmp_path: Path) -> None:
    """Both scores with intervals, what they disagree on, the exact test, and the problems of each."""
    said = compared(tmp_path, "ppppppppb", "bbbbbbbpp").splitlines()
    assert said[0].split() == ["HumanEval,", "9", "problems", "HumanEval", "HumanEval+", "lost"]
    assert said[1].split()[:5] == ["A", "The", "first", "88.9", f"(56.5{DASH}98.0)"]
    assert said[4] == "On 8 HumanEval+ problems they disagree: A alone passes 7, B alone 1."
    assert said[5] == "Exact McNemar: p = 0.07; A is not shown to be better than B."
    assert said[7:9] == [
        "A alone passes (7)",
        "  HumanEval/0, HumanEval/1, HumanEval/2, HumanEval/3, HumanEval/4, HumanEval/5,",
    ]
    assert said[-2:] == ["B alone passes (1)", "  HumanEval/8"]


def test_better(tmp_path: Path) -> None:
    """Where the test separates them, the better one is named."""
    said = " ".join(compared(tmp_path, "bbbbbb", "pppppp").split())
    assert "p = 0.03; B is better than A. This pair by itself; the report corrects for all pairs." in said


def test_unequal_samples(tmp_path: Path) -> None:
    """Where one problem has a single sample and others have more, pass rates are tested and said to be."""
    said = compared(tmp_path, "pb p", "bb p")
    assert "A passes 1 more often, B 0." in said
    assert "Exact sign-flip test: p = 1.00" in said


def test_equal(tmp_path: Path) -> None:
    """Two that pass the same problems are not told apart."""
    said = compared(tmp_path, "ppb", "ppb")
    assert said.endswith("They pass the same HumanEval+ problems: nothing tells them apart.")


def test_parts(tmp_path: Path) -> None:
    """Only problems that both attempted are compared, and that is said."""
    results(tmp_path, "c", "pp")
    said = compared(tmp_path, "ppb", "pp")
    assert "of the 2 problems that both attempted" in said


def test_several_samples(tmp_path: Path) -> None:
    """With several samples, who passes a problem more often wins it, by another exact test."""
    said = compared(tmp_path, "pp pb bb", "p b b")
    assert "A passes 1 more often" in said
    assert "Exact sign-flip test" in said


@pytest.mark.parametrize("title", [title for title in HOSTILE if title.strip() and "\ud800" not in title])
def test_fits_80_columns(tmp_path: Path, title: str) -> None:
    """Whatever the titles, no line is wider than 80 columns or holds a control character."""
    said = compared(tmp_path, "p" * 100, "b" * 100, title.replace("\U000e0041", ""))
    assert all(columns(line) <= 80 for line in said.splitlines())
    assert all(char.isprintable() for line in said.splitlines() for char in line)


def test_without_a_result(tmp_path: Path) -> None:
    """A profile without a result, and the same profile twice, are errors that say what to do."""
    compared(tmp_path, "p", "p")
    config = load(tmp_path / "profiles.toml")
    (tmp_path / "results" / "b" / "humaneval" / "eval_results.json").unlink()
    with pytest.raises(BenchError, match="b has no result on humaneval; doit eval:b makes one"):
        compare(config, "a", "b", "humaneval")
    with pytest.raises(BenchError, match="a is on both sides"):
        compare(config, "a", "a", "humaneval")
