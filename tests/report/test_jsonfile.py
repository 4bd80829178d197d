import json
from pathlib import Path
from typing import Any

from bench.report.scores import score
from bench.report.standings import standings

from bench.report import jsonfile
from tests.report.small import HOSTILE, bench, entry, run

DOCUMENT = Path(__file__).parents[2] / "docs" / "report-json.md"


def parsed(*entries: Any) -> dict[str, Any]:
    """report.json, read again."""
    value = json.loads(jsonfile.render(standings(entries), {"demo none": {"plus": 12}}))
    assert isinstance(value, dict)
    return value


def test_figures_are_those_of_the_report() -> None:
    """report.json has the scores, intervals, losses, speeds and pairs of the tables."""
    first = entry("a", "pppu", run=run(), bench=bench(), reference="Claude Opus 4.5", date="2026-11-24 10:00")
    value = parsed(first, entry("b", "pbbb"), entry("c", "", state="skipped", reason="no model file"))
    (dataset,) = value["datasets"]
    best, other, skipped = dataset["models"]
    known = score(first)
    assert best["plus"] == [round(part, 6) for part in (known.plus.value, known.plus.low, known.plus.high)]
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


def test_several_samples() -> None:
    """Samples of a problem are told apart by their number."""
    (model,) = parsed(entry("a", "pb pp"))["datasets"][0]["models"]
    assert model["passed"] == ["HumanEval/0#0", "HumanEval/1#0", "HumanEval/1#1"]
    assert model["pass_at_k"]["k"] == 2


def test_unequal_samples() -> None:
    """Where one problem has a single sample, pass@k is of the others, and no sample is listed twice."""
    (model,) = parsed(entry("a", "ppb pp p"))["datasets"][0]["models"]
    assert model["passed"] == [f"HumanEval/{sample}" for sample in ("0#0", "0#1", "1#0", "1#1", "2#0")]
    assert model["pass_at_k"] == {"k": 2, "problems": 2, "base": [1.0, 0.34238, 1.0], "plus": [1.0, 0.34238, 1.0]}


def test_every_key_is_documented() -> None:
    """docs/report-json.md names every key."""
    value = parsed(entry("a", "pp", run=run(), reference="Claude Opus 4.5"), entry("b", "pb"))
    text, dataset = DOCUMENT.read_text(), value["datasets"][0]
    tables = [
        value,
        dataset,
        *dataset["models"],
        *dataset["pairs"],
        *dataset["references"],
        dataset["models"][0]["reference"],
        dataset["models"][0]["pass_at_k"],
    ]
    keys = {key for table in tables for key in table}
    assert not {key for key in keys if f"`{key}`" not in text}
    assert f"`schema` is {jsonfile.SCHEMA}" in text


def test_hostile_texts() -> None:
    """Whatever the texts, the file is ASCII, so that no terminal obeys it."""
    for text in HOSTILE:
        found = jsonfile.render(standings([entry("a", "pp", title=text, note=text)]), {})
        assert found.isascii()
        assert "\x1b" not in found
