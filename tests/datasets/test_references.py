"""The reference solutions of the public sets pass in the sandbox: a part of each, and with the longest tests all."""

import shutil
from itertools import islice
from pathlib import Path

import pytest

from bench import datasets
from bench.datasets import Dataset
from bench.evaluate.selftest import selftest
from bench.profiles import Sandbox
from bench.sandbox.kinds import available

SETS = {
    "evoeval-difficult": 99, "evoeval-creative": 100, "evoeval-subtle": 100, "evoeval-combine": 100,
    "evoeval-tool-use": 100, "humaneval-pro": 164, "mbpp-pro": 378, "leetcode-2024": 420, "cruxeval-o": 800,
    "bigcodebench-stdlib": 289,
}  # fmt: skip
"""Problems whose reference passes."""


@pytest.fixture
def published(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All files of the sets in one folder, under their names."""
    if reason := available("bubblewrap"):
        pytest.skip(f"no bubblewrap: {reason}")
    for file in (shared / "data" / "sets").glob("*/*.json*"):
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.setenv("BENCH_DATASETS", str(tmp_path))


@pytest.mark.slow
def test_all_sets_load_light(published: None) -> None:
    """The problems that are asked, and for each left out the reason."""
    loaded = {name: datasets.load(name) for name in SETS}
    assert {name: len(dataset.problems) for name, dataset in loaded.items()} == SETS
    assert {name: len(dataset.left_out) for name, dataset in loaded.items() if dataset.left_out} == {
        "evoeval-difficult": 1, "leetcode-2024": 6, "bigcodebench-stdlib": 11,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("every", [50, pytest.param(1, marks=pytest.mark.long)], ids=["some", "all"])
@pytest.mark.parametrize("name", SETS)
def test_references_pass(
    published: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, every: int
) -> None:
    """`doit selftest` says n of n."""
    if name == "bigcodebench-stdlib" and shutil.which("bash") is None:
        pytest.skip("no bash")
    whole = datasets.load(name)
    some = dict(islice(whole.problems.items(), int(every > 1), None, every))
    monkeypatch.setattr(datasets, "load", lambda _: Dataset(whole.declaration, f"{whole.hash}-{every}", some))
    monkeypatch.setattr(datasets, "fingerprint", lambda _: f"{whole.hash}-{every}")
    proof = selftest(name, Sandbox(kind="bubblewrap"), tmp_path / "cache")
    assert (proof.plus_passed, proof.n_samples) == (len(some), len(some))
