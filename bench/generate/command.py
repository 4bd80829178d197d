"""Any program that reads a prompt on standard input and writes its answer on standard output, as a model.

The prompt is the messages' contents, an empty line between them. Exit code 0 means an answer, of any text; another one
is tried again a bounded number of times. Standard error goes to the log. BENCH_SEED holds the seed of a sample, where
there is one.
"""

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.errors import MissingPrerequisite, ServerError
from bench.generate.answer import Answer, Ending
from bench.processes import find_program, start, stop
from bench.profiles import Profile
from bench.servers import server_log

Messages = Sequence[dict[str, str]]
Send = Callable[[Messages, int | None], Answer]

PAUSE = 0.5
"""Seconds before the first new try; each further pause is twice as long."""
MAX_ANSWER = 16 << 20
"""Bytes of an answer that are read; a longer one is cut off, as by max_tokens."""


@contextlib.contextmanager
def open_command(profile: Profile, folder: Path, log: Path) -> Iterator[Send]:
    """A function that runs the profile's program in `folder` for each prompt; all are stopped when the block ends.

    Raises MissingPrerequisite where there is no such program. The function may be called by several threads; a program
    that fails each time has refused the request, and one that takes longer than request_timeout is late.
    """
    name, *rest = profile.server.command
    executable = find_program(name, folder)
    if executable is None:
        raise MissingPrerequisite(
            f"{profile.id}: there is no program {name} on this machine; install it, or fix server.command."
        )
    server_log.begin(log, profile.server.command)
    runner = _Runner(profile, [executable, *rest], folder, log)
    try:
        yield runner.answer
    finally:
        runner.close()


class _Runner:
    """Runs the program, and stops those that still run in the end."""

    def __init__(self, profile: Profile, command: list[str], folder: Path, log: Path) -> None:
        self.profile, self.command, self.folder, self.log = profile, command, folder, log
        self.lock = threading.Lock()
        self.running: set[subprocess.Popen[bytes]] = set()
        self.closed = threading.Event()

    def answer(self, messages: Messages, seed: int | None) -> Answer:
        """The program's answer to one prompt."""
        prompt = "\n\n".join(message["content"] for message in messages).encode("utf-8", "replace")
        environment = os.environ | ({} if seed is None else {"BENCH_SEED": str(seed)})
        tries, code = self.profile.server.retries + 1, 0
        for attempt in range(tries):
            if attempt:
                self.closed.wait(PAUSE * 2 ** (attempt - 1))
            try:
                code, text = self._run(prompt, environment)
            except subprocess.TimeoutExpired as error:
                sentence = f"the program took longer than request_timeout = {error.timeout:g} s"
                return Answer(ending=Ending.LATE, error=sentence)
            if self.closed.is_set():
                return Answer(ending=Ending.LATE, error="stopped")
            if code == 0:
                ending, reason = (Ending.CUT, "length") if len(text) > MAX_ANSWER else (Ending.ENDED, "stop")
                return Answer(text[:MAX_ANSWER].decode("utf-8", "replace"), ending=ending, finish_reason=reason)
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        attempts = "once" if tries == 1 else f"{tries} times, last"
        name = self.profile.server.command[0]
        return Answer(
            ending=Ending.REFUSED, error=f"{name} failed {attempts} with {ended}; its output is in {self.log}"
        )

    def close(self) -> None:
        """Stop the programs that still run."""
        self.closed.set()
        with self.lock:
            running = list(self.running)
        for process in running:
            stop(process)

    def _run(self, prompt: bytes, environment: dict[str, str]) -> tuple[int, bytes]:
        """The exit code and the output of one run. Raises TimeoutExpired, and ServerError where it cannot be run."""
        try:
            # Files, not pipes: no prompt or answer is too long for them, and no orphan can block by holding them open.
            with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, self.log.open("ab") as stderr:
                stdin.write(prompt)
                stdin.seek(0)
                code = self._wait(stdin=stdin, stdout=stdout, stderr=stderr, env=environment, cwd=self.folder)
                stdout.seek(0)
                return code, stdout.read(MAX_ANSWER + 1)
        except OSError as error:
            raise ServerError(
                f"{self.profile.id}: there is no room for a prompt and an answer in {tempfile.gettempdir()}, or for "
                f"{self.log} ({error.strerror}); free space."
            ) from None

    def _wait(self, **options: Any) -> int:
        """The exit code of the program, started with these options of Popen; 0 at once where all are stopped."""
        with self.lock:
            if self.closed.is_set():
                return 0
            try:
                process = start(self.command, **options)
            except OSError as error:
                raise ServerError(
                    f"{self.profile.id}: {self.profile.server.command[0]} cannot be started ({error.strerror}); "
                    "fix it, or server.command."
                ) from None
            self.running.add(process)
        try:
            return process.wait(self.profile.server.request_timeout)
        finally:
            stop(process)
            with self.lock:
                self.running.discard(process)
