from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bench.errors import BenchError, MissingPrerequisite, ServerError
from bench.graph.step import Step
from bench.locks import locked
from bench.profiles.file import load
from bench.report.results import read


@dataclass(frozen=True)
class Copies(Step):
    """A step that copies a file; the dataset is known once it has run."""

    stage: ClassVar[str] = "copy"
    state: dict[str, Any] = field(default_factory=dict)

    def depends(self) -> dict[str, Any]:
        if self.state.get("away"):
            raise MissingPrerequisite("the source is away.")
        return {"dataset": self.state.get("dataset")}

    def outputs(self) -> tuple[Path, ...]:
        return (self.files.samples,)

    def run(self) -> None:
        if self.state.get("breaks"):
            raise ServerError("it broke.")
        if self.state.get("lacks"):
            raise MissingPrerequisite("nothing of demo is here yet.")
        self.files.root.mkdir(parents=True, exist_ok=True)
        self.files.samples.write_text("x")
        self.state["dataset"] = "downloaded"


@pytest.fixture
def step(tmp_path: Path) -> Copies:
    """A step of a profile in a folder of its own."""
    (tmp_path / "profiles.toml").write_text('[profiles.one]\nmodel = "a.gguf"\n')
    config = load(tmp_path / "profiles.toml")
    return Copies(config, config.profile("one"), "demo")


def test_a_dataset_that_comes_while_a_step_runs_is_no_reason(step: Copies) -> None:
    """A step that had its dataset downloaded is up to date when it has run."""
    assert step.make() is None
    assert step.reasons() == ()


def test_what_is_missing_before_a_step_begins_leaves_no_failure(step: Copies) -> None:
    """A prerequisite that is away for a while leaves nothing behind that the report would tell for ever."""
    step.make()
    step.state["away"] = True
    told = step.make()
    assert told is not None
    assert told.get_msg().startswith("one: the source is away.")
    assert not step.files.failure.exists()
    step.state["away"] = False
    assert step.reasons() == ()


def test_a_failure_is_kept_until_the_step_has_run(step: Copies) -> None:
    """What went wrong in a step is told by the report until it goes right."""
    step.state["breaks"] = True
    assert step.make() is not None
    assert step.files.failure.exists()
    step.state["breaks"] = False
    assert step.make() is None
    assert not step.files.failure.exists()


def test_what_a_step_finds_missing_is_skipped(step: Copies) -> None:
    """A step that finds in its midst what is not there yet fails, and the report calls that skipped, not failed."""
    step.state["lacks"] = True
    assert step.make() is not None
    told = read(step.files, step.profile)
    assert (told.state, told.remedy) == ("skipped", "fix that, then doit eval:one")
    assert told.reason.startswith("nothing of demo is here yet (copy, ")
    step.state.update(lacks=False, breaks=True)
    step.make()
    assert read(step.files, step.profile).state == "failed"


def test_a_lock_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    """A lock file that is no file, or not this user's, is named with a remedy."""
    (tmp_path / "lock").mkdir()
    with pytest.raises(BenchError, match="make it writable, or remove it"), locked(tmp_path / "lock", what="It"):
        pass
