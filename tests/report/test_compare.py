from pathlib import Path

import pytest
from rich.cells import cell_len

from bench.errors import BenchError
from bench.report.compare import side_by_side
from bench.report.format import DASH
from tests.report.made import HOSTILE, local, result, written


def compared(folder: Path, first: str, second: str, title: str = "The first", *others: str) -> str:
    """What is told of two profiles with these outcomes, among some others."""
    rows = [result("a", first, title=title, run=local(20.0, 65.0)), result("b", second, title="The second")]
    rows += [result(f"c{at}", letters) for at, letters in enumerate(others)]
    return side_by_side(written(folder / "results", rows), "a", "b", "humaneval")


def test_figures_test_and_wins(tmp_path: Path) -> None:
    """Every column, on what they differ, the exact test, the paired interval, and the problems of each."""
    output = compared(tmp_path, "ppppppppb", "bbbbbbbpp").splitlines()
    lines = {line[:18].strip(): line[18:].split() for line in output}
    assert lines["HumanEval+ (95 %)"] == ["88.9", f"(56.5{DASH}98.0)", "22.2", f"(6.3{DASH}54.7)"]
    assert lines["tok/s"] == ["20.0", DASH]
    text = " ".join(" ".join(output).split())
    assert "On 8 HumanEval+ problems they differ: A alone passes 7, B alone 1." in text
    assert "A is not shown to be better than B (exact McNemar: p = 0.07)." in text
    assert "A less B, in points with the paired 95 % interval: +66.7 (" in text
    assert output[-2:] == ["B alone passes (1)", "  HumanEval/8"]


def test_better(tmp_path: Path) -> None:
    """Where the test separates them, the better one is named."""
    assert "B is better than A (exact McNemar: p = 0.03)." in " ".join(compared(tmp_path, "bbbbbb", "pppppp").split())


def test_both_p_values(tmp_path: Path) -> None:
    """The pair's own p and the one corrected for all pairs of the report stand beside each other, by their names."""
    output = " ".join(compared(tmp_path, "p" * 6, "b" * 6, "A", "pppbbb").split())
    assert "A is not shown to be better than B (exact McNemar: p = 0.03; p = 0.09 corrected for all 3 pairs" in output


def test_several_samples(tmp_path: Path) -> None:
    """With several samples, whichever passes a problem more often wins it, by another exact test."""
    output = compared(tmp_path, "pb p", "bb p")
    assert "A passes 1 more often, B 0." in output
    assert "exact sign-flip test: p = 1.00" in output


def test_equal(tmp_path: Path) -> None:
    """Two that pass the same problems are not told apart."""
    output = " ".join(compared(tmp_path, "ppb", "ppb").split())
    assert output.endswith("They pass the same HumanEval+ problems: nothing tells them apart.")


def test_parts(tmp_path: Path) -> None:
    """Only problems that both attempted are compared, and that is said."""
    assert "of the 2 problems that both attempted" in " ".join(compared(tmp_path, "ppb", "pb.").split())


@pytest.mark.parametrize("title", [title for title in HOSTILE if title.strip()])
def test_fits_80_columns(tmp_path: Path, title: str) -> None:
    """Whatever the titles, no line is wider than 80 columns or holds a control character."""
    output = compared(tmp_path, "p" * 100, "b" * 100, title)
    assert all(cell_len(line) <= 80 for line in output.splitlines())
    assert all(line.isprintable() for line in output.splitlines())


def test_without_a_result(tmp_path: Path) -> None:
    """A profile without a result, and the same profile twice, are errors that say what to do."""
    config = written(tmp_path / "results", [result("a", "p"), result("b", "p")])
    (tmp_path / "results" / "b" / "humaneval" / "eval_results.json").unlink()
    with pytest.raises(BenchError, match="b has no result on humaneval; doit eval:b makes one"):
        side_by_side(config, "a", "b", "humaneval")
    with pytest.raises(BenchError, match="a is on both sides"):
        side_by_side(config, "a", "a", "humaneval")
