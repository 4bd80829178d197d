"""The report as a step of the graph, over result files as the stages leave them."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from doit import Globals
from doit.dependency import Dependency
from doit.exceptions import TaskFailed
from doit.task import Task, dict_to_task

from bench import datasets, report
from bench.datasets import source
from bench.graph.database import Database
from bench.graph.report import Report
from bench.graph.settings import describe
from bench.graph.stages import Evaluate, Generate, Samples
from bench.profiles.file import load

REPORTS = ("REPORT.md", "report.html", "report.json")
PROFILES = '[profiles.a]\ntitle = "Model A"\nmodel = "a.gguf"\ndatasets = ["demo"]\n[profiles.b]\nmodel = "b.gguf"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A profiles file, and a result of one of its two profiles."""
    (tmp_path / "profiles.toml").write_text(PROFILES)
    rows = {
        f"Demo/{i}": [{"solution": "def f(): ...", "base_status": "pass", "plus_status": plus}]
        for i, plus in enumerate(["pass"] + 17 * ["fail"])
    }
    results = tmp_path / "results" / "a" / "demo" / "eval_results.json"
    results.parent.mkdir(parents=True)
    results.write_text(json.dumps({"date": "2026-11-24 10:00", "eval": rows, "bench": {"n_problems": 18}}))
    return tmp_path


def step(folder: Path, skipped: dict[str, str] | None = None) -> Report:
    """The report, as dodo.py makes it."""
    away = {"b": "no model file models/b.gguf"} if skipped is None else skipped
    return Report(load(folder / "profiles.toml"), away)


@pytest.fixture
def database(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The database of doit; the working folder is that of the profiles file."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(Globals, "dep_manager", Dependency(Database, str(folder / "doit.json")))
    return Globals.dep_manager


def task(report: Report) -> Task:
    """The report's task, as dodo.py declares it."""
    targets = list(map(str, report.targets))
    fields = {"name": "report", "actions": [], "targets": targets, "uptodate": [report.uptodate()]}
    return dict_to_task({**fields, "file_dep": ["profiles.toml"]})


def run(database: Any, made: Task, report: Report | None = None) -> None:
    """Succeed, as doit does."""
    describe(made)
    if report:
        assert report.make() is None
    made.save_extra_values()
    database.save_success(made)


@pytest.mark.slow
def test_three_reports_of_the_same_figures(folder: Path) -> None:
    """One run writes all three reports; a second one writes the same bytes."""
    assert step(folder).make() is None
    first = {name: (folder / "results" / name).read_bytes() for name in REPORTS}
    assert b"| 1 | Model A |" in first["REPORT.md"]
    assert b"no model file models/b.gguf" in first["REPORT.md"]
    assert json.loads(first["report.json"])["datasets"][1]["models"][0]["plus"][0] == 0.055556
    assert b"Model A" in first["report.html"]
    step(folder).make()
    assert {name: (folder / "results" / name).read_bytes() for name in REPORTS} == first


@pytest.mark.slow
def test_stale_when_what_it_shows_changed(folder: Path, database: Any) -> None:
    """The report is up to date until a title, a result, a report itself or the reason of a skipped profile changes."""
    made = task(step(folder))
    assert describe(made) == "first run"
    run(database, made, step(folder))
    assert describe(made) == ""
    assert describe(task(step(folder, {}))) == "skipped profiles changed"
    (folder / "profiles.toml").write_text(PROFILES.replace("Model A", "Model Aleph"))
    assert describe(made) == "profiles.toml changed"
    run(database, made, step(folder))
    (folder / "results" / "a" / "demo" / "failure.json").write_text("{}")
    assert describe(made) == "results changed (a)"
    run(database, made, step(folder))
    (folder / "results" / "REPORT.md").write_text("by hand")
    assert describe(made) == "REPORT.md was changed by hand"


@pytest.mark.slow
def test_refreshed_where_something_changed(folder: Path, database: Any) -> None:
    """Between two models the report is rendered anew where a result has come, and left alone where none has."""
    step(folder).refresh()
    before = (folder / "results" / "REPORT.md").stat().st_mtime_ns
    step(folder).refresh()
    assert (folder / "results" / "REPORT.md").stat().st_mtime_ns == before
    (folder / "results" / "a" / "demo" / "failure.json").write_text("{}")
    step(folder).refresh()
    assert (folder / "results" / "REPORT.md").stat().st_mtime_ns > before


def test_a_report_that_cannot_be_rendered_stops_nothing(
    folder: Path, database: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between two models, a fault of the report is a note: the next model starts."""

    def broken(*_: Any) -> None:
        raise TypeError("no such column")

    monkeypatch.setattr(report, "write", broken)
    step(folder).refresh()
    assert "TypeError: no such column" in capsys.readouterr().err


def test_stale_when_a_dataset_changed(
    folder: Path, database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same results are rendered again where a problem has other words; a dataset that is not shown is nothing."""
    own = Path(shutil.copy(datasets.location("demo"), tmp_path))
    monkeypatch.setattr(source, "BUNDLED", tmp_path)
    made = task(step(folder))
    run(database, made, step(folder))
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(own))
    assert describe(made) == ""
    own.write_text(own.read_text().replace("is_leap_year", "leaps"))
    assert describe(made) == "dataset demo changed"
    run(database, made, step(folder))
    assert "leaps" in (folder / "results" / "report.html").read_text()
    own.unlink()
    assert describe(made) == ""


ENDPOINT = """[profiles.a]
title = "Model Q4"
model = "m-q4"
datasets = ["demo"]
server = { kind = "endpoint", base_url = "http://127.0.0.1:9/v1" }
"""


def graph(folder: Path, database: Any, *, done: bool = False) -> Report:
    """The report after the stages of an endpoint's profile, which have run where they are `done`."""
    report = step(folder, {})
    (profile,) = report.config.profiles
    for kind in (Generate, Samples, Evaluate):
        stage = kind(report.config, profile, "demo")
        settings, fields = stage.uptodate(), {"name": f"{stage.name}:a:demo", "actions": []}
        made = dict_to_task({**fields, "targets": list(map(str, stage.targets)), "uptodate": [settings]})
        report.chains.setdefault(("a", "demo"), []).append((stage, settings))
        if done:
            for target in stage.targets:
                target.touch()
            run(database, made)
    return report


@pytest.mark.slow
def test_a_result_that_is_not_up_to_date(folder: Path, database: Any) -> None:
    """A result of another model than profiles.toml now names is marked with what changed, until it is made anew."""
    (folder / "profiles.toml").write_text(ENDPOINT)
    before = graph(folder, database, done=True)
    run(database, task(before), before)
    assert before.outdated() == {}
    (folder / "profiles.toml").write_text(ENDPOINT.replace("Q4", "Q8").replace("m-q4", "m-q8"))
    edited = graph(folder, database)
    made = task(edited)
    assert describe(made) == "outdated results changed, profiles.toml changed"
    run(database, made, edited)
    assert describe(made) == ""
    text, page, data = ((folder / "results" / name).read_text() for name in REPORTS)
    assert "Older results, for the reason given below: Model Q8." in text
    assert re.search(r"\| Model Q8 \| a, demo \| outdated \| model changed .* \(generate\) \| doit eval:a \|", text)
    assert '<span title="model changed' in page
    (model,) = json.loads(data)["datasets"][0]["models"]
    assert (model["state"], model["remedy"]) == ("outdated", "doit eval:a")
    again = graph(folder, database, done=True)
    assert "outdated results changed" in describe(task(again))
    again.make()
    assert "| outdated |" not in (folder / "results" / "REPORT.md").read_text()


def test_what_cannot_be_looked_at_is_not_outdated(folder: Path, database: Any) -> None:
    """A result without a record of what it was made from is outdated; that a model is away says nothing about it."""
    (folder / "profiles.toml").write_text(ENDPOINT)
    assert list(graph(folder, database).outdated()) == [("a", "demo")]
    away = graph(folder, database)
    assert Report(away.config, {"a": "away"}, away.chains).outdated() == {}


def test_clean(folder: Path) -> None:
    """Cleaning removes the reports and nothing else."""
    step(folder).make()
    step(folder).clean(dryrun=True)
    assert all((folder / "results" / name).exists() for name in REPORTS)
    step(folder).clean(dryrun=False)
    assert not any((folder / "results" / name).exists() for name in REPORTS)
    assert (folder / "results" / "a" / "demo" / "eval_results.json").exists()


def test_a_report_that_cannot_be_written(folder: Path) -> None:
    """A results folder in the way of a report is one sentence, not a traceback."""
    (folder / "results" / "report.json").mkdir()
    (folder / "results" / "report.json" / "x").touch()
    failed = step(folder).make()
    assert isinstance(failed, TaskFailed)
    assert "report.json cannot be written" in str(failed.message)


def test_sources() -> None:
    """What a report is rendered with are this program's files, the templates and the published scores among them."""
    names = {path.name for path in report.sources()}
    assert {"REPORT.md.j2", "report.html.j2", "stats.py", "reference-scores.json"} <= names
    assert all(path.is_file() for path in report.sources())


SETTINGS = {
    "args": [], "placement": [], "max_tokens": 4096, "context": 16384, "slots": 1, "samples": 1, "temperature": 0.0,
    "top_p": 0.95, "seed": 0, "system_prompt": "Be brief.", "request": {}, "prompt_version": 1,
}  # fmt: skip


def reported(folder: Path, kind: str, **settings: Any) -> tuple[str, str, dict[str, Any]]:
    """The line of REPORT.md and that of report.html that say what was asked, and the settings of report.json."""
    about = {"schema": 1, "server": {"kind": kind}, "settings": SETTINGS | settings}
    (folder / "results" / "a" / "demo" / "run.json").write_text(json.dumps(about))
    assert step(folder).make() is None
    text, page, data = ((folder / "results" / name).read_text() for name in REPORTS)
    in_markdown = next(line for line in text.splitlines() if line.startswith("  - Settings: "))
    on_page = "\n".join(line for line in page.splitlines() if line.startswith("<dt>Settings"))
    known: dict[str, Any] = json.loads(data)["datasets"][1]["models"][0]["run"]["settings"]
    return in_markdown, on_page, known


def test_a_program_was_not_sent_what_it_does_not_get(folder: Path) -> None:
    """Of a profile with a command, the reports state the prompt's settings and the seed of samples, and no other."""
    in_markdown, on_page, known = reported(folder, "command", temperature=0.8, samples=3, seed=7)
    for name in ("max_tokens", "temperature", "top_p", "context", "greedy"):
        assert name not in in_markdown + on_page
    assert "the rest is the program's own" in in_markdown
    assert known == {"samples": 3, "seed": 7, "system_prompt": "Be brief.", "prompt_version": 1}
    in_markdown, _, known = reported(folder, "command")
    assert "seed" not in known
    assert "greedy" not in in_markdown


def test_fields_of_the_request_are_shown_and_win(folder: Path) -> None:
    """A profile's own request fields stand in the reports; a temperature among them is the one that was sent."""
    request = {"top_k": 40, "temperature": 0.7, "chat_template_kwargs": {"enable_thinking": False}}
    in_markdown, on_page, known = reported(folder, "endpoint", request=request)
    assert "temperature 0.7" in in_markdown
    assert "greedy" not in in_markdown
    assert "top_k = 40" in in_markdown
    assert 'chat_template_kwargs = {"enable_thinking": false}' in in_markdown
    assert "top_k = 40" in on_page
    assert "temperature 0.7" in on_page
    assert (known["temperature"], known["top_p"]) == (0.7, 0.95)
    assert "seed" not in known
