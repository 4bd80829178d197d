from pathlib import Path

import pytest

from bench import extract
from bench.evaluate.results import Summary
from bench.graph import stale
from bench.graph.stale import Reason
from bench.graph.steps import Evaluate, Generate, Samples, score_line, what_is_asked
from bench.profiles.file import load
from bench.stats import estimate


def test_the_score_line() -> None:
    """The line has both scores, the interval of several samples too, what was lost, and the seconds."""
    once = Summary(4, 4, {}, estimate([(1, 1)] * 3 + [(1, 0)]), estimate([(1, 1), (1, 0)] * 2), 3, 2, (), 0, 0, 7.0)
    lost = [{"lost": "no code"}, {"lost": ""}]
    assert score_line("demo", once, lost) == "Demo 75.0   Demo+ 50.0 (15.0 to 85.0)   1 no code   7 s"
    several = estimate([(2, 1)] * 4)
    twice = Summary(4, 8, {}, several, several, 4, 4, (), 0, 0, 7.0)
    assert score_line("demo", twice, []) == "Demo 50.0   Demo+ 50.0 (21.5 to 78.5)   7 s"


@pytest.mark.parametrize(
    ("changed", "missing", "cut", "said"),
    [
        ([Reason("changed", "max_tokens", 4096, 8192)], 7, 7, "7 of 164 completions were truncated"),
        ([Reason("changed", "max_tokens", 4096, 8192)], 7, 1, "1 of 164 completions was truncated, 6 failed"),
        ([Reason("changed", "max_tokens", 4096, 8192)], 2, 0, "2 of 164 completions are to be asked for"),
        ([Reason("changed", "max_tokens", 4096, 2048)], 9, 2, "9 of 164 completions are to be asked for"),
        ([Reason("changed", "system_prompt", "a", "b")], 0, 0, "all 164 completions are in the journal"),
        ([Reason("changed", "max_tokens", "absent", 8192)], 7, 7, "7 of 164 completions are to be asked for"),
        (
            [Reason("changed", "max_tokens", 4096, 8192), Reason("unfinished")],
            99,
            3,
            "99 of 164 completions are to be asked for",
        ),
        ([Reason("first run")], 44, 0, "goes on from 120 of 164 completions"),
        ([], 44, 0, "goes on from 120 of 164 completions"),
    ],
)
def test_how_many_are_asked_for(changed: list[Reason], missing: int, cut: int, said: str) -> None:
    """Generation says how many of how many completions it is for, in the words of the reason."""
    assert what_is_asked(changed, missing, 164, cut) == said


def test_a_new_extractor_generates_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the samples step depends on the extractor, not the generation of what it extracts from."""
    (tmp_path / "profiles.toml").write_text('[profiles.m]\nmodel = "builtin:demo"\nserver = { kind = "process" }\n')
    config = load(tmp_path / "profiles.toml")
    steps = [stage(config, config.profile("m"), "demo") for stage in (Generate, Samples)]
    before = [step.depends() for step in steps]
    monkeypatch.setattr(extract, "VERSION", extract.VERSION + 1)
    generate, samples = (step.depends() for step in steps)
    assert generate == before[0]
    assert {name for name in samples if samples[name] != before[1][name]} == {"extractor"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("memory = 4096", "memory = 8192", ["memory 4096 → 8192"]),
        ("pids = 128", "pids = 64", ["pids 128 → 64"]),
        ('image = "one"', 'image = "two"', ["image one → two"]),
        ('kind = "auto"\nimage = "one"', 'kind = "docker"\nimage = "one"', []),
        ('kind = "bubblewrap"\nimage = "one"', 'kind = "bubblewrap"\nimage = "two"', []),
        ("workers = 1", "workers = 4", []),
    ],
)
def test_another_sandbox_grades_again(tmp_path: Path, before: str, after: str, said: list[str]) -> None:
    """Grading is stale by what a sandbox gives a sample; an image counts where Docker may be used, workers never."""

    def step(sandbox: str) -> Evaluate:
        (tmp_path / "profiles.toml").write_text(f'[sandbox]\n{sandbox}\n[profiles.m]\nsolutions = "x.jsonl"\n')
        config = load(tmp_path / "profiles.toml")
        return Evaluate(config, config.profile("m"), "demo")

    done = step(before)
    done.files.results.parent.mkdir(parents=True)
    done.files.results.write_text("{}")
    stale.mark(done.files.stamp("eval"), done.depends(), done.outputs())
    assert step(before).reasons() == ()
    assert [str(reason) for reason in step(after).reasons()] == said
