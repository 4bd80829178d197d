"""Sandboxes, opened on demand, probed before use, replaced when they end."""

import contextlib
import fcntl
import os
import secrets
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self, TypeVar

from bench.console import print_line
from bench.errors import MissingPrerequisite, SandboxError
from bench.files import write_atomic
from bench.parallel import each
from bench.sandbox.instance import NotStartedError, SandboxEnded, SandboxInstance
from bench.sandbox.kind import SandboxKind
from bench.sandbox.probe_targets import ProbeTargets

Job = TypeVar("Job")
Result = TypeVar("Result")

PACKAGE = Path(__file__).parent / "inside"
PACKAGES = {"node": "nodejs", "sh": "dash", "split": "coreutils"}
"""Debian's packages whose names differ from their programs."""

BUFFER = 1000
"""Results that may wait for the caller, so that memory is bounded whatever the number of samples."""


class Pool:
    """The sandboxes of one grading; `folder` is for its files, `facts` are those of the first sandbox.

    `programs` are those that samples need beside Python.
    """

    def __init__(self, kind: SandboxKind, folder: Path, programs: Sequence[str] = ()) -> None:
        self.kind, self.folder, self.programs = kind, folder, programs
        self.facts: dict[str, Any] = {}
        self.opened = 0
        self.started: list[SandboxInstance] = []
        self.free: list[SandboxInstance] = []
        self.busy: list[SandboxInstance] = []
        self.lock = threading.Lock()
        self.closed = False
        self.targets: ProbeTargets | None = None
        # bubblewrap ends with the thread that started it (--die-with-parent): this one outlives every sandbox.
        self.opener = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        self.kind.remove_orphans()
        self.runner = _installed(self.folder)
        if self.kind.isolated:
            self.targets = ProbeTargets(self.folder / f"canary-{secrets.token_hex(4)}")
        return self

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.closed = True
            sandboxes = self.started + self.free + self.busy
        with ThreadPoolExecutor(max(1, len(sandboxes))) as closers:
            closers.map(SandboxInstance.close, sandboxes)
        self.opener.shutdown()
        if self.targets:
            self.targets.close()

    def start(self, count: int) -> None:
        """Start so many sandboxes, at most as many as run at once; they load their Python while the caller goes on."""
        with self.lock:
            self.started += [self._open() for _ in range(min(count, self.kind.workers))]

    def _open(self) -> SandboxInstance:
        number, self.opened = self.opened, self.opened + 1
        return self.opener.submit(self.kind.start, self.runner, number, self.programs).result()

    def acquire(self) -> SandboxInstance:
        """A sandbox that passed its probe. Raises SandboxError, and SandboxEnded where the pool is closed.

        A sandbox that dies while it starts is replaced once: the machine may have been short of memory, say.
        """
        try:
            return self._acquired()
        except NotStartedError:
            return self._acquired()

    def _acquired(self) -> SandboxInstance:
        with self.lock:
            if self.free:
                self.busy.append(self.free.pop())
                return self.busy[-1]
            if self.closed:
                raise SandboxEnded
            sandbox = self.started.pop() if self.started else self._open()
            self.busy.append(sandbox)
        try:
            self._prove(sandbox)
        except BaseException:
            self.discard(sandbox)
            raise
        return sandbox

    def release(self, sandbox: SandboxInstance) -> None:
        """Keep a sandbox for the next job, unless a sample left something in it that cannot be removed."""
        if sandbox.dirty:
            self.discard(sandbox)
            return
        with self.lock:
            self.busy.remove(sandbox)
            self.free.append(sandbox)

    def discard(self, sandbox: SandboxInstance) -> None:
        """End a sandbox."""
        with self.lock, contextlib.suppress(ValueError):
            self.busy.remove(sandbox)
        sandbox.close()

    def _prove(self, sandbox: SandboxInstance) -> None:
        facts = sandbox.handshake()
        if str(facts["numpy"]).startswith("missing"):
            where = f"The sandbox image {self.kind.image}" if self.kind.image else "The sandbox"
            raise SandboxError(f"{where} has no usable NumPy ({facts['numpy']}); choose one that has it.")
        if facts["missing"]:
            raise MissingPrerequisite(
                f"The sandbox ({self.kind.image or self.kind.name}) has no {', '.join(facts['missing'])}, which this "
                f"dataset's tests need; {remedy(self.kind.image, facts['missing'])}."
            )
        if self.targets:
            leaks = self.targets.probe(sandbox)
            if leaks:
                raise SandboxError(f"The sandbox ({self.kind.name}) does not hold: {'; '.join(leaks)}.")
        if self.kind.isolated and not self.facts and not facts["filtered"]:
            print_line("  system calls of samples are not filtered on this machine; see docs/explanation/sandbox.md")
        self.facts = self.facts or facts

    def each(
        self,
        jobs: Iterable[Job],
        work: Callable[[SandboxInstance, Job, int], Result],
        on_crash: Callable[[Job], Result],
        *,
        alone: bool = False,
        workers: int = 0,
    ) -> Iterator[tuple[Job, Result]]:
        """The result of `work` for each job, as they come; `on_crash` makes that of a job that ended two sandboxes.

        `work` gets a sandbox, the job, and the number of an exclusive core if it runs `alone`, else -1. A job is taken
        when a sandbox is free. Raises the errors of `work`, and SandboxError where no new sandbox starts.
        """

        def attempt(job: Job) -> Result:
            with exclusive_core() if alone else contextlib.nullcontext(-1) as core:
                return self._attempt(job, core, work, on_crash)

        width = min(self.kind.workers, len(os.sched_getaffinity(0))) if alone else self.kind.workers
        return each(jobs, attempt, workers or width, buffer=BUFFER)

    def _attempt(
        self,
        job: Job,
        core: int,
        work: Callable[[SandboxInstance, Job, int], Result],
        on_crash: Callable[[Job], Result],
    ) -> Result:
        for _ in range(2):
            sandbox = self.acquire()
            try:
                result = work(sandbox, job, core)
            except SandboxEnded:
                self.discard(sandbox)
            except BaseException:
                self.discard(sandbox)
                raise
            else:
                self.release(sandbox)
                return result
        # Two sandboxes died while running this job. If a third one starts, blame the job; if not, the engine.
        self.release(self.acquire())
        return on_crash(job)


def remedy(image: str, missing: Sequence[str]) -> str:
    """The remedy for programs that are missing in an image, or on this machine ("")."""
    if image:
        return 'choose an image that has it, or set [sandbox] kind = "bubblewrap"'
    return f"apt install {' '.join(PACKAGES.get(name, name) for name in missing)}"


def _installed(folder: Path) -> Path:
    """A copy of the runner that everyone can read, whatever the umask: the folder that sandboxes mount."""
    target = folder / "runner"
    for file in sorted(PACKAGE.glob("*.py")):
        path, data = target / PACKAGE.name / file.name, file.read_bytes()
        if not path.exists() or path.read_bytes() != data:
            write_atomic(path, data)
        path.chmod(0o644)
    for place in (target, target / PACKAGE.name):
        place.chmod(0o755)
    return target


@contextlib.contextmanager
def exclusive_core() -> Iterator[int]:
    """Reserve a core against other gradings of this machine for the block, and wait for it; its number."""
    place = Path(tempfile.gettempdir()) / f"bench-{os.getuid()}"
    cores = sorted(os.sched_getaffinity(0))
    with contextlib.ExitStack() as stack:
        for core in cores:
            if _locked(place / f"core-{core}.lock", stack, fcntl.LOCK_NB):
                break
        else:
            # Thread ids are consecutive, so that waiting threads do not all wait for the same core.
            core = cores[threading.get_native_id() % len(cores)]
            _locked(place / f"core-{core}.lock", stack)
        yield core


def _locked(path: Path, stack: contextlib.ExitStack, flags: int = 0) -> bool:
    """Whether the lock is free, or cannot be made (another user's folder, a full disk)."""
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        stack.callback(os.close, fd)
        fcntl.flock(fd, fcntl.LOCK_EX | flags)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
