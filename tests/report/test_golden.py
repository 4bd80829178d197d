"""REPORT.md over 1, 2, 17 and 78 models, and report.json, byte for byte; UPDATE_GOLDEN=1 renews the files."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.report import jsonfile, markdown
from bench.report.results import Result
from tests.report.made import SELFTESTS, night, report
from tests.report.nights import NIGHTS

GOLDEN = Path(__file__).with_name("golden")
LINES = [
    {"profile": "bench-q4", "dataset": "humaneval", "graded": "2026-11-20", "score": [0.5, 0.2, 0.8], "build": "b7000",
     "passed": [f"HumanEval/{at}" for at in range(6)]},
    {"profile": "flash-q4", "dataset": "humaneval", "graded": "2026-11-20", "score": [0.695, 0.62, 0.76],
     "build": "b7000", "passed": [f"HumanEval/{at}" for at in range(114)]},
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "results", "render"),
    [
        *((f"REPORT-{count}.md", results, markdown.render) for count, results in NIGHTS.items()),
        ("report.json", night, jsonfile.render),
    ],
)
def test_golden(
    name: str, results: Callable[[], list[Result]], render: Callable[..., str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    """The report where the datasets are not is the golden file, byte for byte."""
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(tmp_path / "none.jsonl"))
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(tmp_path / "none.jsonl"))
    text = render(report(*results(), lines=LINES, selftests=SELFTESTS, lesson="NOTES_max_tokens.md"))
    if os.environ.get("UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(text, encoding="utf-8")
    assert text == (GOLDEN / name).read_text(encoding="utf-8")
