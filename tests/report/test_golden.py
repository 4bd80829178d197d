"""REPORT.md and report.json, byte for byte; after a change that is meant, run this with UPDATE_GOLDEN=1."""

import os
import re
from pathlib import Path

import pytest

from bench.report import jsonfile, markdown
from bench.report.results import Result
from tests.report.made import SELFTESTS, local, night, report, result

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
    compare(GOLDEN / name, render(report(*night(), lines=LINES, selftests=SELFTESTS, lesson="NOTES_max_tokens.md")))  # type: ignore[operator]


def compare(path: Path, text: str) -> None:
    """Compare with a golden file, or write it."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def models(count: int) -> list[Result]:
    """So many local models of families of two, each a little worse than the one before."""
    return [
        result(
            f"m{at}", "".join("b" if (problem * 7 + at) % 164 < 20 + 2 * at else "p" for problem in range(164)),
            title=f"Model {at // 2 if at < 6 else at} {('Q8_0', 'Q4_K_M')[at % 2]}", date="2026-11-24 23:40",
            run=local(20.0 + 3 * at, (8.5, 4.9)[at % 2] + at // 2, f"f{at}"),
        )
        for at in range(count)
    ]  # fmt: skip


def outline(text: str) -> str:
    """What is open of a report, its tables cut to titles, first row and length; of what is folded, the summaries."""
    text = re.sub(r"(<details>.*?</summary>).*?</details>", r"\1", text, flags=re.DOTALL)
    return re.sub(r"^(\|.*\n)\|.*\n(\|.*\n)((?:\|.*\n)*)", _short, text, flags=re.MULTILINE)


def _short(table: re.Match[str]) -> str:
    return f"{table[1]}{table[2]}({1 + table[3].count(chr(10))} rows)\n"


def test_outlines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """REPORT.md over 1, 2, 17 and 78 models has the same parts as long as there is something to say in them."""
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(tmp_path / "none.jsonl"))
    texts = [outline(markdown.render(report(*models(count)))) for count in (1, 2, 17, 78)]
    compare(GOLDEN / "outlines.md", "\n".join(texts))
    assert all(max(map(len, text.splitlines())) < 1500 for text in texts)
