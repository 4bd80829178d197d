from pathlib import Path

import pytest
from doit.task import Task

from bench import versions
from bench.errors import BenchError, MissingPrerequisite, ServerError
from bench.evaluate.results import Summary
from bench.graph.settings import differences
from bench.graph.stages import Evaluate, Generate, Samples, score_line
from bench.interrupts import Stopped
from bench.locks import abandoned, locked
from bench.profiles import Profile
from bench.profiles.file import load
from bench.stats import estimate

TASK = Task("samples:one:demo", None, meta={})


def profile_of(folder: Path, text: str, **_: object) -> tuple[object, Profile]:
    """The only profile of a profiles file."""
    (folder / "profiles.toml").write_text(text)
    config = load(folder / "profiles.toml")
    (profile,) = config.profiles
    return config, profile


@pytest.fixture
def stage(tmp_path: Path) -> Samples:
    """A stage of an endpoint's profile."""
    config, profile = profile_of(
        tmp_path, '[profiles.one]\nmodel = "m"\nserver = { kind = "endpoint", base_url = "http://127.0.0.1:9/v1" }\n'
    )
    return Samples(config, profile, "demo")  # type: ignore[arg-type]


def test_the_score_line() -> None:
    """The line has both scores, the interval of several samples too, what was lost, and the seconds."""
    once = Summary(4, 4, {}, estimate([(1, 1)] * 3 + [(1, 0)]), estimate([(1, 1), (1, 0)] * 2), 3, 2, (), 0, 0, 7.0)
    lost = [{"lost": "no code"}, {"lost": ""}]
    assert score_line("demo", once, lost) == "Demo 75.0   Demo+ 50.0 (15.0 to 85.0)   1 no code   7 s"
    several = estimate([(2, 1)] * 4)
    twice = Summary(4, 8, {}, several, several, 4, 4, (), 0, 0, 7.0)
    assert score_line("demo", twice, []) == "Demo 50.0   Demo+ 50.0 (21.5 to 78.5)   7 s"
    assert score_line("cruxeval-o", twice, []) == "CRUXEval-O 50.0 (21.5 to 78.5)   7 s"


def test_a_new_extractor_generates_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only samples depend on the extractor, not the generation of what it extracts from."""
    config, profile = profile_of(tmp_path, '[profiles.m]\nmodel = "builtin:demo"\nserver = { kind = "process" }\n')
    stages = [stage(config, profile, "demo") for stage in (Generate, Samples)]  # type: ignore[arg-type]
    before = [stage.settings() for stage in stages]
    monkeypatch.setattr(versions, "EXTRACTOR", versions.EXTRACTOR + 1)
    generate, samples = (stage.settings() for stage in stages)
    assert generate == before[0]
    assert [change.name for change in differences(before[1], samples)] == ["extractor"]


@pytest.mark.parametrize(
    ("before", "after", "phrases"),
    [
        ("memory = 4096", "memory = 8192", ["memory 4096 → 8192"]),
        ("pids = 128", "pids = 64", ["pids 128 → 64"]),
        ('image = "one"', 'image = "two"', ["image one → two"]),
        ('kind = "auto"\nimage = "one"', 'kind = "docker"\nimage = "one"', []),
        ('kind = "bubblewrap"\nimage = "one"', 'kind = "bubblewrap"\nimage = "two"', []),
        ("workers = 1", "workers = 4", []),
    ],
)
def test_another_sandbox_grades_again(tmp_path: Path, before: str, after: str, phrases: list[str]) -> None:
    """Grading is stale by what a sandbox gives a sample; an image counts where Docker may be used, workers never."""

    def settings(sandbox: str) -> dict[str, object]:
        text = f'[sandbox]\n{sandbox}\n[profiles.m]\nsolutions = "x.jsonl"\n'
        return Evaluate(*profile_of(tmp_path, text), "demo").settings()  # type: ignore[arg-type]

    assert list(map(str, differences(settings(before), settings(after)))) == phrases


def test_arguments_are_told_apart(tmp_path: Path) -> None:
    """One argument with a space and two arguments are two things."""

    def args(text: str) -> object:
        server = 'server = { kind = "endpoint", base_url = "http://127.0.0.1:9/v1" }'
        actual = profile_of(tmp_path, f'[profiles.m]\nmodel = "m"\n{server}\nargs = {text}\n')
        return Generate(*actual, "demo").settings()["args"]  # type: ignore[arg-type]

    assert args('["--grammar", "a b"]') != args('["--grammar", "a", "b"]')


def test_a_failure_is_told_until_the_stage_has_run(stage: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    """What went wrong is kept for the report, and is the reason of the next run, until it goes right."""
    error: BenchError | None = ServerError("it broke.")

    def work(_: Samples) -> None:
        if error:
            raise error

    monkeypatch.setattr(Samples, "work", work)
    failed = stage.run(TASK)
    assert failed is not None
    assert failed.get_msg().startswith("one: it broke.")
    assert stage.last() == "failed last time: it broke"
    error = None
    assert stage.run(TASK) is None
    assert stage.last() == ""


def test_a_missing_prerequisite_leaves_nothing(stage: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is away before a stage begins leaves no record of a failure that would be told for ever."""

    def away(_: Samples) -> dict[str, object]:
        raise MissingPrerequisite("the model is away.")

    monkeypatch.setattr(Samples, "settings", away)
    failed = stage.run(TASK)
    assert failed is not None
    assert failed.get_msg().startswith("one: the model is away.")
    assert not stage.files.failure.exists()


def test_an_interrupt_is_told(stage: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that was stopped says so the next time; one that is at work now names its process."""

    def work(_: Samples) -> None:
        assert stage.last().startswith("under way in process ")
        raise KeyboardInterrupt

    monkeypatch.setattr(Samples, "work", work)
    with pytest.raises(Stopped):
        stage.run(TASK)
    assert stage.last() == "interrupted last time"
    assert Generate(stage.config, stage.profile, stage.dataset).last() == ""


def test_a_lock_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """A lock file that is no file, or not this user's, is named with a remedy."""
    (tmp_path / "lock").mkdir()
    with pytest.raises(BenchError, match="make it writable, or remove it"), locked(tmp_path / "lock", subject="It"):
        pass


def test_a_lock_tells_of_a_holder_that_was_stopped(tmp_path: Path) -> None:
    """What a holder wrote stays where it was stopped, and goes where it ended or failed."""
    path = tmp_path / "lock"
    for error, stays in ((KeyboardInterrupt(), True), (ServerError("no"), False), (None, False)):
        try:
            with locked(path, subject="It", note=" (x)"):
                assert not abandoned(path)
                if error:
                    raise error
        except (KeyboardInterrupt, ServerError):
            pass
        assert abandoned(path).endswith("(x)") is stays


def test_what_an_import_depends_on(tmp_path: Path) -> None:
    """Samples depend on each file of an import; on another profile's by its content, without bringing it up to date."""
    text = '[profiles.m]\nsolutions = ["import/", "results/x/demo"]\ndatasets = ["demo"]\n'
    for name in ("import/part-1.jsonl", "import/part-2.jsonl", "results/x/demo/samples.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"task_id": "Demo/0", "solution": "x"}\n')
    samples = Samples(*profile_of(tmp_path, text), "demo")  # type: ignore[arg-type]
    assert [path.name for path in samples.inputs()] == ["part-1.jsonl", "part-2.jsonl"]
    before = samples.settings()
    (tmp_path / "results" / "x" / "demo" / "samples_info.jsonl").write_text("")
    assert [change.name for change in differences(before, samples.settings())] == ["solutions of other profiles"]


@pytest.mark.parametrize("whole", [True, False])
def test_what_an_image_lacks_is_skipped_in_a_whole_run(
    stage: Samples,
    monkeypatch: pytest.MonkeyPatch,
    whole: bool,  # noqa: FBT001
) -> None:
    """What is seen to be missing while a stage works fails it where it was asked for by name, else it is skipped."""
    missing = MissingPrerequisite("The sandbox has no node; choose an image that has it.")
    monkeypatch.setattr(Samples, "work", lambda _: (_ for _ in ()).throw(missing))
    failed = stage.run(Task("samples:one:demo", None, meta={"named": not whole}))
    assert (failed is None) == whole
    assert stage.missing == missing.sentence
