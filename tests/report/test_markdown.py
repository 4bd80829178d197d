import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from bench.report import markdown
from bench.report.format import DASH
from bench.report.render import gather
from bench.report.results import Result
from tests.report.made import HOSTILE, SELFTESTS, bench, graded, local, night, report, result, run, written

OWN_TAGS = {
    "h1", "h2", "p", "a", "br", "strong", "em", "ul", "ol", "li", "code", "details", "summary", "b",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_dataset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A report is rendered where the datasets are not."""
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(tmp_path / "none.jsonl"))
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(tmp_path / "none.jsonl"))


def render(*results: Result, lesson: str = "NOTES_max_tokens.md") -> str:
    """REPORT.md over some results."""
    return markdown.render(report(*results, selftests=SELFTESTS, lesson=lesson))


def test_same_input_same_bytes() -> None:
    """The same results give the same text, and the order in which ranked ones come does not matter."""
    assert render(*night()) == render(*night())
    first, second = result("a", "ppb", title="A"), result("b", "ppu", title="B")
    assert render(first, second) == render(second, first)


def test_the_answer_is_first() -> None:
    """The answer and the first table stand above everything that is folded, with machine, build and day."""
    text = render(*night())
    head = text.index("RTX 4090 24 GB · Ryzen 9 7950X · 128 GB · llama.cpp b7123-1a2b3c4 · 2026-11-24")
    assert head < text.index("- best: ") < text.index("| # |") < text.index("<details>")


def test_headline() -> None:
    """The first table says which model, how sure, how fast and what was lost."""
    samples = (graded("HumanEval/0", "p"), graded("HumanEval/1", "e"))
    text = render(result("a", "", samples=samples, n_problems=2, run=run()))
    row = next(line for line in text.splitlines() if line.startswith("| 1 |"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:4] == ["A", "50.0", f"**50.0** (9.5{DASH}90.5)"]
    assert cells[4:] == ["21.4", "67.1", "58 min", "58 min", "1 empty"]


def test_it_is_short() -> None:
    """What is not folded away of 17 models on a full set is at most 60 lines."""
    rows = [result(f"m{at}", "".join("pb"[(i * at) % 11 > 8] for i in range(164)), run=local(9.0 + at, 8.0, str(at)))
            for at in range(17)]  # fmt: skip
    text = render(*rows)
    assert len(re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL).splitlines()) <= 60
    assert len(text) < 40_000


def test_unequal_samples() -> None:
    """The table of pass@k has a model of which one problem has a single sample, and names over how many it is."""
    text = render(result("a", "pb pp p", n_problems=3), result("b", "pp pp pp"), result("c", "ppp"))
    assert "| A | 2 (over 2 problems) |" in text
    assert "| B | 2 |" in text
    assert "sign-flip test on pass rates" in text


def test_rendered_structure() -> None:
    """Markdown readers see tables, lists and folds, and no tag beside those."""
    html = MarkdownIt("commonmark").enable("table").render(render(*night()))
    assert set(re.findall(r"<(\w+)", html)) <= OWN_TAGS
    assert html.count("<details") == html.count("</details>")
    assert html.count("<table>") == html.count("</table>") >= 8
    for table in re.findall(r"<table>.*?</table>", html, re.DOTALL):
        rows = [row.count("<td") + row.count("<th>") + row.count("<th ") for row in table.split("</tr>")[:-1]]
        assert len(set(rows)) == 1


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts(text: str, tmp_path: Path) -> None:
    """Hostile titles, notes, provenance, rules, dates and names of problems add no tag and no link to the report."""
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
        graded(task, letter, rule=text, lost=text if task == text else "", origin=f"{text}:1")
        for task, letter in ((text or "t", "p"), ("HumanEval/1", "b"))
    )
    rows = [
        result("m", "pb", title=text, note=text, reference=text, samples=samples, run=about, bench=block, date=text),
        result("o", "bb", title=f"{text} Q4_K", bench=block, run=about), result("q", "p", dataset="x", title=text),
    ]  # fmt: skip
    config = written(tmp_path / "results", rows)
    actual = gather(config, {"o": text}, {("m", "humaneval"): text}, keep=True)
    selftests = {"x": {"dataset": text, "sandbox": text, "problems": text, "plus": text, "date": text}}
    output = markdown.render(replace(actual, selftests=selftests))
    html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(output)
    assert set(re.findall(r"<(\w+)", html)) <= OWN_TAGS
    assert html.count("<h1>") == 1
    hosts = {link.split("/")[2] for link in re.findall(r'(?:href|src)="(\w+://[^"]*)', html)}
    assert hosts <= {"evalplus.github.io", "arxiv.org"}
    assert html.count("<summary>") == html.count("</summary>") == html.count("<details")
    assert all(char == "\n" or unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in output)


def test_nothing_yet() -> None:
    """Without any result, the report says what each profile waits for."""
    text = render(result("a", "", state="skipped", reason="no model file", remedy="put it there"))
    assert "No profile has a result yet" in text
    assert "| A | a, humaneval | skipped | no model file | put it there |" in text
    assert render().startswith("<!--")


def test_lesson_is_linked_where_it_is() -> None:
    """The lesson about max_tokens is always told, and linked where its file is."""
    assert "[The lesson](NOTES_max_tokens.md)" in render(*night())
    assert "The lesson" not in render(*night(), lesson="")


def test_selftests() -> None:
    """The last self-tests stand in the notes, or how to run one."""
    assert "HumanEval+: 164 of 164 reference solutions passed in the sandbox docker on 2026-11-23." in render(*night())
    assert "`doit selftest` proves" in markdown.render(report(selftests={"odd": 3}))


def test_caveats() -> None:
    """Truncated answers, suspect failures, parts, older results and other dataset versions stand below the table."""
    text = render(
        result("cut", "ppx" + "p" * 9, run=run()), result("lost", "mmfspppppppp"),
        result("part", "pp..........", state="partial"),
        result("old", "p" * 12, state="failed"), result("named", "p" * 12, reference="Nobody 9B"),
        result("mixed", "p" * 12, run=run(models={"a": 5, "b": 7})),
        result("v1", "p" * 12, bench=bench()), result("v2", "p" * 12, bench=bench(dataset_hash="other")),
    )  # fmt: skip
    for expected in (
        "Cut (1 of 12 at 4096 tokens)", "Lost (2 name missing, 1 function not defined, 1 not valid Python)",
        "Part (2 of 12)", "Older results, for the reason given below: Old", "“Nobody 9B” (Named)",
        "same version", "more than one model: Mixed (2)",
    ):  # fmt: skip
        assert expected in text, expected


@pytest.mark.slow
def test_many_models() -> None:
    """Tables of pairs and of problems stay readable for many models, and say what they leave out."""
    rows = [result(f"m{i}", "".join("pb"[(task * i) % 7 > 3] for task in range(164))) for i in range(78)]
    text = render(*rows)
    assert "more pairs in report.json" in text
    assert "more problems in report.json" in text
    assert len(text) < 200_000
