import re
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from bench.errors import MissingPrerequisite, ServerError
from bench.generate import command
from bench.generate.answer import Ending
from bench.generate.command import open_command
from bench.profiles import Profile
from tests.servers.helpers import Make, children, eventually, lives, script

MESSAGES = [{"role": "system", "content": "Be good."}, {"role": "user", "content": "Solve é☃ this."}]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other quickly."""
    monkeypatch.setattr(command, "PAUSE", command.PAUSE / 50)


def program(make: Make, *expected: str, **server: Any) -> Profile:
    """A profile whose model is that command line."""
    return make("command", model="", server={"command": list(expected), **server})[0]


def python(make: Make, code: str, **server: Any) -> Profile:
    """A profile whose model is a Python program."""
    return program(make, sys.executable, "-c", code, **server)


def test_prompt_in_answer_out(make: Make, log: Path) -> None:
    """The program reads all messages, an empty line between them, and its output is the answer, byte for byte."""
    with open_command(program(make, "cat"), Path(), log) as ask:
        answer = ask(MESSAGES, None)
    assert answer.text == "Be good.\n\nSolve é☃ this."
    assert answer.finish_reason == "stop"


def test_long_prompts_and_answers(make: Make, log: Path) -> None:
    """A program that answers before it has read its prompt, and at length, is not stuck."""
    code = "import sys; sys.stdout.write('y' * 3_000_000); sys.stdout.flush(); sys.stdin.read()"
    with open_command(python(make, code), Path(), log) as ask:
        assert len(ask([{"role": "user", "content": "x" * 3_000_000}], None).text) == 3_000_000


def test_runaway_answer_is_cut(make: Make, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what is read of an answer it counts as truncated."""
    monkeypatch.setattr(command, "MAX_ANSWER", 1000)
    with open_command(python(make, "print('y' * 2000)"), Path(), log) as ask:
        answer = ask(MESSAGES, None)
    assert (len(answer.text), answer.finish_reason) == (1000, "length")


def test_a_full_disk(make: Make, log: Path, tmp_path: Path) -> None:
    """Where a prompt cannot be handed over, the sentence says where there is no room."""
    with open_command(program(make, "cat"), Path(), log) as ask:
        log.unlink()
        log.mkdir()
        with pytest.raises(ServerError, match=r"or for .*server\.log \(Is a directory\); free space\.$"):
            ask(MESSAGES, None)


def test_seed(make: Make, log: Path) -> None:
    """The seed of a sample stands in BENCH_SEED, and a greedy completion has none."""
    with open_command(program(make, "sh", "-c", "echo seed=$BENCH_SEED"), Path(), log) as ask:
        assert [ask(MESSAGES, seed).text for seed in (None, 5)] == ["seed=\n", "seed=5\n"]


def test_failure_is_tried_again(make: Make, log: Path, tmp_path: Path) -> None:
    """An exit code other than 0 is tried again; what the program printed then is no answer."""
    flaky = script(tmp_path / "flaky", f"#!/bin/sh\necho try >> {tmp_path}/tries\n"
                   f"echo said\n[ $(wc -l < {tmp_path}/tries) -ge 3 ]\n")  # fmt: skip
    with open_command(program(make, flaky, retries=2), Path(), log) as ask:
        assert ask(MESSAGES, None).text == "said\n"
    assert (tmp_path / "tries").read_text().count("try") == 3


def test_failure_each_time(make: Make, log: Path) -> None:
    """A program that always fails is the failure of that problem, with its exit code; its output is in the log."""
    expected = r"sh failed 2 times, last with exit code 3; its output is in .*log"
    profile = program(make, "sh", "-c", "echo no quota >&2; exit 3", retries=1)
    with open_command(profile, Path(), log) as ask:
        answer = ask(MESSAGES, None)
    assert answer.ending is Ending.REFUSED
    assert re.fullmatch(expected, answer.error)
    assert log.read_text().count("no quota\n") == 2


@pytest.mark.slow
def test_too_slow(make: Make, log: Path) -> None:
    """A program that takes longer than request_timeout is ended with its children, and not tried again."""
    slow = (
        "import subprocess, sys\nchild = subprocess.Popen(['sleep', '60'])\n"
        "print(child.pid, file=sys.stderr, flush=True)\nchild.wait()"
    )
    profile = python(make, slow, request_timeout=1, retries=3)
    with open_command(profile, Path(), log) as ask:
        answer = ask(MESSAGES, None)
    assert (answer.ending, answer.error) == (Ending.LATE, "the program took longer than request_timeout = 1 s")
    (child,) = map(int, log.read_text().splitlines()[-1:])
    assert eventually(lambda: not lives(child))
    assert not children()


def test_its_children_end(make: Make, log: Path) -> None:
    """A child that the program leaves in the background delays no answer, and does not live on."""
    began = time.monotonic()
    with open_command(program(make, "sh", "-c", "sleep 60 & echo $!"), Path(), log) as ask:
        child = int(ask(MESSAGES, None).text)
    assert time.monotonic() - began < 30
    assert eventually(lambda: not lives(child))


def test_interrupt_ends_what_runs(make: Make, log: Path) -> None:
    """When the block ends while other threads wait for answers, their programs end at once."""
    endings: list[Ending] = []

    def work() -> None:
        endings.append(ask(MESSAGES, None).ending)

    with open_command(program(make, "sh", "-c", "echo up >&2; exec sleep 60"), Path(), log) as ask:
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        assert eventually(lambda: log.read_text().count("up\n") == 3)
    for thread in threads:
        thread.join(10)
    assert not children()
    assert endings == [Ending.LATE] * 3


def test_no_such_program(make: Make, log: Path) -> None:
    """A program that is not there is a prerequisite, before any problem is asked."""
    with (
        pytest.raises(MissingPrerequisite, match="no program no-such-agent on this machine"),
        open_command(program(make, "no-such-agent", "-p"), Path(), log),
    ):
        pass


def test_no_program_at_all(make: Make, log: Path, tmp_path: Path) -> None:
    """A file that cannot be executed ends the profile with one sentence."""
    data = script(tmp_path / "data", "neither a script nor a program")
    with (
        open_command(program(make, data), Path(), log) as ask,
        pytest.raises(ServerError, match=r"cannot be started \(Exec format"),
    ):
        ask(MESSAGES, None)


def test_paths_count_from_the_profiles_file(make: Make, log: Path, tmp_path: Path) -> None:
    """A program that is named by a path lies below the folder of profiles.toml, and works there."""
    (tmp_path / "tools").mkdir()
    script(tmp_path / "tools" / "answer", "#!/bin/sh\ncat answer.txt\n")
    (tmp_path / "answer.txt").write_text("from here")
    with open_command(program(make, "tools/answer"), tmp_path, log) as ask:
        assert ask(MESSAGES, None).text == "from here"
