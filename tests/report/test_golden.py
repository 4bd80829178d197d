"""REPORT.md and report.json; after a change that is meant, run this with UPDATE_GOLDEN=1, and read the difference."""

import os
from pathlib import Path

import pytest

from bench.report import jsonfile, markdown
from tests.report.made import SELFTESTS, night, report

GOLDEN = Path(__file__).with_name("golden")
LINES = [
    {"profile": "bench-q4", "dataset": "humaneval", "graded": "2026-11-20", "score": [0.5, 0.2, 0.8], "build": "b7000",
     "passed": [f"HumanEval/{at}" for at in range(6)]},
]  # fmt: skip


@pytest.mark.parametrize(("name", "render"), [("REPORT.md", markdown.render), ("report.json", jsonfile.render)])
def test_golden(name: str, render: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The report over a night of every kind of row, where the datasets are not, is the golden file, byte for byte."""
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(tmp_path / "none.jsonl"))
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(tmp_path / "none.jsonl"))
    text = render(report(*night(), lines=LINES, selftests=SELFTESTS, lesson="NOTES_max_tokens.md"))  # type: ignore[operator]
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
