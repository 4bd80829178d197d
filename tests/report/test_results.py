import json
from pathlib import Path
from typing import Any

import pytest

from bench.layout import Layout, RunFiles
from bench.profiles import Profile, Sampling
from bench.report.results import Result, inputs, read_all
from bench.text import plain
from tests.report.made import HOSTILE, config, profile


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder that is not there yet."""
    return tmp_path / "results"


def write(files: RunFiles, statuses: list[tuple[str, str]], **more: Any) -> None:
    """Write a result file with one sample for each pair of statuses."""
    rows = {
        f"HumanEval/{i}": [{"solution": f"# {i}", "base_status": base, "plus_status": plus}]
        for i, (base, plus) in enumerate(statuses)
    }
    files.root.mkdir(parents=True, exist_ok=True)
    files.results.write_text(json.dumps({"date": "2026-11-24 10:00", "eval": rows, **more}))


def one(results: Path, *profiles: Profile, **skipped: str) -> Result:
    """The only entry there is."""
    (actual,) = read_all(config(results, *profiles), skipped, {})
    return actual


def test_done(results: Path) -> None:
    """A result has its samples, what is known of each, its provenance and its bench block."""
    files = Layout(results).run("a", "humaneval")
    about = {"HumanEval/0": [{"plus_run": True, "retried": True}], "HumanEval/1": [{"failure": {"suite": "plus"}}]}
    write(files, [("pass", "pass"), ("pass", "fail")], bench={"n_problems": 2, "grader": "1", "samples": about})
    info = {"task_id": "HumanEval/1", "sample": 0, "rule": "fence", "lost": "truncated", "origin": "raw.jsonl:2"}
    files.sample_info.write_text(json.dumps({**info, "task_id": "HumanEval/0", "lost": ""}) + "\n" + json.dumps(info))
    files.provenance.write_text('{"schema": 1, "totals": {"seconds": 3}}')
    actual = one(results, profile("a"))
    assert (actual.state, actual.n_problems, actual.date) == ("done", 2, "2026-11-24 10:00")
    assert [sample.passed for sample in actual.samples] == [True, False]
    assert actual.samples[0].retried
    assert actual.samples[1].info.lost == "truncated"
    assert actual.samples[1].failure == {"suite": "plus"}
    assert actual.run["totals"] == {"seconds": 3}
    assert actual.bench == {"n_problems": 2, "grader": "1"}


def test_never_run(results: Path) -> None:
    """A profile without any file is shown with the command that runs it."""
    actual = one(results, profile("a"))
    assert (actual.state, actual.reason, actual.remedy) == ("none", "not run yet", "doit eval:a")


def test_skipped_keeps_an_older_result(results: Path) -> None:
    """A profile that cannot run here says why, and still shows the result that it has."""
    write(Layout(results).run("a", "humaneval"), [("pass", "pass")])
    actual = one(results, profile("a"), a="no model file models/m.gguf")
    assert (actual.state, actual.reason, len(actual.samples)) == ("skipped", "no model file models/m.gguf", 1)
    assert "profiles.toml" in actual.remedy


def test_a_package_is_to_be_installed(results: Path) -> None:
    """A profile whose model lies in a package that is absent is told to install it, not to put a file there."""
    packaged = profile("a", model="package:some_models/m.gguf")
    assert one(results, packaged, a="no package some_models (uv run --extra try doit)").remedy == "install it"


def test_failed_keeps_an_older_result(results: Path) -> None:
    """A failed profile says in which stage, when and why, without its own name twice, beside its older result."""
    files = Layout(results).run("a", "humaneval")
    write(files, [("pass", "pass")])
    failure = {"stage": "generate", "sentence": "a: the server ended.", "at": "2026-11-24 22:10"}
    files.failure.write_text(json.dumps(failure))
    actual = one(results, profile("a"))
    assert actual.state == "failed"
    assert actual.reason == "the server ended (generate, 2026-11-24 22:10)"
    assert len(actual.samples) == 1


def test_partial(results: Path) -> None:
    """An import that is declared partial says how many problems it attempts; the denominator stays the full set."""
    write(Layout(results).run("a", "humaneval"), [("pass", "pass")] * 3)
    actual = one(results, profile("a", model="", solutions=("x",), partial=True))
    assert (actual.state, actual.n_problems) == ("partial", 164)
    assert actual.reason.startswith("3 of 164 problems attempted")


@pytest.mark.parametrize(
    ("graded", "reason"),
    [(164, "164 of 164 problems, 164 of 328 samples so far"), (2, "2 of 164 problems, 2 of 328 samples so far")],
)
def test_a_part_of_the_samples(results: Path, graded: int, reason: str) -> None:
    """A result that has fewer samples of its problems than the profile asks for is a part."""
    write(Layout(results).run("a", "humaneval"), [("pass", "pass")] * graded)
    actual = one(results, profile("a", sampling=Sampling(samples=2, temperature=0.8)))
    assert (actual.state, actual.reason) == ("partial", reason)


def test_outdated(results: Path) -> None:
    """A result that is not up to date says why and how to fix that; what was never run or failed says that instead."""
    write(Layout(results).run("a", "humaneval"), [("pass", "pass")])
    why = "max_tokens 4096 → 8192 (generate)"
    outdated = {("a", "humaneval"): why, ("b", "humaneval"): why}
    a, b = read_all(config(results, profile("a"), profile("b")), {}, outdated)
    assert (a.state, a.reason, a.remedy, len(a.samples)) == ("outdated", why, "doit eval:a", 1)
    assert b.state == "none"
    Layout(results).run("a", "humaneval").failure.write_text("{}")
    assert read_all(config(results, profile("a")), {}, outdated)[0].state == "failed"


def test_gone(results: Path) -> None:
    """Results of a profile or a dataset that is no longer declared are shown as such; hidden folders are not."""
    layout = Layout(results)
    write(layout.run("old", "humaneval"), [("pass", "pass")])
    write(layout.run("a", "mbpp"), [("pass", "pass")])
    write(layout.run(".cache", "humaneval"), [("pass", "pass")])
    actual = read_all(config(results, profile("a")), {}, {})
    assert [(one.id, one.dataset, one.state) for one in actual] == [
        ("a", "humaneval", "none"), ("a", "mbpp", "gone"), ("old", "humaneval", "gone"),
    ]  # fmt: skip
    assert actual[1].reason == "profiles.toml no longer asks a for mbpp"
    assert actual[2].reason == "profiles.toml no longer declares old"


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"eval": 3}', '{"eval": {}}', '{"eval": {"HumanEval/0": [{"base": [["success", []]]}]}}',
     '{"eval": {"HumanEval/0": {"nfiles": 1}}}', '{"eval": {"HumanEval/0": [null]}}', "\x00\xff"],
)  # fmt: skip
def test_damaged_results(results: Path, content: str) -> None:
    """A result file that is damaged, or of a form that is not known, is a failure with its remedy, never an error."""
    files = Layout(results).run("a", "humaneval")
    files.root.mkdir(parents=True)
    files.results.write_text(content, encoding="latin-1")
    actual = one(results, profile("a"))
    assert (actual.state, actual.remedy) == ("failed", "doit eval:a grades it again")
    assert actual.samples == ()


@pytest.mark.parametrize("content", ["", "{", "[1]", "3", '"text"', "\x00", "[" * 100_000])
def test_damaged_companions(results: Path, content: str) -> None:
    """A damaged run.json, samples_info.jsonl or failure.json leaves the result readable."""
    files = Layout(results).run("a", "humaneval")
    write(files, [("pass", "pass")], bench={"samples": content, "sandbox": 3, "n_problems": "many"})
    for path in (files.provenance, files.sample_info, files.failure):
        path.write_text(content)
    actual = one(results, profile("a"))
    assert (actual.state, len(actual.samples), actual.run) == ("failed", 1, {})
    assert "record cannot be read" in actual.reason


def test_results_in_a_folder_of_solutions(results: Path) -> None:
    """What EvalPlus wrote beside solutions that are imported is no result of a dataset that is called import."""
    layout = Layout(results)
    write(layout.run("a", "humaneval"), [("pass", "pass")])
    write(layout.run("a", "import"), [("pass", "pass")])
    assert one(results, profile("a")).dataset == "humaneval"


@pytest.mark.parametrize(
    "wrong",
    [
        {"seconds": None},
        {"seconds": float("nan")},
        {"completion_tokens": 10**400},
        {"origin": None},
        {"lost": []},
        {"rule": 3},
    ],
)
def test_infos_of_other_types_are_left_out(results: Path, wrong: dict[str, Any]) -> None:
    """A line of samples_info.jsonl with a value of another type is as good as none; the next one keeps its place."""
    files = Layout(results).run("a", "humaneval")
    files.root.mkdir(parents=True)
    row = {"solution": "# x", "base_status": "pass", "plus_status": "pass"}
    files.results.write_text(json.dumps({"date": "2026-11-24 10:00", "eval": {"HumanEval/0": [row, row]}}))
    info = {"task_id": "HumanEval/0", "sample": 0, "rule": "fence", "lost": "", "seconds": 1.5}
    files.sample_info.write_text(f"{json.dumps(info | wrong)}\n{json.dumps(info | {'sample': 1})}\n")
    first, second = one(results, profile("a")).samples
    assert (first.info.seconds, second.info.seconds, second.info.rule) == (0.0, 1.5, "fence")


def test_evalplus_own_results(results: Path) -> None:
    """Results that evalplus.evaluate wrote itself, base only and without our block, are shown with what they have."""
    rows = {"HumanEval/0": [{"task_id": "HumanEval/0", "solution": "", "base_status": "pass", "plus_status": None}]}
    files = Layout(results).run("a", "humaneval")
    files.root.mkdir(parents=True)
    files.results.write_text(json.dumps({"date": "2024-01-01 00:00", "hash": "x", "eval": rows}))
    actual = one(results, profile("a"))
    assert (actual.state, actual.n_problems) == ("partial", 164)
    assert (actual.samples[0].statuses, actual.samples[0].info.lost) == (("pass", "fail"), "no code")


def test_several_samples(results: Path) -> None:
    """Samples of one problem are numbered in the order of the file, each with its own line of what is known."""
    files = Layout(results).run("a", "humaneval")
    rows = [{"solution": str(i), "base_status": "pass", "plus_status": "pass"} for i in range(3)]
    files.root.mkdir(parents=True)
    files.results.write_text(json.dumps({"eval": {"HumanEval/0": rows}}))
    sample_info = ({"task_id": "HumanEval/0", "sample": i, "rule": f"r{i}", "lost": ""} for i in range(3))
    files.sample_info.write_text("\n".join(map(json.dumps, sample_info)))
    actual = one(results, profile("a"))
    assert [(sample.number, sample.info.rule) for sample in actual.samples] == [(0, "r0"), (1, "r1"), (2, "r2")]


def test_one_suite(results: Path) -> None:
    """A dataset with a single suite has one status a sample, whatever stands in EvalPlus's second place."""
    write(Layout(results).run("a", "quiz"), [("pass", "fail"), ("fail", "pass")], bench={"suites": ["tests"]})
    actual = one(results, profile("a", sampling=Sampling(datasets=("quiz",))))
    assert actual.suites == ("tests",)
    assert [sample.statuses for sample in actual.samples] == [("pass",), ("fail",)]
    assert [sample.passed for sample in actual.samples] == [True, False]


def test_texts_are_plain(results: Path) -> None:
    """Titles, notes, reasons and dates become one plain line each on reading."""
    files = Layout(results).run("a", "humaneval")
    write(files, [("pass", "pass")], date=HOSTILE[0])
    files.failure.write_text(json.dumps({"sentence": HOSTILE[5], "stage": HOSTILE[0], "at": "now"}))
    actual = one(results, profile("a", title=HOSTILE[4], note=HOSTILE[6], reference=HOSTILE[5]))
    for text in (actual.title, actual.note, actual.reference, actual.reason, actual.date):
        assert text == plain(text)
        assert text.isprintable()


def test_inputs(results: Path) -> None:
    """Inputs are the files that a report shows, in a fixed order, not journals and not what is hidden."""
    files = Layout(results).run("b", "humaneval")
    write(files, [("pass", "pass")])
    write(Layout(results).run("a", "humaneval"), [("pass", "pass")])
    write(Layout(results).run(".cache", "humaneval"), [("pass", "pass")])
    files.journal.write_text("")
    (results / ".cache" / "selftest.json").write_text("{}")
    (results / "NOTES_max_tokens.md").write_text("")
    output = [str(path.relative_to(results)) for path in inputs(config(results))]
    assert output == [
        "a/humaneval/eval_results.json", "b/humaneval/eval_results.json", ".cache/selftest.json", "NOTES_max_tokens.md",
    ]  # fmt: skip


def test_inputs_of_nothing(tmp_path: Path) -> None:
    """A results folder that does not exist yet has no inputs."""
    assert inputs(config(tmp_path / "none")) == []
