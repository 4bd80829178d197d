import json
from pathlib import Path
from typing import Any

import pytest

from bench.datasets import source
from bench.errors import BenchError, SamplesError
from bench.evaluate import local
from bench.evaluate.grade import Job, grade
from bench.evaluate.ground_truth import GroundTruth
from bench.evaluate.readers import Readers
from bench.records import Verdict
from bench.sandbox.instance import SandboxInstance
from tests.evaluate.grading import PROBLEMS, SOLUTIONS, Grader, problem

WRONG = "def total(numbers):\n    return 7\n"


def test_canonical_solutions_pass(grader: Grader) -> None:
    """Each problem's own solution passes both suites."""
    graded = grader.grade(list(SOLUTIONS.items()))
    assert [row[:2] for row in graded] == [("pass", "pass")] * 6


def test_the_result_says_where_a_sample_fails(grader: Grader) -> None:
    """The first failing input stands in EvalPlus's place, and with expected and actual output in the bench block."""
    ((base, plus, about),) = grader.grade([("Demo/0", WRONG)])
    row = grader.results()["eval"]["Demo/0"][0]
    assert (base, plus, row["base_fail_tests"], row["plus_fail_tests"]) == ("fail", "fail", [[[1, 2, 3]]], [])
    assert about["failure"] == {"suite": "base", "index": 0, "input": "[[1, 2, 3]]", "actual": "7", "expected": "6"}
    assert about["plus_run"] is False


def test_an_exception_is_told_with_its_line(grader: Grader) -> None:
    """What a sample raised stands in the result: its type, its message and the line of the sample."""
    ((_, _, about),) = grader.grade([("Demo/0", "def total(numbers):\n    x = 1\n    return x / (x - 1)\n")])
    assert about["failure"]["error"] == "ZeroDivisionError: division by zero"
    assert about["failure"]["line"] == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "error", "line"),
    [
        ("def total(numbers):\n    return (\n", "SyntaxError", 2), ("import nothing_here\n", "ModuleNotFoundError", 1),
        ("x = 1\n", "the solution does not define total", 0), ("", "no code", 0), ("   \n", "no code", 0),
    ],
)  # fmt: skip
def test_what_does_not_start_fails_with_its_reason(grader: Grader, source: str, error: str, line: int) -> None:
    """A sample without code, without the function or with an error at its top fails, and the reason is kept."""
    ((base, plus, about),) = grader.grade([("Demo/0", source)])
    assert (base, plus) == ("fail", "fail")
    assert (about["failure"]["error"].split(":")[0], about["failure"]["line"]) == (error, line)


def test_a_failed_base_suite_ends_the_sample(grader: Grader) -> None:
    """Plus is not run after base failed, is called a fail, and the bench block says that it did not run."""
    passes_base = "def total(numbers):\n    return {3: 6, 0: 0, 1: -3}.get(len(numbers))\n"
    graded = grader.grade([("Demo/0", passes_base), ("Demo/0", WRONG)])
    assert [(base, plus, about["plus_run"]) for base, plus, about in graded] == [
        ("pass", "fail", True), ("fail", "fail", False),
    ]  # fmt: skip


def test_the_summary_counts_all_problems(grader: Grader) -> None:
    """Problems without a sample are named as not attempted and count as failed."""
    grader.write([("Demo/0", SOLUTIONS["Demo/0"]), ("Demo/1", "x")])
    summary = grader.run()
    assert (summary.n_problems, summary.n_samples, summary.plus_passed) == (6, 2, 1)
    assert summary.plus.value == pytest.approx(1 / 6)
    assert summary.not_attempted == ("Demo/2", "Demo/3", "Demo/4", "Demo/5")
    assert grader.results()["bench"]["not_attempted"] == list(summary.not_attempted)


def test_several_samples_of_a_problem_are_an_estimate(grader: Grader) -> None:
    """With n samples a problem, pass@1 is the mean over problems of the share that passes."""
    grader.write([("Demo/0", SOLUTIONS["Demo/0"]), ("Demo/0", WRONG), ("Demo/3", SOLUTIONS["Demo/3"])])
    assert grader.run().base.value == pytest.approx((0.5 + 1) / 6)


def test_a_sample_may_use_numpy(grader: Grader) -> None:
    """NumPy is there for those who import it, though much that it could want is taken away from samples."""
    text = "import numpy as np\ndef total(numbers):\n    return round(np.dot(np.ones(len(numbers)), numbers))\n"
    late = "def total(numbers):\n    return __import__('num' + 'py').sum(numbers, dtype=int)\n"
    graded = grader.grade([("Demo/0", text), ("Demo/0", late)], reuse=False)
    assert [row[:2] for row in graded] == [("pass", "pass"), ("pass", "pass")]


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ["import multiprocessing", "from multiprocessing import Pool", "import concurrent.futures.process"]
)
def test_a_sample_may_import_what_it_cannot_use(grader: Grader, line: str) -> None:
    """A module that needs names which samples lack is loaded all the same, as in EvalPlus."""
    assert [row[:2] for row in grader.grade([("Demo/0", f"{line}\n\n{SOLUTIONS['Demo/0']}")])] == [("pass", "pass")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("returned", "status"),
    [
        ("n / 3 for n in (2, 1, 0)", "pass"), ("n / 3 + 1e-8 for n in (0, 1, 2)", "pass"),
        ("n / 3 + 1e-8 for n in (2, 1, 0)", "fail"), ("n / 3 for n in (0, 1, 2, 2)", "pass"), ("0, 1, 2", "fail"),
    ],
)  # fmt: skip
def test_floats_compared_as_sets_are_right_in_order_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, returned: str, status: str
) -> None:
    """Where EvalPlus compares sets, floats that are another set pass by the tolerance if they come in order."""
    row = problem(0, "Diff", "def Diff():\n    return [n / 3 for n in (0, 1, 2)]\n", [[]], [[]])
    (tmp_path / "mbpp.jsonl").write_text(json.dumps(row) + "\n")
    monkeypatch.setattr(source, "BUNDLED", tmp_path)
    grader = Grader(tmp_path, tmp_path / "cache", dataset="demo-mbpp")
    ((base, _, _),) = grader.grade([("Demo/0", f"def Diff():\n    return [{returned}]\n")])
    assert base == status


def test_a_completion_is_appended_to_its_prompt(grader: Grader) -> None:
    """A sample may hold `completion`, the rest of the program after the prompt."""
    grader.files.root.mkdir(parents=True)
    row = {"task_id": "Demo/0", "completion": PROBLEMS[0]["canonical_solution"]}
    grader.files.samples.write_text(json.dumps(row) + "\n")
    assert grader.run().plus_passed == 1
    assert grader.results()["eval"]["Demo/0"][0]["solution"] == SOLUTIONS["Demo/0"]


def test_progress_ends_at_all(grader: Grader) -> None:
    """Progress counts samples that have a verdict, duplicates and known ones too, up to all, and the share of work."""
    seen: list[tuple[int, int]] = []
    shares: list[float] = []

    def on_progress(done: int, of: int, phase: str, share: float) -> None:
        if not phase:
            seen.append((done, of))
            shares.append(share)

    grader.write([("Demo/0", WRONG)] * 3 + [("Demo/1", SOLUTIONS["Demo/1"])])
    grader.run(on_progress=on_progress, reuse=False)
    assert seen[-1] == (4, 4)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, pytest.approx(1.0))


@pytest.mark.slow
def test_time_outs_get_their_whole_limit_with_a_core_to_themselves(grader: Grader) -> None:
    """A sample that ran out of time beside others gets all of its time before its verdict stands, and is counted."""
    grader.write([("Demo/0", "def total(numbers):\n    while True:\n        pass\n"), ("Demo/0", WRONG)])
    assert grader.run().retries == 1
    about = grader.results()["bench"]["samples"]["Demo/0"]
    assert [one["retried"] for one in about] == [True, False]
    assert grader.results()["eval"]["Demo/0"][0]["base_status"] == "timeout"
    assert about[0]["failure"]["error"] == "test timed out"
    assert about[0]["seconds"] >= 1


@pytest.mark.slow
def test_who_ran_out_of_time_runs_again_alone(grader: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample that ran out of time beside others runs again when they are done."""
    tries: list[Job] = []

    def recorded(truth: GroundTruth, readers: Readers, sandbox: SandboxInstance, job: Job, core: int = -1) -> Verdict:
        tries.append(job)
        return grade(truth, readers, sandbox, job, core)

    monkeypatch.setattr(local, "grade", recorded)
    grader.write([("Demo/0", "import time\ndef total(numbers):\n    time.sleep(60)\n"), ("Demo/0", WRONG)])
    assert grader.run(reuse=False).retries == 1
    assert [job.before.base if job.before else None for job in tries] == [None, None, "timeout"]
    assert "sleep" in tries[2].text
    assert grader.results()["eval"]["Demo/0"][0]["base_status"] == "timeout"


def test_the_bench_block_says_how_it_was_graded(grader: Grader) -> None:
    """Versions, sandbox, dataset, retries and seconds stand beside EvalPlus's schema."""
    grader.grade([("Demo/0", WRONG)])
    results = grader.results()
    assert list(results) == ["date", "hash", "eval", "pass_at_k", "bench"]
    block = results["bench"]
    assert {"schema", "grader", "evalplus", "python", "sandbox", "dataset_hash", "retries", "seconds"} <= set(block)
    assert (block["sandbox"]["kind"], block["dataset_hash"]) == ("bubblewrap", results["hash"])


@pytest.mark.slow
def test_the_log_says_how_it_was_graded(grader: Grader) -> None:
    """evaluation.log begins with two sentences, on how and on what was graded; then each sample has a line."""
    grader.write([("Demo/0", WRONG), ("Demo/1", SOLUTIONS["Demo/1"])])
    grader.run(reuse=False)
    grader.run()
    block = grader.results()["bench"]
    how, what, empty, wrong, right = grader.files.log("evaluation").read_text().splitlines()
    assert how == "Graded in bubblewrap, 1 at once; a sample may have 4096 MiB and 128 processes."
    assert what == (
        "2 samples of a dataset of 6 problems: 1 pass base, 1 plus; 0 were run again alone, 2 were known before; "
        f"{block['seconds']:.1f} s."
    )
    assert (empty, wrong.split()[:5], right.split()[:5]) == (
        "", ["Demo/0", "base", "fail", "plus", "fail"], ["Demo/1", "base", "pass", "plus", "pass"],
    )  # fmt: skip
    grader.run(reuse=False)
    versions = f"Python {block['python']}, NumPy {grader.results()['bench']['sandbox']['numpy']}"
    assert grader.files.log("evaluation").read_text().startswith(f"Graded in bubblewrap ({versions}), 1 at once; a ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no samples"), ("\n\n", "holds no samples"), ('{"task_id": "Demo/0", "solu', "line 1 is cut off"),
        ('{"task_id": "Demo/0", "solution": "x"}\nrubbish\n', "line 2 is not JSON"),
        ('{"task_id": "Demo/77", "solution": "x"}\n', "no problem of this dataset"),
        ('{"solution": "x"}\n', "has no task_id"), ('{"task_id": "Demo/0"}\n', "has no text"),
        ('{"task_id": "Demo/0", "solution": 5}\n', "has no text"), ("[1]\n", "has no task_id"),
    ],
)  # fmt: skip
def test_bad_samples_are_one_sentence_and_keep_the_old_result(grader: Grader, content: str, words: str) -> None:
    """A samples file that is empty, torn or names what is not there is told of; the old result stays."""
    grader.files.root.mkdir(parents=True)
    grader.files.results.write_text("old")
    grader.files.samples.write_text(content)
    with pytest.raises(SamplesError) as caught:
        grader.run()
    assert words in caught.value.sentence
    assert str(grader.files.samples) in caught.value.sentence
    assert "\n" not in caught.value.sentence
    assert grader.files.results.read_text() == "old"


def test_a_missing_samples_file_is_one_sentence(grader: Grader) -> None:
    """Without samples.jsonl the sentence names the file."""
    with pytest.raises(SamplesError, match=r"samples.jsonl cannot be read \(No such file"):
        grader.run()


def test_a_damaged_dataset_is_one_sentence(grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset file that is not what it should be is named, and the old result stays."""
    (tmp_path / "humaneval.jsonl").write_text('{"task_id": "Demo/0", "prom')
    monkeypatch.setattr(source, "BUNDLED", tmp_path)
    grader.write([("Demo/0", WRONG)])
    grader.files.results.write_text("old")
    with pytest.raises(BenchError) as caught:
        grader.run()
    assert "humaneval.jsonl" in caught.value.sentence
    assert grader.files.results.read_text() == "old"


@pytest.mark.slow
def test_two_gradings_say_the_same(grader: Grader) -> None:
    """The same file graded twice gives the same statuses and the same failing inputs."""
    pairs = [*SOLUTIONS.items(), ("Demo/0", WRONG), ("Demo/1", "def thirds(n):\n    return n\n")]
    rows: list[Any] = []
    for _ in range(2):
        grader.grade(pairs, reuse=False)
        rows.append(grader.results()["eval"])
    assert rows[0] == rows[1]
