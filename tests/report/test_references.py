import json
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.profiles.file import load
from bench.report import references
from bench.stats import Estimate


def scores(base: float, plus: float) -> dict[str, Estimate]:
    """A model's scores as fractions, by suite."""
    return {"base": Estimate(base, 0, 1), "plus": Estimate(plus, 0, 1)}


def test_every_number_has_a_source() -> None:
    """Each published score names its model once, its source, and where it is not comparable, why."""
    rows = json.loads(references.FILE.read_text())["references"]
    assert len({row["model"] for row in rows}) == len(rows)
    for row in rows:
        assert row["source"], row
        assert bool(row["why"]) != row["comparable"], row
        scores = [row[name] for name in ("humaneval", "humaneval_plus", "mbpp", "mbpp_plus") if row[name] is not None]
        assert scores, row
        assert all(0 < score < 100 for score in scores), row


def test_numbers_are_those_of_the_data(shared: Path) -> None:
    """What is taken from the leaderboard is what it says, and what is cited from elsewhere is as cited."""
    leaderboard = json.loads((shared / "data" / "leaderboard.json").read_text())
    cited = {
        row["model"]: row for row in json.loads((shared / "data" / "published-scores.json").read_text())["published"]
    }
    for row in json.loads(references.FILE.read_text())["references"]:
        if row["source"] == "EvalPlus leaderboard":
            known = leaderboard[row["model"]]["pass@1"]
            assert (row["humaneval"], row["humaneval_plus"]) == (known["humaneval"], known["humaneval+"])
            assert (row["mbpp"], row["mbpp_plus"]) == (known["mbpp"], known["mbpp+"])
        else:
            known = cited[row["model"]]
            assert (row["humaneval"], row["humaneval_plus"]) == (known["humaneval"], known["humaneval_plus"])


def test_references_of_the_shipped_profiles() -> None:
    """Every reference that profiles.toml names is published here."""
    config = load(Path(__file__).parents[2] / "profiles.toml")
    named = {profile.reference for profile in config.profiles} - {""}
    assert named
    assert all(name in {one.model for one in references.references("humaneval")} for name in named)


def test_compared_with_the_same_suite() -> None:
    """A score stands beside the reference's plus score, or where that is unknown beside its base score."""
    plus = references.compared("O1 Preview (Sept 2024)", "humaneval", scores(0.9, 0.85))
    assert plus
    assert (plus.suite, plus.ours, plus.theirs, plus.difference) == ("plus", 85.0, 89.0, -4.0)
    base = references.compared("Claude Opus 4.5", "humaneval", scores(0.95, 0.85))
    assert base
    assert (base.suite, base.theirs, round(base.difference, 1)) == ("base", 94.2, 0.8)


def test_nothing_to_compare_with() -> None:
    """An unknown model, a dataset without published scores and an unknown dataset have no reference."""
    assert references.compared("no such model", "humaneval", scores(1, 1)) is None
    assert references.compared("", "humaneval", scores(1, 1)) is None
    tests = {"tests": Estimate(0.5, 0, 1)}
    assert references.compared("Claude Opus 4.5", "humaneval", tests) is None
    assert references.references("demo") == ()
    assert references.references("no such dataset") == ()


@pytest.mark.parametrize("text", [None, "{", "[]", '{"references": [{}]}'])
def test_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    """A file of published scores that is missing or damaged is one sentence that names it."""
    file = tmp_path / "scores.json"
    if text is not None:
        file.write_text(text)
    monkeypatch.setattr("bench.report.references.FILE", file)
    references.references.cache_clear()
    with pytest.raises(BenchError, match=r"scores.json cannot be used \(.*; fix it, or restore it"):
        references.references("humaneval")
    references.references.cache_clear()
