import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.report import columns, html, jsonfile, markdown
from bench.report.columns import COLUMNS, NONE, Column, visible_columns
from bench.report.compare import side_by_side
from bench.report.leaderboard import leaderboard_of
from tests.report import made
from tests.report.made import local, result, run, written


def test_a_new_column_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A column that is added to the list stands in REPORT.md, on the page, in report.json and in doit compare."""
    column = Column("luck", "Luck", lambda row: 7 + len(row.title), "{:.0f} %%".format, "made up")
    monkeypatch.setattr(columns, "COLUMNS", (*COLUMNS, column))
    rows = [result("a", "pppb", title="One"), result("b", "ppbb", title="Three")]
    report = made.report(*rows)
    text = markdown.render(report)
    assert "| Luck |" in text
    assert "| 10 %% |" in text
    page = html.render(report, {})
    assert ">Luck</button>" in page
    assert 'data-value="12">12 %%</td>' in page
    models = json.loads(jsonfile.render(report))["datasets"][0]["models"]
    assert [model["luck"] for model in models] == [10, 12]
    text = side_by_side(written(tmp_path / "results", rows), "a", "b", "humaneval")
    assert [line.split() for line in text.splitlines() if line.startswith("Luck")] == [["Luck", "10", "%%", "12", "%%"]]


def test_columns_of_dashes_are_left_out() -> None:
    """A column that no row has a value for is not shown; one that any row has is."""
    leaderboard = leaderboard_of("humaneval", [result("a", "ppp"), result("b", "pbb")])
    assert [column.key for column in visible_columns(leaderboard, "headline")] == ["rank", "title", "base", "plus"]
    timed = leaderboard_of("humaneval", [result("a", "ppp", run=local(20.0, 8.0)), result("b", "pbx")])
    keys = [column.key for column in visible_columns(timed, "headline")]
    assert {"tokens_per_second", "bytes", "seconds_per_solved", "seconds", "lost"} < set(keys)
    assert "state" not in keys
    assert [column.key for column in visible_columns(timed, "cost")] == [
        "tokens", "tokens_per_solved", "prompt_tokens_per_second",
    ]  # fmt: skip


def test_costs_have_columns() -> None:
    """What run.json knows of memory, load time, first token and energy has a column each."""
    costs = {
        "first_token_seconds": 0.41,
        "load_seconds": 12,
        "peak_memory": 2e9,
        "peak_gpu_memory": 2e10,
        "energy_wh": 9,
    }
    leaderboard = leaderboard_of("humaneval", [result("a", "pppb", run=run(cost=costs))])
    output = {column.title: column.show(leaderboard.rows[0]) for column in visible_columns(leaderboard, "cost")}
    expected = {
        "first token": "0.41 s",
        "load": "12.0 s",
        "memory GB": "2.0",
        "GPU GB": "20.0",
        "Wh per solved": "3.00",
    }
    assert expected.items() <= output.items()


def test_one_suite_has_one_column() -> None:
    """A dataset with a single suite has one column of scores, by the dataset's own name."""
    leaderboard = leaderboard_of("quiz", [result("a", "ppb", "quiz", suites=("tests",))])
    assert [column.title for column in visible_columns(leaderboard, "headline")] == ["#", "Model", "quiz (95 %)"]
    page = html.render(made.report(leaderboard.rows[0].result), {})
    assert "quiz+" not in page


def test_values_and_texts_agree() -> None:
    """Every column that has a value has a text, and one without a value has a dash."""
    full = result("a", "pxb", run=run(cost={"load_seconds": 3}), reference="Claude Opus 4.5", state="outdated")
    leaderboard = leaderboard_of("humaneval", [full, replace(full, id="b", run={}, state="done", reference="")])
    for row in leaderboard.rows:
        for column in columns.columns(leaderboard):
            value = column.value(row)
            assert (column.show(row) == NONE) == (value is None or value in ("", {}, "done")), column.key
