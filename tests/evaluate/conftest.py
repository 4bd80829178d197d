import json
from pathlib import Path

import pytest

from bench.datasets import source
from bench.evaluate import expected
from bench.sandbox.kinds import available
from tests import images
from tests.evaluate.grading import PROBLEMS, Grader


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the problems made for these tests lie, as bundled datasets do."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "humaneval.jsonl").write_text("".join(json.dumps(row) + "\n" for row in PROBLEMS))
    return folder


@pytest.fixture(autouse=True)
def demo(demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dataset `demo` is a handful of problems made for these tests; a test's time limit is 1 s, not 4."""
    monkeypatch.setattr(source, "BUNDLED", demo_folder)
    monkeypatch.setattr(expected, "MIN_LIMIT", 1.0)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ground truth that tests share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def image() -> str:
    """A sandbox image made without a registry; skips where there is no engine."""
    if reason := available("docker"):
        pytest.skip(f"no Docker: {reason}")
    return images.sandbox()


@pytest.fixture(params=["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def kind(request: pytest.FixtureRequest) -> str:
    """Each sandbox in turn."""
    if request.param == "docker":
        request.getfixturevalue("image")
    elif reason := available("bubblewrap"):
        pytest.skip(f"no bubblewrap: {reason}")
    return str(request.param)


@pytest.fixture
def grader(tmp_path: Path, cache: Path) -> Grader:
    """Grades in bubblewrap."""
    if reason := available("bubblewrap"):
        pytest.skip(f"no bubblewrap: {reason}")
    return Grader(tmp_path, cache)
