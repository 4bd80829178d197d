"""Ground truth: what the canonical solutions return and how long they take, one checksummed file a problem.

    <cache>/truth/<dataset md5>-<format>/
        inputs/                      the inputs of the suites; sent to the sandbox with each sample
        index.json                   per problem: prompt, canonical solution, tolerance, digests of the inputs
        <python>/<problem>.truth     expected records of both suites; never visible inside

The Python is the sandbox's, since what a solution returns depends on it. Shared by all models; what is missing or
damaged is computed again, in the sandbox. Nothing is ever unpickled.
"""

import marshal
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench import problems
from bench.datasets.evalplus_checker import EvalPlusChecker
from bench.errors import GraderError
from bench.evaluate import GRADER_VERSION
from bench.evaluate.expected import Collector, Expected, heads, keep, kept, pack, unpack
from bench.evaluate.task import SUITES, Task, file_name, inputs_file
from bench.evaluate.values import decode
from bench.files import digest, digest_of, read_json, write_atomic, write_json
from bench.sandbox.instance import Limits, Run, SandboxInstance

FORMAT = 4
UNLIMITED = Limits(600.0, {}, 600.0)
"""What a canonical solution may take."""


class Truth:
    """The ground truth of one dataset, below one cache folder. Raises DatasetError where the dataset is missing.

    With its `md5`, the dataset itself is needed only where the cache lacks something that is made from it. `python` is
    the version in the sandbox, to be set before an expected output is asked for.
    """

    def __init__(self, cache: Path, dataset: str, md5: str = "", python: str = "") -> None:
        self.dataset, self.python = dataset, python
        self.hash = md5 or problems.fingerprint(dataset) or problems.load(dataset).hash
        self.root = cache / "truth" / f"{self.hash}-{FORMAT}"
        self._costs: dict[Path, float] = {}
        self.tasks = self._index()
        self._kept = lru_cache(maxsize=16)(_read)

    def _index(self) -> dict[str, Task]:
        saved = read_json(self.root / "index.json")
        if not (isinstance(saved, dict) and saved.get("check") == digest_of(saved.get("tasks"))):
            saved = {"tasks": [self._prepare(problem) for problem in problems.load(self.dataset).problems.values()]}
            write_json(self.root / "index.json", saved | {"check": digest_of(saved["tasks"])})
        family = problems.SOURCES[self.dataset].family
        tasks = (
            Task(
                row["task_id"], row["entry_point"], row["prompt"], row["canonical"],
                EvalPlusChecker(row["atol"], family=family, entry_point=row["entry_point"]),
                digest_of([row, GRADER_VERSION]), row["inputs"],
            )
            for row in saved["tasks"]
        )  # fmt: skip
        return {task.task_id: task for task in tasks}

    def _prepare(self, problem: problems.Problem) -> dict[str, Any]:
        digests = {}
        for suite in SUITES:
            data = marshal.dumps(problem.suite(suite).inputs, 2)
            write_atomic(self.root / inputs_file(problem.task_id, suite), data)
            digests[suite] = digest(data)
        return {
            "task_id": problem.task_id, "entry_point": problem.entry_point, "prompt": problem.prompt,
            "atol": problem.atol, "inputs": digests,
            "canonical": problem.reference,
        }  # fmt: skip

    def inputs(self, task: Task, suite: str) -> list[Any]:
        """The inputs of a suite. Raises GraderError where the file was damaged."""
        return marshal.loads(self.marshalled_inputs(task, suite))  # type: ignore[no-any-return]  # noqa: S302 - own file, digest checked

    def marshalled_inputs(self, task: Task, suite: str) -> bytes:
        """The inputs of a suite as they are sent to a sandbox. Raises GraderError where the file was damaged."""
        data = (self.root / task.inputs_file(suite)).read_bytes()
        if digest(data) != task.digests[suite]:
            raise GraderError(f"The inputs of {task.task_id} in {self.root} are damaged; delete that folder.")
        return data

    def missing(self) -> list[Task]:
        """The problems whose ground truth or inputs are not there or damaged."""
        return [task for task in self.tasks.values() if kept(self.path(task)) is None or not self._sound(task)]

    def cost(self, task_id: str) -> float:
        """CPU seconds that the canonical solution takes for both suites; 0 as long as its ground truth is not there."""
        path = self.path(self.tasks[task_id])
        if path not in self._costs:
            body = kept(path)
            if body is None:
                return 0.0
            self._costs[path] = sum(sum(meta["seconds"]) for meta in heads(body))
        return self._costs[path]

    def restore(self, tasks: Iterable[Task]) -> None:
        """Write the inputs of these problems again where they are not there or damaged. Raises DatasetError."""
        for task in tasks:
            if not self._sound(task):
                self._prepare(problems.load(self.dataset).problems[task.task_id])

    def _sound(self, task: Task) -> bool:
        try:
            found = {suite: digest((self.root / task.inputs_file(suite)).read_bytes()) for suite in SUITES}
        except OSError:
            return False
        return found == task.digests

    def path(self, task: Task, python: str = "") -> Path:
        """Where the expected records of a problem are kept; `python` if not the sandbox's."""
        return self.root / (python or self.python or "unknown") / f"{file_name(task.task_id)}.truth"

    def compute(self, sandbox: SandboxInstance, task: Task) -> None:
        """Run the canonical solution in `sandbox` and keep what it returns. Raises GraderError, SandboxEnded."""
        keep(self.path(task), pack([self._collect(sandbox, task, suite) for suite in SUITES]))

    def _collect(self, sandbox: SandboxInstance, task: Task, suite: str) -> tuple[dict[str, Any], bytes]:
        run = Run(
            entry_point=task.entry_point,
            inputs=self.marshalled_inputs(task, suite),
            limits=UNLIMITED,
            form=task.checker.normalise,
            timed=True,
            uncut_from=task.checker.uncut_from(-1),
        )
        collector = Collector()
        end = sandbox.run(run, task.canonical, collector.take)
        packed, times = collector.done()
        if end.status != 0 or not times:
            raise GraderError(f"The canonical solution of {task.task_id} does not run in this sandbox ({end}).")
        first_float, seconds, nan = decode(times)
        return {"first_float": first_float, "seconds": seconds, "nan": nan, "sizes": collector.sizes}, packed

    def expected(self, sandbox: SandboxInstance, task: Task, suite: str) -> Expected:
        """The expected records of a suite; where they are not there or damaged, they are computed in `sandbox`.

        Raises GraderError, SandboxEnded.
        """
        try:
            return self.known(task, suite)
        except FileNotFoundError:
            self.compute(sandbox, task)
        return self.known(task, suite)

    def known(self, task: Task, suite: str) -> Expected:
        """The expected records of a suite. Raises FileNotFoundError where they are not there or damaged."""
        return self._kept(self.path(task))[suite]


def _read(path: Path) -> dict[str, Expected]:
    body = kept(path)
    if body is None:
        raise FileNotFoundError(path)
    return dict(zip(SUITES, unpack(body), strict=True))
