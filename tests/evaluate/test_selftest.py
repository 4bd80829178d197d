import json
from pathlib import Path

import pytest

from bench.datasets import source
from bench.errors import GraderError
from bench.evaluate.selftest import selftest
from bench.profiles import Sandbox
from tests.evaluate.grading import IMAGE, PROBLEMS, Grader


@pytest.mark.slow
def test_the_selftest_notes_what_it_proved(cache: Path, kind: str) -> None:
    """A self-test grades every canonical solution anew and notes result, sandbox and day for the report."""
    proof = selftest("demo", Sandbox(kind=kind, image=IMAGE), cache)
    assert (proof.plus_passed, proof.n_problems, proof.cached) == (6, 6, 0)
    note = json.loads((cache / "selftest.json").read_bytes())[f"demo {kind}"]
    assert {key: note[key] for key in ("dataset", "sandbox", "problems", "base", "plus")} == {
        "dataset": "demo", "sandbox": kind, "problems": 6, "base": 6, "plus": 6,
    }  # fmt: skip
    assert len(note["date"]) == 10


@pytest.mark.slow
def test_a_canonical_solution_that_fails_is_an_error(
    grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a canonical solution does not pass, here since it answers otherwise each time, the self-test fails."""
    line = PROBLEMS[0] | {"canonical_solution": "    import time\n    return time.perf_counter_ns()\n"}
    (tmp_path / "humaneval.jsonl").write_text(json.dumps(line) + "\n")
    monkeypatch.setattr(source, "BUNDLED", tmp_path)
    with pytest.raises(GraderError) as caught:
        selftest("demo", Sandbox(kind="bubblewrap"), tmp_path / "cache")
    assert "1 of 1 canonical solutions of demo do not pass in this sandbox (bubblewrap)" in caught.value.sentence
    assert json.loads((tmp_path / "cache" / "selftest.json").read_bytes())["demo bubblewrap"]["plus"] == 0
