from typing import Any

from bench.report.asked import asked
from bench.report.standings import standings
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


def test_hostile_titles() -> None:
    """Titles and temperatures of any text add no markup."""
    for text in HOSTILE:
        entries = [entry("a", "p", title=text, run=of("process", temperature=text or 1)), entry("b", "p", run=run())]
        assert "<" not in asked(standings(entries)[0])
