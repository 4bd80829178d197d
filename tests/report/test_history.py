import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.report import history
from bench.report.leaderboard import leaderboards_of
from bench.report.render import gather
from tests.report.made import result, run, written


def record(path: Path, *results: object) -> list[dict]:  # type: ignore[type-arg]
    """What is on record after some results were graded."""
    return history.record(path, leaderboards_of(results))  # type: ignore[arg-type]


def test_one_line_a_graded_result(tmp_path: Path) -> None:
    """Each graded result is recorded once, however often it is reported; a new grading is a new line."""
    path, first = tmp_path / "history.jsonl", result("a", "ppb", date="2026-11-01 10:00", run=run())
    assert len(record(path, first, result("b", "pbb"))) == 2
    written_ = path.read_bytes()
    assert len(record(path, first, result("b", "pbb"))) == 2
    assert path.read_bytes() == written_
    assert len(record(path, replace(first, date="2026-11-02 10:00"), result("b", "pbb"))) == 3
    line = json.loads(path.read_text().splitlines()[0])
    assert (line["profile"], line["dataset"], line["passed"], line["build"]) == (
        "a", "humaneval", ["HumanEval/0", "HumanEval/1"], "b7123-1a2b3c4",
    )  # fmt: skip


def test_what_changed(tmp_path: Path) -> None:
    """Beside the last result stand the score before it, problems won and lost, and what differed."""
    path = tmp_path / "history.jsonl"
    first = result("a", "ppbbb", date="2026-11-01", run=run())
    record(path, first)
    server = {"kind": "compose", "build": "b7201"}
    second = result("a", "bpppb", date="2026-11-02", run=run(server=server))
    lines = record(path, second)
    (leaderboard,) = leaderboards_of([second])
    (change,) = history.changes(leaderboard, lines)
    assert change.text == "40.0 → 60.0, 2 won, 1 lost; llama.cpp b7123-1a2b3c4 → b7201"
    assert (change.won, change.lost) == (("HumanEval/2", "HumanEval/3"), ("HumanEval/0",))


def test_the_same_result_again_is_no_change(tmp_path: Path) -> None:
    """A result that was graded again with the same verdicts has nothing to tell, nor has the first one."""
    path = tmp_path / "history.jsonl"
    first = result("a", "ppb", date="2026-11-01")
    (leaderboard,) = leaderboards_of([first])
    assert history.changes(leaderboard, record(path, first)) == []
    again = replace(first, date="2026-11-02")
    (leaderboard,) = leaderboards_of([again])
    assert history.changes(leaderboard, record(path, again)) == []


@pytest.mark.parametrize(
    "damage", ["{", '{"v": 9}', "[1]", '{"profile": 3, "score": "x", "passed": 7}', "\x00", "\u2028"]
)
def test_damaged_lines(tmp_path: Path, damage: str) -> None:
    """A line that cannot be read stays where it is, and stands in nobody's way; a torn last one gets an end."""
    path = tmp_path / "history.jsonl"
    path.write_text(damage)
    record(path, result("a", "ppb", date="2026-11-01"))
    lines = record(path, result("a", "ppp", date="2026-11-02"))
    assert path.read_text().startswith(damage + "\n")
    (leaderboard,) = leaderboards_of([result("a", "ppp", date="2026-11-02")])
    assert len(history.changes(leaderboard, lines)) == 1


def test_the_report_records(tmp_path: Path) -> None:
    """Writing a report records its results; looking at them does not."""
    config = written(tmp_path / "results", [result("a", "ppb", date="2026-11-01")])
    gather(config, {}, {})
    assert not (tmp_path / "results" / "history.jsonl").exists()
    gather(config, {}, {}, keep=True)
    assert len((tmp_path / "results" / "history.jsonl").read_text().splitlines()) == 1
