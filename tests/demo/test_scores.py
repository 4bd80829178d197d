from collections import Counter
from pathlib import Path

import pytest

from bench import samples
from bench.demo.bundled_answers import DATASETS
from bench.demo.scores import ALWAYS, GREEDY, NEVER, Score
from bench.evaluate import expected
from bench.evaluate.run import evaluate
from bench.evaluate.selftest import selftest
from bench.files import read_json
from bench.generate.requests import completions_of
from bench.generate.run import generate
from bench.profiles import Config
from bench.sample_info import read_sample_info
from bench.sandbox.kinds import available
from tests.demo.conftest import Profiles

HANGS_IN_ONE = [pytest.param("demo", marks=pytest.mark.slow), "demo-mbpp"]
SAMPLES = "samples = 3\ntemperature = 0.8"
NO_SERVER = 'executable = "no-such-server"'


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that hangs has 1 s; skips where there is no sandbox."""
    if reason := available("bubblewrap"):
        pytest.skip(f"no bubblewrap: {reason}")
    monkeypatch.setattr(expected, "MIN_LIMIT", 1.0)


def run(config: Config, dataset: str) -> tuple[dict[str, int], dict[str, dict[str, list[bool]]]]:
    """Generate, extract and grade: the lost samples by reason; by suite and problem whether each sample passes."""
    profile, files = config.profile("demo"), config.layout.run("demo", dataset)
    generate(profile, config, dataset)
    samples.from_completions(profile, config, dataset, completions_of(profile, config, dataset))
    lost = Counter(info.lost for info in read_sample_info(files.sample_info).values() if info.lost)
    evaluate(files, dataset, config.sandbox, config.layout.cache)
    graded = read_json(files.results)["eval"]
    passed: dict[str, dict[str, list[bool]]] = {}
    for suite, needed in (("base", ["base_status"]), ("plus", ["base_status", "plus_status"])):
        passed[suite] = {task: [all(row[n] == "pass" for n in needed) for row in rows] for task, rows in graded.items()}
    return dict(lost), passed


def score(config: Config, dataset: str) -> Score:
    """The score of a greedy run."""
    lost, passed = run(config, dataset)
    base, plus = (sum(row[0] for row in passed[suite].values()) for suite in ("base", "plus"))
    return Score(len(passed["base"]), base, plus, lost)


def check_samples(passed: dict[str, dict[str, list[bool]]]) -> None:
    """Three samples of each problem: what is known to pass always or never does so, and some of the rest differ."""
    for suite, rows in passed.items():
        assert {len(row) for row in rows.values()} == {3}
        assert {task for task, row in rows.items() if all(row)} >= ALWAYS[suite]
        assert {task for task, row in rows.items() if not any(row)} >= NEVER
        assert any(len(set(row)) == 2 for row in rows.values())
        assert not any(len(set(rows[task])) == 2 for task in ALWAYS[suite] | NEVER)


@pytest.mark.slow
@pytest.mark.parametrize("dataset", DATASETS)
def test_canonical_solutions_pass(dataset: str, profiles: Profiles, tmp_path: Path) -> None:
    """Every bundled problem's own solution passes all its tests in the sandbox."""
    summary = selftest(dataset, profiles().sandbox, tmp_path)
    assert summary.base_passed == summary.plus_passed == summary.n_problems == GREEDY[dataset].problems


@pytest.mark.slow
@pytest.mark.parametrize("dataset", HANGS_IN_ONE)
def test_the_bundled_answers_have_the_known_score(dataset: str, profiles: Profiles) -> None:
    """Where no server can run, the bundled answers are graded as is known in advance."""
    assert score(profiles(server=NO_SERVER), dataset) == GREEDY[dataset]


@pytest.mark.slow
@pytest.mark.parametrize("dataset", HANGS_IN_ONE)
def test_the_model_has_the_known_score(dataset: str, profiles: Profiles) -> None:
    """The model, built and served on the spot, is graded as is known in advance."""
    pytest.importorskip("xllamacpp")
    assert score(profiles(), dataset) == GREEDY[dataset]


@pytest.mark.slow
def test_bundled_samples_differ(profiles: Profiles) -> None:
    """Where no server can run, three bundled samples of each problem pass and fail as is known in advance."""
    check_samples(run(profiles(SAMPLES, NO_SERVER), "demo-mbpp")[1])


@pytest.mark.slow
def test_samples_at_a_temperature_differ(profiles: Profiles) -> None:
    """At a temperature, the model wavers where it is made to, and nowhere else."""
    pytest.importorskip("xllamacpp")
    check_samples(run(profiles(SAMPLES), "demo-mbpp")[1])
