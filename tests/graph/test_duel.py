import json

import pytest

from tests.graph.conftest import UP_TO_DATE, Project

DUEL = """
[profiles.c]
title = "Model C"
server = { kind = "command", command = ["./answer"], retries = 0 }
duel = "b"
"""


@pytest.mark.slow
def test_a_duel_stops_when_it_is_settled(made: Project) -> None:
    """The model is asked in portions, only until it is shown to be worse; then nothing is left to do."""
    before = made.asked
    (made.root / "profiles.toml").write_text((made.root / "profiles.toml").read_text() + DUEL)
    out = made.doit()
    assert "worse: decided after 9 problems, 8 : 0, e = 28" in out
    assert "Demo " not in out.partition("generate  c")[2].partition("report ")[0]
    assert made.asked - before == len(made.file("c", "raw.jsonl").read_text().splitlines()) == 12
    (duel,) = json.loads((made.results / "report.json").read_text())["duels"]
    assert (duel["settled"], duel["asked"], duel["of"], duel["against"]) == ("worse", 12, 18, "b")
    assert made.doit() == UP_TO_DATE
    made.edit('duel = "b"\n', "")
    assert "duel b → absent" in made.doit("why", "c")
    made.doit("eval:c")
    assert made.asked - before == 19  # one failed, and is asked again


@pytest.mark.slow
def test_a_duel_goes_on_where_it_stopped_and_follows_the_other(made: Project) -> None:
    """Where the results to beat change, the answers that are there are used again, and more is asked if need be."""
    (made.root / "profiles.toml").write_text((made.root / "profiles.toml").read_text() + DUEL)
    made.doit("eval:c")
    before = made.asked
    lines = (made.root / "solutions.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    broken = [row | {"solution": "def f(): pass\n"} for row in rows[:14]] + rows[14:]
    (made.root / "solutions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in broken))
    out = made.doit("eval:c")
    assert "verdicts on b changed" in out
    assert "not settled: after 18 problems" in out
    assert made.asked - before == 7  # of the first 12, the one that failed
