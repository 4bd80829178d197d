"""Ground truth: outputs and durations of the references, one checksummed file a problem.

    <cache>/truth/<dataset md5>-<format>/
        index.json                   per problem: prompt, reference, how it runs and is compared, digests of its files
        inputs/, outputs/            of each suite; outputs only if the dataset itself has them
        <python>/<problem>.truth     expected records of all suites; never visible inside

The Python is the sandbox's, since outputs depend on it. Shared by all models; missing or damaged files are computed
again, in the sandbox. Nothing is ever unpickled.
"""

import marshal
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench import datasets
from bench.datasets import Problem
from bench.datasets.checker import Checker, ProgramChecker
from bench.datasets.evalplus_checker import evalplus_checker
from bench.errors import GraderError
from bench.evaluate import GRADER_VERSION
from bench.evaluate.expected import Collector, Expected, Head, encoded, heads, pack, read_checked, unpack, write_checked
from bench.evaluate.problem_tests import ProblemTests, file_name
from bench.evaluate.values import decode
from bench.files import digest, digest_of, read_table, write_atomic, write_json
from bench.locks import locked
from bench.sandbox.instance import Limits, Run, SandboxInstance

FORMAT = 7
UNLIMITED = Limits(600.0, {}, 600.0)
"""The limits of a reference."""

PROGRAM = ("entry_point", "preamble", "harness", "defines", "restricted", "scheme", "files", "build", "command")
"""The fields of a problem that a run needs."""


class GroundTruth:
    """The ground truth of one dataset, below one cache folder. Raises DatasetError where the dataset is missing.

    With its `md5`, the dataset itself is needed only where the cache lacks a file. `python` is the version in the
    sandbox, to be set before an expected output is read.
    """

    def __init__(self, cache: Path, dataset: str, md5: str = "", python: str = "") -> None:
        self.dataset, self.python = dataset, python
        self.hash = md5 or datasets.fingerprint(dataset) or datasets.load(dataset).hash
        self.root = cache / "truth" / f"{self.hash}-{FORMAT}"
        self._costs: dict[Path, float] = {}
        self.tasks = self._index()
        self._kept = lru_cache(maxsize=16)(_read)

    def _index(self) -> dict[str, ProblemTests]:
        saved = read_table(self.root / "index.json")
        if saved.get("check") != digest_of(saved.get("tasks")):
            saved = {"tasks": [self._prepare(problem) for problem in datasets.load(self.dataset).problems.values()]}
            write_json(self.root / "index.json", saved | {"check": digest_of(saved["tasks"])})
        family = datasets.known()[self.dataset].family
        tasks = (
            ProblemTests(
                row["task_id"], row["prompt"], row["reference"], _checker(family, row),
                digest_of([row, GRADER_VERSION]), row["inputs"], row["outputs"], row["program"], row["own_tests"],
                tuple(row["programs"]),
            )
            for row in saved["tasks"]
        )  # fmt: skip
        return {task.task_id: task for task in tasks}

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that its problems need in the sandbox beside Python."""
        return tuple(sorted({name for task in self.tasks.values() for name in task.programs}))

    def _prepare(self, problem: Problem) -> dict[str, Any]:
        problem = problem.whole()
        digests: dict[str, dict[str, str]] = {"inputs": {}, "outputs": {}}
        for suite in problem.suites:
            for kind, values in (("inputs", suite.inputs), ("outputs", suite.outputs)):
                if values is not None:
                    data = marshal.dumps(values, 2)
                    write_atomic(self._file(problem.task_id, kind, suite.name), data)
                    digests[kind][suite.name] = digest(data)
        return {
            "task_id": problem.task_id, "prompt": problem.prompt, "reference": problem.reference, "atol": problem.atol,
            "unordered": problem.unordered, "own_tests": problem.own_tests,
            "programs": problem.programs,
            "program": {name: getattr(problem, name) for name in PROGRAM}, **digests,
        }  # fmt: skip

    def _file(self, task_id: str, kind: str, suite: str) -> Path:
        return self.root / kind / f"{file_name(task_id)}.{suite}"

    def inputs(self, task: ProblemTests, suite: str) -> list[Any]:
        """The inputs of a suite. Raises GraderError where the file was damaged."""
        return marshal.loads(self.marshalled(task, suite))  # type: ignore[no-any-return]  # noqa: S302 - own file, digest checked

    def marshalled(self, task: ProblemTests, suite: str, kind: str = "inputs") -> bytes:
        """The inputs of a suite as they are sent to a sandbox, or its outputs, if the dataset has them.

        Raises GraderError where the file was damaged.
        """
        data = self._file(task.task_id, kind, suite).read_bytes()
        if digest(data) != getattr(task, kind)[suite]:
            raise GraderError(f"The {kind} of {task.task_id} in {self.root} are damaged; delete that folder.")
        return data

    def missing(self) -> list[ProblemTests]:
        """The problems whose ground truth or inputs are missing or damaged."""
        return [task for task in self.tasks.values() if read_checked(self.path(task)) is None or not self._sound(task)]

    def complete(
        self, compute: Callable[[list[ProblemTests]], Iterable[object]], on_truth: Callable[[int, int], None]
    ) -> bool:
        """Let `compute` store what is missing or damaged, one problem after the other; whether anything was.

        `on_truth` gets the number of problems computed, and of all missing ones. Raises the errors of `compute`.
        """
        if not self.missing():
            return False
        with locked(self.root / "lock", subject=f"the ground truth in {self.root}", wait=True):
            missing = self.missing()
            self.restore(missing)
            for number, _ in enumerate(compute(missing), 1):
                on_truth(number, len(missing))
        return True

    def cost(self, task_id: str) -> float:
        """CPU seconds of the reference for all suites; 0 while its ground truth is missing."""
        path = self.path(self.tasks[task_id])
        if path not in self._costs:
            body = read_checked(path)
            if body is None:
                return 0.0
            self._costs[path] = sum(sum(head.seconds) for head in heads(body))
        return self._costs[path]

    def restore(self, tasks: Iterable[ProblemTests]) -> None:
        """Write missing or damaged files of these problems again. Raises DatasetError."""
        for task in tasks:
            if not self._sound(task):
                self._prepare(datasets.load(self.dataset).problems[task.task_id])

    def _sound(self, task: ProblemTests) -> bool:
        try:
            for kind in ("inputs", "outputs"):
                for suite in getattr(task, kind):
                    self.marshalled(task, suite, kind)
        except (OSError, GraderError):
            return False
        return True

    def path(self, task: ProblemTests, python: str = "") -> Path:
        """The file of a problem's expected records; `python` if not the sandbox's."""
        return self.root / (python or self.python or "unknown") / f"{file_name(task.task_id)}.truth"

    def compute(self, sandbox: SandboxInstance, task: ProblemTests, _core: int = -1) -> None:
        """Run the reference in `sandbox` and store its records. Raises GraderError, SandboxEnded."""
        write_checked(self.path(task), pack([self._suite(sandbox, task, suite) for suite in task.suites]))

    def _suite(self, sandbox: SandboxInstance, task: ProblemTests, suite: str) -> tuple[Head, bytes]:
        collected = self._collect(sandbox, task, suite) if task.reference else None
        if collected is None and task.reference and suite not in task.outputs:
            # A busy machine may end a correct reference, which is the only source of its outputs.
            collected = self._collect(sandbox, task, suite)
        if suite in task.outputs:
            # The dataset's outputs are expected, whatever the reference returns; it only measures the times.
            values = marshal.loads(self.marshalled(task, suite, "outputs"))  # noqa: S302 - own file, digest checked
            return encoded(values, task.checker, collected[0].seconds if collected else [0.0] * len(values))
        if collected is None:
            known = datasets.at_hand(self.dataset)
            problem = known.problems.get(task.task_id) if known else None
            raise GraderError(
                f"{task.task_id}{f' ({problem.place})' if problem and problem.place else ''} has neither expected "
                "outputs nor a reference that returns them in this sandbox; fix it, or take it out."
            )
        return collected

    def _collect(self, sandbox: SandboxInstance, task: ProblemTests, suite: str) -> tuple[Head, bytes] | None:
        """The outputs of the reference; None where it does not run to its end."""
        run = Run(
            inputs=self.marshalled(task, suite),
            limits=UNLIMITED,
            normalise=task.checker.normalise,
            timed=True,
            uncut_from=task.checker.uncut_from(-1),
            **task.program,
        )
        collector = Collector()
        end = sandbox.run(run, task.reference, collector.take)
        packed, times = collector.done()
        if end.status != 0 or not times:
            return None
        first_float, seconds, nan = decode(times)
        return Head(first_float, seconds, nan, collector.sizes, len(packed)), packed

    def expected(self, sandbox: SandboxInstance, task: ProblemTests, suite: str) -> Expected:
        """The expected records of a suite; missing or damaged ones are computed in `sandbox`.

        Raises GraderError, SandboxEnded.
        """
        try:
            return self.known(task, suite)
        except FileNotFoundError:
            self.compute(sandbox, task)
        return self.known(task, suite)

    def known(self, task: ProblemTests, suite: str) -> Expected:
        """The expected records of a suite. Raises FileNotFoundError where they are missing or damaged."""
        return self._kept(self.path(task))[task.suites.index(suite)]


def _read(path: Path) -> list[Expected]:
    body = read_checked(path)
    if body is None:
        raise FileNotFoundError(path)
    return list(unpack(body))


def _checker(family: str, row: dict[str, Any]) -> Checker:
    if row["program"]["scheme"] != "call":
        return ProgramChecker()
    if family:
        return evalplus_checker(row["atol"], family=family, entry_point=row["program"]["entry_point"])
    return Checker(row["atol"], row["unordered"])
