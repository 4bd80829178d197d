import json
from pathlib import Path
from typing import Any

import pytest

from bench.report import jsonfile
from bench.report.metrics import metrics
from bench.report.results import Result
from tests.report.made import HOSTILE, bench, local, night, report, result, run

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "report-json.md"


def parsed(*results: Result) -> dict[str, Any]:
    """report.json, read again."""
    value = json.loads(jsonfile.render(report(*results, selftests={"demo none": {"plus": 12}})))
    assert isinstance(value, dict)
    return value


def test_figures_are_those_of_the_report() -> None:
    """report.json has the scores, intervals, losses, speeds and pairs of the tables."""
    first = result("a", "pppu", run=run(), bench=bench(), reference="Claude Opus 4.5", date="2026-11-24 10:00")
    value = parsed(first, result("b", "pbbb"), result("c", "", state="skipped", reason="no model file"))
    (dataset,) = value["datasets"]
    best, other, skipped = dataset["models"]
    score = metrics(first).score
    assert best["plus"] == best["score"] == [round(part, 6) for part in (score.value, score.low, score.high)]
    assert best["tokens_per_second"] == 21.44
    assert best["passed"] == ["HumanEval/0", "HumanEval/1", "HumanEval/2"]
    assert best["reference"] == {
        "model": "Claude Opus 4.5", "suite": "base", "difference": 5.8, "comparable": False,
        "why": "secondary source; prompt and tests are not stated",
    }  # fmt: skip
    assert (other["id"], other["reference"], other["run"]) == ("b", None, {})
    assert (skipped["state"], skipped["reason"]) == ("skipped", "no model file")
    (pair,) = dataset["pairs"]
    assert (pair["only_first"], pair["only_second"], pair["gain"], pair["p"]) == (2, 0, 0.5, 0.5)
    assert value["selftests"] == {"demo none": {"plus": 12}}


def test_conclusions() -> None:
    """The answer, the families and the budgets are there for programs, with the rows they are about."""
    value = parsed(*night())
    assert {row for line in value["answer"]["lines"] for row in line["ids"]} <= {one.id for one in night()}
    (family,) = value["families"]
    assert [member["id"] for member in family["members"]] == ["bench-q6", "bench-q4"]
    (budget,) = value["datasets"][0]["budgets"]
    assert (budget["id"], budget["points"][-1]["limit"]) == ("bench-q6", 4096)
    rows = [result(name, "ppb", dataset, run=local(9.0, 8.0)) for name in "ab" for dataset in ("humaneval", "mbpp")]
    assert parsed(*rows)["all_sets"]["problems"] == 6


def test_several_samples() -> None:
    """Samples of a problem are told apart by their number, and pass@k is of the problems that have k."""
    (model,) = parsed(result("a", "ppb pp p"))["datasets"][0]["models"]
    assert model["passed"] == [f"HumanEval/{sample}" for sample in ("0#0", "0#1", "1#0", "1#1", "2#0")]
    assert model["pass_at_k"] == {"k": 2, "problems": 2, "base": [1.0, 0.34238, 1.0], "plus": [1.0, 0.34238, 1.0]}


def test_every_key_is_documented() -> None:
    """docs/reference/report-json.md names every key."""
    value = parsed(*night())
    assert not {key for key in keys(value) if f"`{key}`" not in DOCUMENT.read_text()}
    assert f"`schema` is {jsonfile.SCHEMA}" in DOCUMENT.read_text()


def keys(value: Any) -> set[str]:
    """The keys of all objects but those that are taken over from other files, or have names as keys."""
    if isinstance(value, list):
        return {key for one in value for key in keys(one)}
    if not isinstance(value, dict):
        return set()
    taken = ("run", "bench", "selftests", "outcomes", "lost")
    return set(value) | {key for name, one in value.items() if name not in taken for key in keys(one)}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts(text: str) -> None:
    """Whatever the texts, the file is ASCII, so that no terminal obeys it."""
    actual = jsonfile.render(report(result("a", "pp", title=text, note=text)))
    assert actual.isascii()
    assert "\x1b" not in actual
