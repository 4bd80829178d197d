"""Any program that reads a prompt on standard input and writes its answer on standard output, as a model.

The prompt is the messages' contents, an empty line between them. The exit code decides: 0 is an answer, whatever it
says; anything else is tried again a bounded number of times. Standard error goes to the log. BENCH_SEED holds the seed
of a sample, where there is one.
"""

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench.errors import MissingPrerequisite, ServerError
from bench.generate.answer import Answer, Ending
from bench.processes import die_with_parent, find_program, stop
from bench.profiles import Profile
from bench.servers import server_log

Messages = Sequence[dict[str, str]]
Ask = Callable[[Messages, int | None], Answer]

PAUSE = 0.5
"""Seconds before the first new try; each further pause is twice as long."""
LONGEST = 16 << 20
"""Bytes of an answer that are read; what runs away beyond that is cut off, as max_tokens would."""


@contextlib.contextmanager
def open_command(profile: Profile, folder: Path, log: Path) -> Iterator[Ask]:
    """A function that asks the profile's program, at work in `folder`; when the block ends, none of it runs any more.

    Raises MissingPrerequisite where there is no such program. The function may be called by several threads; a program
    that fails each time has refused the request, and one that takes longer than request_timeout is late.
    """
    name, *rest = profile.server.command
    found = find_program(name, folder)
    if found is None:
        raise MissingPrerequisite(
            f"{profile.id}: there is no program {name} on this machine; install it, or fix server.command."
        )
    server_log.begin(log, profile.server.command)
    asking = _Asking(profile, [found, *rest], folder, log)
    try:
        yield asking.ask
    finally:
        asking.close()


class _StoppedError(Exception):
    """The program is not waited for any more."""


class _Asking:
    """Starts the program, and knows which of them run."""

    def __init__(self, profile: Profile, command: list[str], folder: Path, log: Path) -> None:
        self.profile, self.command, self.folder, self.log = profile, command, folder, log
        self.lock = threading.Lock()
        self.running: set[subprocess.Popen[bytes]] = set()
        self.closed = threading.Event()

    def ask(self, messages: Messages, seed: int | None) -> Answer:
        """The program's answer to one prompt."""
        prompt = "\n\n".join(message["content"] for message in messages)
        pause, tries = PAUSE, self.profile.server.retries + 1
        code = 0
        for attempt in range(tries):
            try:
                code, answer = self._run(prompt, seed)
            except _StoppedError as error:
                return Answer(ending=Ending.LATE, error=str(error))
            if code == 0:
                return answer
            if attempt + 1 < tries:
                self.closed.wait(pause)
                pause *= 2
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        often = "once" if tries == 1 else f"{tries} times, last"
        name = self.profile.server.command[0]
        return Answer(ending=Ending.REFUSED, error=f"{name} failed {often} with {ended}; its words are in {self.log}")

    def close(self) -> None:
        """End what still runs."""
        self.closed.set()
        with self.lock:
            left = list(self.running)
        for process in left:
            stop(process)

    def _run(self, prompt: str, seed: int | None) -> tuple[int, Answer]:
        environment = os.environ | ({} if seed is None else {"BENCH_SEED": str(seed)})
        try:
            code, text = self._ran(prompt.encode("utf-8", "replace"), environment)
        except OSError as error:
            raise ServerError(
                f"{self.profile.id}: there is no room for a prompt and an answer in {tempfile.gettempdir()}, or for "
                f"{self.log} ({error.strerror}); free space."
            ) from None
        ending, reason = (Ending.CUT, "length") if len(text) > LONGEST else (Ending.ENDED, "stop")
        return code, Answer(text[:LONGEST].decode("utf-8", "replace"), ending=ending, finish_reason=reason)

    def _ran(self, prompt: bytes, environment: dict[str, str]) -> tuple[int, bytes]:
        # Files, not pipes: no prompt or answer is too long for them, and no left-over child can hold them open.
        with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as said, self.log.open("ab") as words:
            asked.write(prompt)
            asked.seek(0)
            with self._started(asked.fileno(), said.fileno(), words.fileno(), environment) as process:
                code = process.wait(self.profile.server.request_timeout)
            said.seek(0)
            return code, said.read(LONGEST + 1)

    @contextlib.contextmanager
    def _started(
        self, stdin: int, stdout: int, stderr: int, environment: dict[str, str]
    ) -> "Iterator[subprocess.Popen[bytes]]":
        with self.lock:
            if self.closed.is_set():
                raise _StoppedError("stopped")
            try:
                process = subprocess.Popen(
                    self.command, stdin=stdin, stdout=stdout, stderr=stderr, env=environment,
                    cwd=self.folder, start_new_session=True, preexec_fn=die_with_parent,  # noqa: PLW1509 - one prctl call, no locks
                )  # fmt: skip
            except OSError as error:
                raise ServerError(
                    f"{self.profile.id}: {self.profile.server.command[0]} cannot be started ({error.strerror}); "
                    "fix it, or server.command."
                ) from None
            self.running.add(process)
        try:
            yield process
        except subprocess.TimeoutExpired as error:
            raise _StoppedError(f"the program took longer than request_timeout = {error.timeout:g} s") from None
        finally:
            stop(process)
            with self.lock:
                self.running.discard(process)
