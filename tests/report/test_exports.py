import csv
import io
import json
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from bench.report.exports import exports, table, write
from bench.text import plain
from tests.report.made import HOSTILE, local, night, report, result, run


def test_the_table_as_csv() -> None:
    """Every row of every dataset is a line of the CSV, with the values of the columns."""
    whole = report(*night())
    rows = list(csv.DictReader(io.StringIO(table(whole))))
    assert len(rows) == sum(len(leaderboard.rows) for leaderboard in whole.leaderboards)
    best = rows[0]
    row = whole.leaderboards[0].rows[0]
    assert (best["dataset"], best["title"], best["rank"]) == ("humaneval", row.title, row.rank)
    assert float(best["plus"]) == pytest.approx(row.metrics.score.value, abs=1e-6)
    assert float(best["plus_low"]) == pytest.approx(row.metrics.score.low, abs=1e-6)
    assert [line["tests"] for line in rows if line["dataset"] == "quiz"] == ["0.75"]


@pytest.mark.parametrize("title", ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(A1)", 'a "quoted", comma'])
def test_a_spreadsheet_runs_nothing(title: str) -> None:
    """A title that is a formula stays a text, and one with quotes and commas stays whole."""
    (row,) = csv.DictReader(io.StringIO(table(report(result("a", "pb", title=title)))))
    assert row["title"] == (title if title.startswith("a") else f"'{title}")


def test_what_is_written(tmp_path: Path) -> None:
    """The folder has the table, pictures, a badge and a file for each row; what is no longer there goes."""
    write(tmp_path, report(result("a", "pb"), result("b", "pp")))
    write(tmp_path, report(result("a", "pb", run=local(20.0, 65.0))))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a-humaneval.json", "a-humaneval.md", "badge.svg", "headline.png", "headline.svg", "models.csv",
    ]  # fmt: skip
    assert json.loads((tmp_path / "a-humaneval.json").read_text())["tokens_per_second"] == 20.0


def test_pictures() -> None:
    """The headline is an SVG that stands alone and a PNG of twice its size; the badge names the best and its score."""
    files = dict(exports(report(result("a", "ppb", title="Best 9B"), result("b", "pbb"))))
    root = ET.fromstring(files["headline.svg"])
    png = files["headline.png"]
    assert isinstance(png, bytes)
    assert struct.unpack(">II", png[16:24])[0] == pytest.approx(2 * float(root.attrib["width"]), abs=2)
    assert "var(--" not in str(files["headline.svg"])
    assert ET.fromstring(files["badge.svg"]).attrib["aria-label"] == "HumanEval+: Best 9B 66.7 %"


def test_a_row_as_markdown() -> None:
    """A row is a Markdown table with model, size, machine, build, score and speed."""
    files = dict(exports(report(result("a", "ppb", title="Best 9B", run=run()))))
    head, _, cells = str(files["a-humaneval.md"]).splitlines()
    assert head == "| model | size | params | machine | build | test | score (95 %) | t/s |"
    for part in (
        "Best 9B",
        "67.1 GB",
        "79.7B",
        "RTX 4090 24 GB",
        "b7123-1a2b3c4",
        "HumanEval+, 3 problems",
        "66.7",
        "21.4",
    ):
        assert part in cells


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_titles(text: str) -> None:
    """Whatever a title is, pictures and tables show it, and no file has a name of its own."""
    files = dict(exports(report(result("../a b", "pb", title=plain(text)))))
    assert all("/" not in name for name in files)
    assert "<script" not in str(files["headline.svg"]) + str(files["badge.svg"])
    html = MarkdownIt("commonmark").enable("table").render(str(files[".._a_b-humaneval.md"]))
    assert "<script" not in html
    assert "<img" not in html


def test_nothing_to_take() -> None:
    """Without results there is nothing."""
    assert dict(exports(report())) == {}
