import re
import unicodedata
from pathlib import Path

import pytest
from bench.report.numbers import DASH
from bench.report.records import Entry
from bench.report.standings import standings
from markdown_it import MarkdownIt

from bench.report import markdown
from tests.report.small import HOSTILE, SELFTESTS, entry, graded, night, run

OWN_TAGS = {
    "h1", "h2", "p", "a", "sup", "br", "strong", "em", "ul", "ol", "li", "code", "details", "summary", "b",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_dataset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A report is rendered where the datasets are not."""
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(tmp_path / "none.jsonl"))
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(tmp_path / "none.jsonl"))


def render(entries: list[Entry], lesson: str = "NOTES_max_tokens.md") -> str:
    """REPORT.md over `entries`."""
    return markdown.render(standings(entries), entries, markdown.Context(SELFTESTS, lesson))


def test_same_input_same_bytes() -> None:
    """The same entries give the same text, and the order in which ranked ones come does not matter."""
    assert render(night()) == render(night())
    first, second = entry("a", "ppb", title="A"), entry("b", "ppu", title="B")
    table = r"\| # .*?\n\n"
    found = [re.search(table, render(entries), re.DOTALL) for entries in ([first, second], [second, first])]
    assert found[0]
    assert found[1]
    assert found[0].group() == found[1].group()


def test_headline() -> None:
    """The first table answers which model, how sure, how fast and what was lost."""
    samples = (graded("HumanEval/0", "p"), graded("HumanEval/1", "b", lost="empty"))
    text = render([entry("a", "", samples=samples, n_problems=2, run=run())])
    row = next(line for line in text.splitlines() if line.startswith("| 1 |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:4] == ["A", "50.0", f"**50.0** (9.5{DASH}90.5)"]
    assert cells[5:] == ["21.4", "58 min", "1 empty"]


def test_unequal_samples() -> None:
    """The table of pass@k has a model of which one problem has a single sample, and says of how many it is."""
    text = render([entry("a", "pb pp p", n_problems=3), entry("b", "pp pp pp"), entry("c", "ppp")])
    assert "| A | 2 (over 2 problems) |" in text
    assert "| B | 2 |" in text
    assert "sign-flip test on pass rates" in text


def test_rendered_structure() -> None:
    """Markdown readers see tables, lists and folds, and no tag beside those."""
    html = MarkdownIt("commonmark").enable("table").render(render(night()))
    assert set(re.findall(r"<(\w+)", html)) <= OWN_TAGS
    assert html.count("<details") == html.count("</details>")
    assert html.count("<table>") == html.count("</table>") >= 8
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        rows = [row.count("<td") + row.count("<th>") + row.count("<th ") for row in table.split("</tr>")[:-1]]
        assert len(set(rows)) == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts(text: str) -> None:
    """Hostile titles, notes, reasons, ids, provenance, rules and dates add no tag and no link to the report."""
    nasty = {
        "kind": text,
        "build": text,
        "image": text,
        "identity": text,
        "file": text,
        "quantization": text,
        text: text,
    }
    about = run(model=nasty, server=nasty, settings={"args": [text], "placement": [text], "system_prompt": text,
                "temperature": text, "max_tokens": text, "request": {text: text}}, began=text, ended=text)  # fmt: skip
    block = {"sandbox": nasty, "evalplus": text, "python": text, "grader": text, "dataset_hash": text}
    samples = tuple(
        graded(task, outcome, rule=text, lost=text if task == text else "", origin=f"{text}:1")
        for task, outcome in ((text or "t", "p"), ("HumanEval/1", "b"))
    )
    plain = [entry("m", "pb"), entry("n", "pp")]
    entries = [
        entry("m", "pb", title=text, note=text, reference=text, samples=samples, run=about, bench=block, date=text,
              state="failed", reason=text, remedy=text),
        entry(text or "n", "pp", title="other", state="gone", reason=text),
        entry("o", "bb", title=f"{text} Q4_K", bench=block),
        entry("p", "", title=text, state="skipped", reason=text, remedy=text),
        entry("q", "p", dataset=text or "x", title=text),
    ]  # fmt: skip
    selftests = {"x": {"dataset": text, "sandbox": text, "problems": text, "plus": text, "date": text}}
    found = markdown.render(standings(entries), entries, markdown.Context(selftests))
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(found)
    assert set(re.findall(r"<(\w+)", html)) <= OWN_TAGS
    assert html.count("<h1>") == 1
    hosts = {link.split("/")[2] for link in re.findall(r'(?:href|src)="(\w+://[^"]*)', html)}
    assert hosts <= {"evalplus.github.io", "arxiv.org"}
    assert html.count("<summary>") == html.count("</summary>") == html.count("<details")
    assert all(char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in found)
    assert render(plain)


def test_nothing_yet() -> None:
    """Without any result, the report says what each profile waits for."""
    text = render([entry("a", "", state="skipped", reason="no model file", remedy="put it there")])
    assert "No profile has a result yet" in text
    assert "| A | a, humaneval | skipped | no model file | put it there |" in text
    assert render([]).startswith("<!--")


def test_lesson_is_linked_where_it_is() -> None:
    """The lesson about max_tokens is always told, and linked where its file is."""
    assert "[The lesson](NOTES_max_tokens.md)" in render(night())
    assert "The lesson" not in render(night(), lesson="")


def test_selftest_is_said() -> None:
    """When the self-test last passed stands in the notes, or how to run it."""
    assert "HumanEval+: 164 of 164 canonical solutions passed in the sandbox docker on 2026-11-23." in render(night())
    nothing = markdown.render([], [], markdown.Context({"odd": 3}))
    assert "`doit selftest` proves" in nothing


def test_many_models() -> None:
    """Tables of pairs and of problems stay readable for many models, and say what they leave out."""
    entries = [entry(f"m{i}", "".join("pb"[(task * i) % 7 > 3] for task in range(164))) for i in range(40)]
    text = render(entries)
    assert "more pairs in report.json" in text
    assert "more problems in report.json" in text
    assert len(text) < 120_000
