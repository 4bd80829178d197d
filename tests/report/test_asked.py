from typing import Any

import pytest
from bench.report.asked import asked, caveat
from bench.report.standings import standings

from bench.report import tables
from tests.report.small import HOSTILE, entry, run


def of(kind: str, **settings: Any) -> dict[str, Any]:
    """A run.json of that kind of server."""
    return run(server={"kind": kind}, settings=settings)


def test_alike() -> None:
    """Where all were asked alike, that is said once."""
    entries = [entry("a", "p", run=run()), entry("b", "p", run=run())]
    assert asked(standings(entries)[0]) == "Answers: one greedy answer a problem (temperature 0)."


def test_groups() -> None:
    """Greedy and sampled models, programs, and imports stand apart, with their names; the largest group comes first."""
    entries = [
        entry("warm", "pp pb", run=of("process", temperature=0.8)),
        entry("a", "pp", run=run()),
        entry("b", "pp", run=run()),
        entry("cli", "pp", run=of("command", prompt_version=1)),
        entry("opus", "pp"),
    ]
    said = asked(standings(entries)[0])
    assert said == (
        "Answers: one greedy answer a problem (temperature 0): A, B; by a program that decides itself how it answers: "
        "Cli; 2 samples a problem at temperature 0.8: Warm; not known how: Opus."
    )


def test_unequal_samples() -> None:
    """Where problems have different numbers of samples, the least and the most are said."""
    said = asked(standings([entry("warm", "ppp p", run=of("process", temperature=0.8))])[0])
    assert said == "Answers: 1 to 3 samples a problem at temperature 0.8."


def test_nothing_known() -> None:
    """Over imports alone nothing is said."""
    assert asked(standings([entry("a", "p"), entry("b", "p")])[0]) == ""


ALIKE, UNLIKE = "GPT-4 (May 2023)", "Claude Opus 4.5"


@pytest.mark.parametrize(
    ("run_json", "said"),
    [
        (run(), ""),
        (of("process", temperature=0.8), "ours was made at temperature 0.8"),
        (of("process", temperature=0, system_prompt="Be brief."), "ours was made with a system prompt of its own"),
        (of("process", temperature=1, system_prompt=""), "ours was made at temperature 1, without a system prompt"),
        (
            of("process", temperature=0, request={"reasoning_effort": "low"}),
            "ours was made with reasoning_effort in its request",
        ),
        (of("process", temperature=0, reasoning="high"), "ours was made with reasoning high"),
        (of("command", prompt_version=1), "ours was made by a program that decides itself how it answers"),
        ({}, "ours was made in a way that is not known"),
    ],
)
def test_caveats_of_ours(run_json: dict[str, Any], said: str) -> None:
    """A comparison says where ours was not made in EvalPlus's way, behind what is against the published score."""
    of_them = [entry("a", "p", run=run_json, reference=ALIKE), entry("b", "b", run=run_json, reference=UNLIKE)]
    first, second = standings(of_them)[0].rows
    theirs = "secondary source; prompt and tests are not stated"
    assert caveat(first) == (f"not strictly comparable: {said}" if said else "")
    assert caveat(second) == "not strictly comparable: " + "; ".join(filter(None, [theirs, said]))


def test_one_reference_and_two_ways() -> None:
    """Two rows with one reference share a footnote only where both were made in the same way."""
    ways = {"a": run(), "b": run(), "c": of("process", temperature=0.8)}
    (standing,) = standings([entry(name, "p", run=way, reference=ALIKE) for name, way in ways.items()])
    notes = tables.footnotes(standing)
    assert list(notes.values()) == ["a", "b"]
    assert [tables.footnote(standing, *note).partition("; ")[2] for note in notes] == [
        "", "not strictly comparable: ours was made at temperature 0.8.",
    ]  # fmt: skip


def test_hostile_titles() -> None:
    """Titles and temperatures of any text add no markup."""
    for text in HOSTILE:
        entries = [entry("a", "p", title=text, run=of("process", temperature=text or 1)), entry("b", "p", run=run())]
        assert "<" not in asked(standings(entries)[0])
