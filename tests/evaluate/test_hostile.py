"""Samples that want to cheat, to harm, or to stay: each is a file in hostile/ with a sentence of its own."""

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench import docker, process_identity
from bench.sandbox import bubblewrap, kinds
from bench.sandbox.inside.limits import SLOWEST, WAIT
from bench.sandbox.instance import GRACE, Limits
from tests.evaluate.grading import Grader, ground_truth

ROOT = Path(__file__).parents[2]
HOSTILE = sorted((Path(__file__).parent / "hostile").glob("*.py"))
ORDER = ["leaves_traces", "finds_traces"]
MARK = "written-by-a-sample"
ENDLESS = {
    "endless_loop", "endless_repr", "floods_stdout", "hangs_on_import", "resets_its_clock", "sets_its_counter_back",
    "sleeps", "starves_its_neighbours", "swallows_everything", "works_in_threads",
}  # fmt: skip
"""Those that only a limit can end."""


OF_THIS_MACHINE = {"knows_its_machine"}
"""Those that look at what bubblewrap shows of this machine; in Docker they see an image."""
RIGHT = """import threading
def total(numbers):
    found = []
    thread = threading.Thread(target=lambda: found.append(sum(numbers)))
    thread.start()
    thread.join()
    return found[0]
# after {name}
"""
AS_A_USER = """
import json, sys
from pathlib import Path
from bench.datasets import source
from bench.evaluate import expected
from tests.evaluate.grading import Grader
root, demo, pairs = map(Path, sys.argv[1:])
source.BUNDLED, expected.MIN_LIMIT = demo, 1.0
graded = Grader(root, root / "cache", settings={"memory": 2048}).grade(json.loads(pairs.read_text()), reuse=False)
print(json.dumps([[base, plus, about["seconds"]] for base, plus, about in graded]))
"""
SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


def source(path: Path) -> str:
    """A hostile sample; the one that is large is made so."""
    text = path.read_text(encoding="utf-8")
    if path.stem != "big_source":
        return text
    filler = next(line for line in text.splitlines() if line.startswith("FILLER"))
    return text.replace(filler, f"{filler}\n" * (5_000_000 // len(filler)))


def left_behind(kind: str) -> list[str]:
    """What still runs of this process's sandboxes: containers, or processes of its sandboxes' users."""
    if kind == "docker":
        return [one.name for one in docker.Engine().owned("sandbox") if one.owner == process_identity.current()]
    users = {bubblewrap.FIRST_UID + (os.getpid() * 16 + number) % 5000 for number in range(16)}
    names = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and entry.stat().st_uid in users:
                names.append(entry.name)
    return names


def marked(own: Path) -> list[Path]:
    """Files of this machine that a sample's name is on."""
    places = [Path(name) for name in ("/", "/etc", "/home", "/root", "/tmp", "/usr", "/var", "/dev/shm")]
    return [path for place in places for path in place.glob(f"*{MARK}*")] + list(own.rglob(f"*{MARK}*"))


def test_there_are_thirty_kinds_of_hostility() -> None:
    """The suite holds at least thirty hostile samples, and each says in a sentence what it does."""
    assert len(HOSTILE) >= 30
    assert all(path.read_text(encoding="utf-8").startswith('"""') for path in HOSTILE)


def most(limits: Limits, failure: dict[str, Any]) -> float:
    """Seconds on the wall after which no sample still runs, however busy the machine: all have only begun one test."""
    return (limits.suite if failure["index"] is None else limits.test) * SLOWEST + WAIT + GRACE


def mixed(kind: str) -> tuple[list[Path], list[tuple[str, str]]]:
    """The hostile samples for a kind of sandbox, and all of them as pairs to grade, each with a right one after it."""
    by_name = {path.stem: path for path in HOSTILE if kind == "bubblewrap" or path.stem not in OF_THIS_MACHINE}
    paths = [by_name[name] for name in ORDER] + [path for name, path in by_name.items() if name not in ORDER]
    texts = [text for path in paths for text in (source(path), RIGHT.format(name=path.stem))]
    return paths, [("Demo/0", text) for text in texts]


@pytest.mark.slow
@pytest.mark.long
def test_none_passes_as_an_ordinary_user(tmp_path: Path, demo_folder: Path) -> None:
    """Where no root starts bubblewrap, no hostile sample passes either, and a right one after each does."""
    if (reason := kinds.available("bubblewrap")) or subprocess.run([*SOMEBODY, "true"], check=False).returncode:
        pytest.skip(f"no bubblewrap, or no user namespaces: {reason}")
    paths, pairs = mixed("bubblewrap")
    (tmp_path / "pairs.json").write_text(json.dumps(pairs))
    arguments = [tmp_path, demo_folder, tmp_path / "pairs.json"]
    command = [*SOMEBODY, sys.executable, "-c", AS_A_USER, *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    graded = json.loads(ran.stdout)
    assert [path.stem for path, row in zip(paths, graded[::2], strict=True) if "pass" in row[:2]] == []
    assert [path.stem for path, row in zip(paths, graded[1::2], strict=True) if row[:2] != ["pass", "pass"]] == []


@pytest.mark.slow
@pytest.mark.long
def test_none_passes_and_nothing_stays(tmp_path: Path, cache: Path, kind: str) -> None:
    """No hostile sample passes, endless ones run out of time, a right one after each passes, and nothing is left."""
    paths, pairs = mixed(kind)
    started = time.monotonic()

    grader = Grader(tmp_path, cache, kind, workers=2, settings={"memory": 2048})
    graded = grader.grade(pairs)

    assert [path.stem for path, row in zip(paths, graded[::2], strict=True) if "pass" in row[:2]] == []
    assert [path.stem for path, row in zip(paths, graded[1::2], strict=True) if row[:2] != ("pass", "pass")] == []
    truth = ground_truth(cache)
    limits = truth.known(truth.tasks["Demo/0"], "base").limits
    late = {path.stem: row for path, row in zip(paths, graded[::2], strict=True) if row[0] == "timeout"}
    assert late.keys() >= ENDLESS
    assert [name for name, row in late.items() if row[2]["seconds"] > most(limits, row[2]["failure"])] == []
    assert time.monotonic() - started < 400
    deadline = time.monotonic() + 20
    while left_behind(kind) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left_behind(kind) == []
    assert marked(tmp_path) == []


UNUSUAL = [
    (
        "from multiprocessing.pool import ThreadPool as Pool\ndef total(xs):\n    with Pool(2) as p:\n"
        "        return sum(p.map(int, xs))\n"
    ),
    "import multiprocessing as m\nlock = m.Lock()\ndef total(xs):\n    with lock:\n        return sum(xs)\n",
    "import asyncio\ndef total(xs):\n    return asyncio.run(asyncio.to_thread(sum, xs))\n",
    (
        "import sys\nsys.setrecursionlimit(9999)\ndef down(k):\n    return k and down(k - 1)\ndef total(xs):\n"
        "    return down(5000) + sum(xs)\n"
    ),
    (
        "import threading, time\ndef total(xs):\n    threading.Thread(target=time.sleep, args=(50,)).start()\n"
        "    return sum(xs)\n"
    ),
    "import numpy as np\ndef total(xs):\n    print('x' * 10**6)\n    return np.sum(np.array(xs, int))\n",
    (
        "import signal\ndef total(xs):\n    signal.alarm(9)\n    xs, found = None, sum(xs)\n    signal.alarm(0)\n"
        "    return found\n"
    ),
]


@pytest.mark.slow
def test_unusual_right_samples_pass(grader: Grader) -> None:
    """Threads, locks, loops of events, deep recursion, timers and much output are no reason to fail."""
    assert [row[:2] for row in grader.grade([("Demo/0", text) for text in UNUSUAL])] == [("pass", "pass")] * len(
        UNUSUAL
    )


FORGERIES = ["equals_everything", "lying_list", "forges_frames", "exits_with_zero", "walks_frames"]


@pytest.mark.slow
@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_pass_fails(grader: Grader, name: str) -> None:
    """What passes in a grader that compares inside the sample's process fails here."""
    path = Path(__file__).parent / "hostile" / f"{name}.py"
    ((base, plus, _),) = grader.grade([("Demo/0", source(path))])
    assert (base, plus) == ("fail", "fail")


def test_the_search_of_memory_finds_what_is_there(grader: Grader) -> None:
    """The sample that scans its memory passes once its own text is what it looks for: its failure means something."""
    text = source(Path(__file__).parent / "hostile" / "searches_raw_memory.py")
    ((base, plus, _),) = grader.grade([("Demo/0", f"{text}# canonical-marker-7f3a\n")])
    assert (base, plus) == ("pass", "pass")


@pytest.mark.slow
@pytest.mark.parametrize("same_sandbox", [True, False], ids=["the same sandbox", "a sandbox to be replaced"])
def test_samples_do_not_meet(grader: Grader, *, same_sandbox: bool) -> None:
    """What one sample leaves in its sandbox is gone before the next one runs in it, or the sandbox is."""
    grader.workers = 1
    leaves, finds = traces(same_sandbox=same_sandbox)
    assert [row[1] for row in grader.grade([("Demo/0", leaves), ("Demo/0", finds)], reuse=False)] == ["fail", "fail"]


@pytest.mark.slow
def test_a_changed_sandbox_is_replaced(grader: Grader) -> None:
    """A sample that takes time and memory from its parent, and so from all that come after it, takes them from none."""
    grader.workers = 1
    hostile = (
        "import ctypes, os\ndef total(numbers):\n    os.setpriority(os.PRIO_PROCESS, 1, 19)\n"
        "    ctypes.CDLL(None).prlimit(1, 9, (ctypes.c_ulong * 2)(1 << 29, 1 << 29), None)\n"
    )
    finds = (
        "import os\ndef total(numbers):\n    bytearray(1 << 29)\n"
        "    return sum(numbers) if os.getpriority(os.PRIO_PROCESS, 0) < 19 else None\n"
    )
    graded = grader.grade([("Demo/0", hostile), ("Demo/0", finds)], reuse=False)
    assert [row[:2] for row in graded] == [("fail", "fail"), ("pass", "pass")]


def test_traces_would_be_found(grader: Grader) -> None:
    """The sample that looks for traces passes where they are: left by itself, in the same run."""
    leaves, finds = traces(same_sandbox=True)
    first = leaves.replace("def total", "def leave")
    both = f"{first}\nkept = leave([])\n{finds}"
    ((base, plus, _),) = grader.grade([("Demo/0", both)], reuse=False)
    assert (base, plus) == ("pass", "pass")


def traces(*, same_sandbox: bool) -> tuple[str, str]:
    """The sample that leaves traces and the one that finds them; with the `same_sandbox`, no trace has it replaced."""
    leaves, finds = (source(Path(__file__).parent / "hostile" / f"{name}.py") for name in ORDER)
    lines = [line for line in leaves.splitlines() if not (same_sandbox and ("shmget" in line or "msgget" in line))]
    return "\n".join(lines), finds
