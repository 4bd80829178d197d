import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench.datasets import source
from bench.evaluate import expected
from bench.evaluate.expected import Expected, read_checked
from bench.evaluate.ground_truth import GroundTruth
from bench.sandbox.instance import Limits
from tests.evaluate.grading import SOLUTIONS, Grader, ground_truth


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a cache is kept once its ground truth was computed."""
    return tmp_path_factory.mktemp("computed") / "cache"


@pytest.fixture
def own(grader: Grader, tmp_path: Path, computed: Path) -> Grader:
    """A grader with a cache of its own, in which ground truth was computed."""
    grader.cache = tmp_path / "own"
    grader.write(list(SOLUTIONS.items()))
    if not computed.exists():
        assert grader.run(reuse=False).plus_passed == 6
        shutil.copytree(grader.cache, computed)
    else:
        shutil.copytree(computed, grader.cache)
    return grader


def path_of(own: Grader, task_id: str) -> Path:
    """The file of a problem's expected outputs."""
    truth = ground_truth(own.cache)
    return truth.path(truth.tasks[task_id])


def damage(path: Path) -> None:
    """Change one byte in the middle."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["damaged", "missing"])
def test_what_is_damaged_is_made_again(own: Grader, how: str) -> None:
    """A damaged or missing file of the ground truth, of the inputs or of the runner is made anew."""
    root, damaged = ground_truth(own.cache).root, {}
    for name in ("*/Demo_0*.truth", "index.json", "inputs/Demo_1*.plus", "runner/*/runner.py", "runner/*/call.py"):
        (path,) = root.glob(name)
        damage(path)
        damaged[path] = path.read_bytes()
        if how == "missing":
            path.unlink()
    assert own.run(reuse=False).plus_passed == 6
    assert [path for path in damaged if path.read_bytes() == damaged[path]] == []


def test_only_what_is_missing_is_computed(own: Grader) -> None:
    """Ground truth is kept by problem: a lost file is that problem's alone."""
    truth = ground_truth(own.cache)
    truth.path(truth.tasks["Demo/2"]).unlink()
    assert [task.task_id for task in truth.missing()] == ["Demo/2"]


def test_known_ground_truth_is_not_computed_again(own: Grader) -> None:
    """A second grading leaves the files of the ground truth as they are."""
    files = sorted(ground_truth(own.cache).root.glob("*/*.truth"))
    before = [path.stat().st_mtime_ns for path in files]
    own.run(reuse=False)
    assert [path.stat().st_mtime_ns for path in files] == before
    assert len(files) == 6


def test_another_dataset_file_has_its_own_ground_truth(
    own: Grader, demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ground truth belongs to the hash of the dataset file."""
    text = (demo_folder / "humaneval.jsonl").read_text()
    (tmp_path / "humaneval.jsonl").write_text(text.replace("[10, 20]", "[10, 21]"))
    before = ground_truth(own.cache).root
    monkeypatch.setattr(source, "BUNDLED", tmp_path)
    assert GroundTruth(own.cache, "demo").root != before


@pytest.mark.slow
def test_expected_outputs_are_never_where_a_sample_sees(own: Grader) -> None:
    """The folder that the sandbox mounts holds the runner's code; no input, no solution, no expected output."""
    runner = ground_truth(own.cache).root / "runner"
    assert [path.name for path in runner.iterdir()] == ["inside"]
    assert {path.suffix for path in (runner / "inside").iterdir()} == {".py"}
    assert not any(b"canonical-marker" in path.read_bytes() for path in (runner / "inside").iterdir())


def test_limits_are_evalplus_heads(own: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test may take max(4 s, 4 x reference); a suite the sum of that, at most 60 s, and one more."""
    monkeypatch.setattr(expected, "MIN_LIMIT", 4.0)
    path = path_of(own, "Demo/0")
    body = read_checked(path)
    assert body
    head = expected.heads(body)
    assert [len(suite.seconds) for suite in head] == [3, 3]
    slow = expected.expected_of(replace(head[0], sizes=[], seconds=[0.1, 2.0, 30.0]), b"")
    assert isinstance(slow, Expected)
    assert slow.limits == Limits(4.0, {"1": 8.0, "2": 120.0}, 61.0)
    assert expected.expected_of(replace(head[0], sizes=[], seconds=[0.1, 0.1, 2.0]), b"").limits.suite == 17.0


def test_beside_others_limits_are_short(own: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside others a test and a suite get a quarter of their limits, or twice what their reference takes."""
    monkeypatch.setattr(expected, "MIN_LIMIT", 4.0)
    body = read_checked(path_of(own, "Demo/0"))
    assert body
    slow = expected.expected_of(replace(expected.heads(body)[0], sizes=[], seconds=[0.1, 2.0, 0.6]), b"")
    assert slow.short_limits == Limits(1.0, {"1": 4.0, "2": 1.2}, pytest.approx(7.2))
    many = expected.expected_of(replace(expected.heads(body)[0], sizes=[], seconds=[0.01] * 900), b"")
    assert (many.short_limits.suite, many.limits.suite) == (pytest.approx(19.0), 61.0)
    few = expected.expected_of(replace(expected.heads(body)[0], sizes=[], seconds=[0.001] * 100), b"")
    assert (few.short_limits.suite, few.limits.suite) == (16.0, 61.0)


def test_large_outputs_are_kept_compact(own: Grader) -> None:
    """Ground truth stays small: an output of 45 kB that is compared by value takes a quarter of that."""
    assert path_of(own, "Demo/2").stat().st_size < 12_000


def test_large_outputs_are_compared_by_value(own: Grader) -> None:
    """A large output of other bytes passes where its values are equal or close, and fails where one is not."""
    ints = "def count_up(n):\n    return list(range(n))\n"
    nearly = "def count_up(n):\n    return [i + 1e-9 for i in range(n)]\n"
    wrong = "def count_up(n):\n    return [i + (i == 4000) for i in range(n)]\n"
    graded = own.grade([("Demo/2", ints), ("Demo/2", nearly), ("Demo/2", wrong)])
    assert [row[:2] for row in graded] == [("pass", "pass"), ("pass", "pass"), ("pass", "fail")]


def test_a_suite_with_large_outputs_is_marked(own: Grader) -> None:
    """Where an output is large, writing outputs down may take its time; elsewhere it may not."""
    truth = ground_truth(own.cache)
    assert [truth.known(truth.tasks[task], "plus").has_large_outputs for task in ("Demo/0", "Demo/2")] == [False, True]


def test_ground_truth_belongs_to_a_python(own: Grader) -> None:
    """What another Python computed is not used: a sandbox with that one has expected outputs of its own."""
    other = GroundTruth(own.cache, "demo", python="3.99.0")
    assert len(other.missing()) == 6
    assert ground_truth(own.cache).missing() == []


IDS = ["Third/a-b", "Third/a_b", "Dritte/ä", "Dritte/ö", "第三/一", "../../x", "A" * 300, "Third/A_B"]


@pytest.mark.slow
def test_problems_with_similar_ids_have_files_of_their_own(
    own: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its id, a problem is judged by its own expected outputs."""
    rows = [
        {"task_id": task_id, "prompt": "def f():\n", "entry_point": "f", "canonical_solution": f"    return {number}\n",
         "base_input": [[]], "plus_input": [[]], "atol": 0}
        for number, task_id in enumerate(IDS)
    ]  # fmt: skip
    (tmp_path / "humaneval.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setattr(source, "BUNDLED", tmp_path)
    own.write([(str(row["task_id"]), f"{row['prompt']}{row['canonical_solution']}") for row in rows])
    assert own.run(reuse=False).plus_passed == len(IDS)
    own.write([(task_id, "def f():\n    return 0\n") for task_id in IDS])
    assert own.run(reuse=False).plus_passed == 1


def test_what_a_reference_takes_is_known_when_it_is_asked_for(own: Grader) -> None:
    """A problem costs what its canonical solution took, and nothing before that ran, whoever looked before."""
    truth, path = ground_truth(own.cache), path_of(own, "Demo/2")
    body = path.read_bytes()
    path.unlink()
    assert truth.cost("Demo/2") == 0
    path.write_bytes(body)
    assert 0 < truth.cost("Demo/2") < 1
    assert truth.cost("Demo/2") == sum(sum(head.seconds) for head in expected.heads(body[16:]))
