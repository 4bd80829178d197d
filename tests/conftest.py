import gzip
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bench import datasets

# A deadline would measure the machine that the tests share, not the code.
settings.register_profile("busy", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

STUBS = Path(__file__).parent / "stubs"
"""Modules that EvalPlus imports and does not use where it is compared with."""
SHARED = Path(__file__).parents[2] / "shared"


ALONE = ("evaluate/test_cluster", "sandbox/test_limits", "sandbox/test_memory")
"""Modules whose slow tests need the cores to themselves: they measure time or memory."""
LONG = (
    "evaluate/test_corpus", "e2e/test_real_problems", "e2e/test_cluster", "e2e/test_hosts",
    "e2e/test_ssh", "servers/test_compose", "servers/test_remote_models", "demo/test_known_answers",
)  # fmt: skip
"""Modules whose slow tests take many minutes together: `.ci/run --all` runs them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares one container's name, or measures, does not run beside its like."""
    for item in items:
        place = item.path.with_suffix("").as_posix()
        for marker, modules in ((pytest.mark.alone, ALONE), (pytest.mark.long, LONG)):
            if place.endswith(modules):
                item.add_marker(marker)
        if item.get_closest_marker("docker"):
            item.add_marker(pytest.mark.xdist_group("docker"))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All quick tests run on all cores, eight at most; slow ones, and those that are named, in this process."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS and config.option.markexpr == "not slow"
    return min(os.cpu_count() or 1, 8) if whole else 0


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run servers of their own, whoever else runs one on this machine, and know no dataset of another test."""
    datasets.declare({})
    monkeypatch.setenv("BENCH_LOCKS", str(tmp_path))
    for variable in ("BENCH_PROFILES", "HUMANEVAL_OVERRIDE_PATH", "MBPP_OVERRIDE_PATH"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def evalplus_imports(monkeypatch: pytest.MonkeyPatch) -> None:
    """EvalPlus's own programs can be imported, here and in processes that are started."""
    monkeypatch.syspath_prepend(STUBS)
    monkeypatch.setenv("PYTHONPATH", str(STUBS))
    # A placeholder without the name that EvalPlus asks for may be there already.
    monkeypatch.delitem(sys.modules, "datasets", raising=False)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared data and corpus; skips where they are not beside the project."""
    if not (SHARED / "corpus").is_dir():
        pytest.skip(f"no shared corpus in {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def unpacked(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """HumanEval+ and MBPP+, unpacked: the variable that names each, and its file."""
    folder = tmp_path_factory.mktemp("datasets")
    found = {}
    for variable, name in (("HUMANEVAL_OVERRIDE_PATH", "HumanEvalPlus"), ("MBPP_OVERRIDE_PATH", "MbppPlus")):
        found[variable] = folder / f"{name}.jsonl"
        found[variable].write_bytes(gzip.decompress((shared / "data" / f"{name}.jsonl.gz").read_bytes()))
    return found


@pytest.fixture
def real_datasets(unpacked: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Points the program at the unpacked datasets."""
    for variable, path in unpacked.items():
        monkeypatch.setenv(variable, str(path))
    return unpacked
