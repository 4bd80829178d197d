"""Solutions that are not EvalPlus's functions: programs, classes, tests of one's own, given outputs."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import datasets
from bench.datasets import Declaration, Problem, Suite, cruxeval, humanevalpack, unittests
from bench.datasets.problem import NONCE
from bench.errors import GraderError, MissingPrerequisite
from bench.extract.targets import solution_of
from bench.sandbox.inside import outputs
from tests.evaluate.grading import Grader

PROGRAM: dict[str, Any] = {"scheme": "program", "target": "program", "prompt": ""}
SUM = Problem(
    "Own/sum", entry_point="", reference="print(sum(map(int, input().split())))\n",
    suites=(Suite("tests", [["1 2\n"], ["-5 5 7"]], ["3\n", "7"]),), **PROGRAM,
)  # fmt: skip
SOLUTION_CLASS = Problem(
    "Own/class", prompt="", entry_point="_f", defines="Solution", preamble="from typing import List\nLIMIT = 3\n",
    reference="class Solution:\n    def twice(self, xs: List[int]):\n        return [2 * x for x in xs][:LIMIT]\n",
    harness="def _f(xs):\n    return Solution().twice(xs)\n",
    suites=(Suite("tests", [[[1, 2]], [[5]], [[1, 2, 3, 4]]], [[2, 4], [10], [2, 4, 6]]),),
)  # fmt: skip
ANY_ORDER = Problem(
    "Own/any", prompt="", entry_point="f", defines="f", reference="def f(n):\n    return list(range(n))\n",
    suites=(Suite("tests", [[3], [5000]], [[2, 0, 1], list(range(5000))]),), unordered=True,
)  # fmt: skip
SETS = Problem(
    "Own/sets", prompt="", entry_point="f", defines="f", reference="def f(s):\n    return {x: {x} for x in s}\n",
    suites=(Suite("tests", [[{1, (2, 3)}]]),),
)  # fmt: skip
NO_REFERENCE = Problem(
    "Own/none", prompt="", entry_point="f", defines="f", reference="", suites=(Suite("tests", [[1]], [2.0]),)
)
UNITS = Problem(
    "Own/units", prompt="", entry_point=unittests.ENTRY, defines="f", reference="def f(n):\n    return n + 1\n",
    restricted=False, own_tests=True,
    **unittests.fields(
        "import unittest\nclass T(unittest.TestCase):\n    def test_one(self):\n        self.assertEqual(f(1), 2)\n"
        "    def test_two(self):\n        self.assertEqual(f(4), 5)\n", ["T.test_one", "T.test_two"],
    ),
)  # fmt: skip
TOTAL = replace(
    UNITS, task_id="Own/total", defines="total", reference="total = sum\n",
    **unittests.fields("from solution import total\ndef test():\n    assert total([1, 2]) == 3\n", ["test"]),
)  # fmt: skip
SCRIPT = {
    "task_id": "JavaScript/0", "prompt": "/* Whether a number is even. */\nconst isEven = (n) => {\n", "test":
    "const testIsEven = () => {\n  console.assert(isEven(2) === true)\n  console.assert(isEven(3) === false)\n}\n\n"
    "testIsEven()\n", "declaration": "const isEven = (n) => {\n", "canonical_solution": "  return n % 2 === 0;\n}\n\n",
}  # fmt: skip
LITERAL = Problem(
    "Own/literal", prompt="", message="What?", target="literal", entry_point=cruxeval.ENTRY, defines=cruxeval.ENTRY,
    reference=cruxeval.program("[1, 2]"), suites=(Suite("tests", [[]], [[1, 2]]),),
)  # fmt: skip
PROBLEMS = [LITERAL, SUM, SOLUTION_CLASS, ANY_ORDER, SETS, NO_REFERENCE, UNITS, TOTAL]


@pytest.fixture
def own(grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Grader]:
    """A grader of the problems above."""
    declaration = Declaration("own", "Own", "tasks", files=(str(tmp_path),))
    dataset = datasets.Dataset(declaration, "0", {problem.task_id: problem for problem in PROBLEMS})
    datasets.declare({"own": declaration})
    monkeypatch.setattr(datasets, "load", lambda _: dataset)
    monkeypatch.setattr(datasets, "fingerprint", lambda _: "0")
    grader.dataset = "own"
    yield grader
    datasets.declare({})


def statuses(own: Grader, pairs: list[tuple[Problem, str]]) -> list[tuple[str, str, str]]:
    """Both statuses of each solution, and why it failed."""
    own.write([(problem.task_id, text) for problem, text in pairs])
    own.run(reuse=False)
    results = own.results()
    rows = {
        task: iter(zip(results["eval"][task], results["bench"]["samples"][task], strict=True))
        for task in results["eval"]
    }
    graded = []
    for problem, _ in pairs:
        row, about = next(rows[problem.task_id])
        failure = about["failure"] or {}
        graded.append(
            (row["base_status"], row["plus_status"], str(failure.get("error") or failure.get("actual") or ""))
        )
    return graded


@pytest.mark.slow
def test_references_pass(own: Grader) -> None:
    """Each reference passes its only suite, which counts as both of EvalPlus's; without one, limits are the least."""
    pairs = [(problem, problem.reference) for problem in PROBLEMS if problem.reference]
    graded = statuses(own, [*pairs, (NO_REFERENCE, "def f(n):\n    return n + 1\n")])
    assert [row[:2] for row in graded] == [("pass", "pass")] * len(PROBLEMS)
    block = own.results()["bench"]
    assert (block["suites"], block["own_tests"]) == (["tests"], True)


PASS = ("pass", "pass", "")


PROGRAMS = [
        ("import sys\nprint(sum(int(x) for x in sys.stdin.read().split()), end=' \\n\\n')\n", PASS),
        ("import sys\nsys.stdout.buffer.write(b'%d.0' % sum(map(int, sys.stdin.buffer.readline().split())))\n", PASS),
        ("print(sum(map(int, open(0).read().split())))\nexit()\n", PASS),
        ("import os\nos.write(1, str(sum(map(int, os.read(0, 99).split()))).encode())\n", PASS),
        ("import threading as t\nt.Timer(0.1, lambda: print(sum(map(int, input().split())))).start()\n", PASS),
        ("import atexit\natexit.register(print, sum(map(int, input().split())))\n", PASS),
        ("if __name__ == '__main__':\n    print(sum(map(int, input().split())))\n", PASS),
        ("print(3)\n", ("fail", "fail", "'3\\n'")),
        ("print(3)\nraise SystemExit(1)\n", ("fail", "fail", "ExitCode: 1")),
        ("x = 1\nprint(1 / 0)\n", ("fail", "fail", "ZeroDivisionError: division by zero")),
        ("print(", ("fail", "fail", "SyntaxError: '(' was never closed (<solution>, line 1)")),
        ("import os\nprint(sum(map(int, input().split())), flush=True)\nos._exit(0)\n", PASS),
        ("import os\nos.fork()\n", ("fail", "fail", "PermissionError: [Errno 1] Operation not permitted")),
        ("", ("fail", "fail", "no code")),
        ("print('x' * 5_000_000)\n", ("fail", "fail", f"{(1 << 22) + 5} bytes")),
]  # fmt: skip


@pytest.mark.slow
def test_programs(own: Grader) -> None:
    """A program reads standard input and writes its output in whichever way; failing with a reason is failing."""
    rows = statuses(own, [(SUM, source) for source, _ in PROGRAMS])
    assert dict(zip(PROGRAMS, rows, strict=True)) == {program: program[1] for program in PROGRAMS}


@pytest.mark.slow
def test_a_program_that_never_ends_times_out(own: Grader) -> None:
    """A program has the time of a test."""
    (row,) = statuses(own, [(SUM, "while True:\n    pass\n")])
    assert row[:2] == ("timeout", "timeout")


SOLUTIONS = [
        (SOLUTION_CLASS, "x = 1\n", ("fail", "fail", "the solution does not define Solution")),
        (SOLUTION_CLASS, "class Solution:\n    def twice(self, xs):\n        return xs\n", ("fail", "fail", "[1, 2]")),
        (SOLUTION_CLASS, "class Solution: pass\n",
         ("fail", "fail", "AttributeError: 'Solution' object has no attribute 'twice'")),
        (ANY_ORDER, "def f(n):\n    return [*range(n)][::-1]\n", PASS),
        (ANY_ORDER, "def f(n):\n    return [*range(n - 1), 0]\n", ("fail", "fail", "[0, 1, 0]")),
        (ANY_ORDER, "def f(n):\n    return tuple(range(n))\n", ("fail", "fail", "(0, 1, 2)")),
        (SETS, "def f(s):\n    return {(2.0, 3): frozenset([(2, 3)]), 1: {True}}\n", PASS),
        (NO_REFERENCE, "def f(n):\n    return 2.0000001\n", PASS),
        (NO_REFERENCE, "def f(n):\n    return 2.1\n", ("fail", "fail", "2.1")),
]  # fmt: skip


@pytest.mark.slow
def test_classes_orders_and_given_outputs(own: Grader) -> None:
    """A harness calls what the solution defines, and given outputs are compared with as computed ones are."""
    rows = statuses(own, [(problem, source) for problem, source, _ in SOLUTIONS])
    assert [(*one[:2], row) for one, row in zip(SOLUTIONS, rows, strict=True)] == SOLUTIONS


FORGED = (
    "import os\nfor fd in range(3, 64):\n    try:\n        os.write(fd, {!r})\n    except OSError:\n        pass\n"
    "os._exit(0)\n"
)
PASSED = [outputs.record(NONCE, outputs.LIMIT)] * 2
DONE = outputs.HEADER.pack(outputs.DONE, 0)


AROUND = [
    "def f(n):\n    return n\n",
    "import sys\nsys.exit(0)\n",
    "import os\nos._exit(0)\n",
    "import sys\ndef f(n):\n    sys.exit(0)\n",
    "import unittest\nunittest.TestCase.assertEqual = lambda *_: None\ndef f(n):\n    return 0\n",
    "import unittest\nunittest.TestCase.run = lambda *_: None\ndef f(n):\n    return 0\n",
    "def f(n):\n    raise __import__('unittest').SkipTest\n",
    FORGED.format(b"".join([*PASSED, DONE])),
    FORGED.format(b"".join([outputs.record("ok", outputs.LIMIT)] * 2 + [DONE])),
    "import os\ndef f(n):\n    if os.fork() == 0:\n        os._exit(0)\n    return 0\n",
    "import subprocess, sys\ndef f(n):\n    subprocess.run([sys.executable, '-c', ''])\n    return 0\n",
]


@pytest.mark.slow
def test_tests_beside_the_solution_are_not_passed_by_going_around_them(own: Grader) -> None:
    """A wrong answer, an early exit, a patched or skipped test and records written beforehand pass nothing."""
    rows = statuses(own, [(UNITS, source) for source in AROUND])
    passed = [source for source, row in zip(AROUND, rows, strict=True) if row[:2] != ("fail", "fail")]
    assert passed == []


HOSTILE = [
    "connects_to_itself", "daemon", "endless_loop", "endless_threads", "exits_with_zero", "fills_the_files",
    "finds_traces", "fork_bomb", "forges_frames", "gains_privileges", "keeps_a_key", "kills_its_parent",
    "limits_its_parent", "locks_shared_files", "memory_bomb", "memory_bomb_in_family", "memory_in_attributes",
    "memory_in_pipes", "memory_of_many_processes", "memory_of_nobody", "network", "overwrites_the_runner",
    "reads_the_host", "sets_the_kernel", "starves_its_neighbours", "traces", "walks_frames", "watches_files",
    "works_in_children", "works_in_children_of_nobody", "writes_the_host",
]  # fmt: skip
"""Those that do not lie about what equals what, and want more than what tests of their own may do."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("problem", "end"),
    [(TOTAL, ""), (SUM, "print(total(list(map(int, input().split()))))\n")],
    ids=["tests", "program"],
)
def test_hostile_samples_of_other_schemes(own: Grader, problem: Problem, end: str) -> None:
    """Beside its tests or as a program a hostile sample passes no more, and a right one after each passes."""
    own.settings = {"memory": 2048}
    texts = [(Path(__file__).parent / "hostile" / f"{name}.py").read_text(encoding="utf-8") for name in HOSTILE]
    right = [f"{problem.reference}# {number}\n" for number in range(len(texts))]
    pairs = [(problem, one) for text, after in zip(texts, right, strict=True) for one in (text + end, after)]
    verdicts = [row[0] for row in statuses(own, pairs)]
    assert [name for name, status in zip(HOSTILE, verdicts[::2], strict=True) if status == "pass"] == []
    assert [name for name, status in zip(HOSTILE, verdicts[1::2], strict=True) if status != "pass"] == []


@pytest.mark.slow
def test_hostile_literals(own: Grader) -> None:
    """A value that takes all time or memory fails alone: right ones between them pass, and nothing of it runs here."""
    hostile = [
        "[0 for a in range(1 << 24) for b in range(1 << 24)]", "[[0] * (1 << 25) for a in range(1 << 25)]",
        "9 ** 9 ** 9", "'a' * 10 ** 12", "[" * 90 + "]" * 90, "'%99999999999d' % 1", "1 << (1 << 40)",
    ]  # fmt: skip
    right = [f"[1{' ' * number}, 2]" for number in range(len(hostile))]
    texts = [solution_of(text, LITERAL).code for pair in zip(hostile, right, strict=True) for text in pair]
    verdicts = [row[0] for row in statuses(own, [(LITERAL, text) for text in texts])]
    assert {*verdicts[::2]} == {"fail", "timeout"}
    assert {*verdicts[1::2]} == {"pass"}


def test_tests_have_files_and_processes_of_their_own(own: Grader) -> None:
    """What tests beside a solution do is allowed: modes and times of files, programs, workers, databases."""
    source = """
import multiprocessing, os, shutil, sqlite3, subprocess, sys
def double(n):
    return 2 * n
def f(n):
    with open("a", "w") as file:
        file.write("text")
    shutil.copy2("a", "b")
    os.chmod("b", 0o755)
    subprocess.run([sys.executable, "-c", "open('c', 'w').write('x')"], check=True)
    with multiprocessing.Pool(2) as pool:
        doubled = pool.map(double, [1, 2])
    with sqlite3.connect("d") as database:
        database.execute("create table e (f)")
    made = [os.path.exists("c"), os.stat("b").st_mode & 0o777 == 0o755, doubled == [2, 4], os.remove("d") is None]
    return n + all(made)
"""
    (row,) = statuses(own, [(UNITS, source)])
    assert row == PASS


@pytest.mark.slow
def test_memory_of_processes_without_a_first_thread_counts(own: Grader) -> None:
    """What processes beside tests hold counts together, also where the first thread of each has ended."""
    source = """
import ctypes, os, threading, time
def hold():
    time.sleep(0.3)
    kept = b"x" * (150 << 20)
    time.sleep(3)
    os._exit(0)
def f(n):
    for _ in range(6):
        if os.fork() == 0:
            threading.Thread(target=hold).start()
            ctypes.CDLL(None).pthread_exit(None)
    time.sleep(2)
    return n + 1
"""
    own.settings = {"memory": 512}
    (row,) = statuses(own, [(UNITS, source)])
    assert row == ("fail", "fail", "used more memory than it may")


@pytest.fixture
def script(own: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Problem:
    """A problem in JavaScript, as the only one of a dataset; skips where Node is not installed."""
    if shutil.which("node") is None:
        pytest.skip("no Node (apt install nodejs)")
    (tmp_path / "js.jsonl").write_text(json.dumps(SCRIPT) + "\n")
    (problem,) = humanevalpack.problems(tmp_path / "js.jsonl")
    dataset = datasets.Dataset(datasets.known()["own"], "2", {problem.task_id: problem})
    monkeypatch.setattr(datasets, "load", lambda _: dataset)
    monkeypatch.setattr(datasets, "fingerprint", lambda _: "2")
    return problem


EVEN = "const isEven = n => n % 2 === 0;\n"


SCRIPTS = [
    (EVEN, "pass"),
    ("const isEven = (n) => { console.log('x'); process.stdout.write('y'); return n % 2 === 0 }", "pass"),
    (f"const crypto = require('crypto')\n{EVEN}module.exports = {{ isEven }}", "pass"),
    ("function isEven(n) { return n % 2 === 0 }\nif (require.main === module) { console.log(isEven(1)) }", "pass"),
    ("const isEven = n => true", "fail"),
    ("process.exit(0)", "fail"),
    ("process.on('exit', () => { process.exitCode = 0 }); const isEven = n => true", "fail"),
    ("const console = { assert() {} }; const isEven = n => true", "fail"),
    ("console.assert = () => {}; const isEven = n => true", "fail"),
    ("const isEven = n => { try { console.assert(false) } catch {} return n % 2 === 0 }", "fail"),
    ("console.log(require('fs').readFileSync('/dev/stdin', 'utf8')); process.exit(0)", "fail"),
    ("const fs = require('fs'); fs.writeSync(1, fs.readFileSync(0, 'utf8')); process.exit(0)", "fail"),
    ("require('fs').writeFileSync('tests.js', ''); const isEven = n => true", "fail"),
    ("const fs = require('fs'); fs.writeFileSync(`/proc/${process.ppid}/fd/3`, 'x')\n" + EVEN, "fail"),
    ("require('net').connect(80, '192.0.2.1'); process.exit(0)", "fail"),
    ("const isEven = n => {", "fail"),
    ("console.assert(true); console.assert(true); throw ''", "fail"),
    ("const isEven = () => { console.assert(true); console.assert(true); throw { toString: () => '' } }", "fail"),
    (
        "globalThis.String = () => ''; const isEven = () => { console.assert(true); console.assert(true); throw 1 }",
        "fail",
    ),
    ("while (true) {}", "timeout"),
]


@pytest.mark.slow
def test_programs_in_another_language(own: Grader, script: Problem) -> None:
    """JavaScript passes where each of its assertions has run and held; an exit code alone proves nothing."""
    rows = statuses(own, [(script, source) for source, _ in SCRIPTS])
    assert [(source, row[0]) for (source, _), row in zip(SCRIPTS, rows, strict=True)] == SCRIPTS


SAME = [
    "JSON.stringify = () => ''",
    "globalThis.JSON = { stringify: () => '' }",
    "const JSON = { stringify: () => '' }",
    "Object.defineProperty(globalThis, 'JSON', { value: { stringify: () => '' } })",
    "Math.abs = () => 0",
    "Array.prototype.toJSON = () => 1",
    "Object.prototype.toJSON = () => 1",
    "Object.keys = () => []",
]
FEW = (
    "console.assert(JSON.stringify(few(2)) === JSON.stringify([0, 1]) || Math.abs(few(2)[1] - 1) < 0.1 "
    "|| Object.keys(few(2)).length === 0)\n"
)
ODD = (
    "String.prototype.twice = function () { return this + this }\nconst few = (n) => {\n  const own = {}\n"
    "  own.toString = () => 'x'\n  return [...Array(n).keys()]\n}\n"
)


@pytest.mark.slow
def test_what_tests_in_another_language_compare_with_is_not_replaced(
    own: Grader, script: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A solution that makes all texts and numbers the same passes nothing; one that adds methods of its own does."""
    few = replace(script, harness=FEW, reference=ODD)
    datasets.load("own").problems[few.task_id] = few
    monkeypatch.setattr(datasets, "fingerprint", lambda _: "3")
    rows = statuses(own, [(few, ODD), *((few, f"{lie}\nconst few = (n) => [5, 5, 5]\n") for lie in SAME)])
    assert [row[0] for row in rows] == ["pass", *["fail"] * len(SAME)]


def test_the_reference_in_another_language_passes(own: Grader, script: Problem) -> None:
    """It is asked as a script, and its own answer is taken out of its fence."""
    answer = f"Here it is:\n```javascript\n{script.reference}```\n"
    (row,) = statuses(own, [(script, solution_of(answer, script).code)])
    assert row == PASS


def test_a_program_that_the_sandbox_lacks(own: Grader, script: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed, one sentence says what to install, and nothing is graded."""
    monkeypatch.setattr(shutil, "which", lambda name, **_: None if name == "node" else f"/usr/bin/{name}")
    own.write([(script.task_id, script.reference)])
    with pytest.raises(
        MissingPrerequisite, match=r"has no node, which this dataset's tests need; apt install nodejs\."
    ):
        own.run(reuse=False)


def test_inputs_that_are_no_json_are_written_as_python_does(own: Grader) -> None:
    """The failing input of a result is JSON, or the text that Python has for it."""
    statuses(own, [(SETS, "def f(s):\n    return 0\n")])
    assert "(2, 3)" in own.results()["eval"]["Own/sets"][0]["base_fail_tests"][0]
    json.dumps(own.results())


def test_a_problem_without_outputs_and_reference_is_one_sentence(own: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be compared with anything is named."""
    bare = Problem("Own/bare", prompt="", entry_point="f", reference="", suites=(Suite("tests", [[1]]),))
    dataset = datasets.Dataset(datasets.known()["own"], "1", {"Own/bare": bare})
    monkeypatch.setattr(datasets, "load", lambda _: dataset)
    monkeypatch.setattr(datasets, "fingerprint", lambda _: "1")
    own.write([("Own/bare", "def f(n):\n    return n\n")])
    with pytest.raises(GraderError, match="Own/bare has neither expected outputs nor a reference"):
        own.run(reuse=False)
