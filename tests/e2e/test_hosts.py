"""Generation on other machines: real servers on hosts of their own, cables that are pulled, and doit -n."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Project, servers
from tests.e2e.namespaces import Namespace, hosts
from tests.e2e.test_never_lost import children, rows, wait_for

SAMPLES = 6


@pytest.fixture
def two(tmp_path: Path, slow_model: Path) -> Iterator[list[Namespace]]:
    """Two hosts with the same model."""
    with serving(2, tmp_path, slow_model) as made:
        yield made


@contextlib.contextmanager
def serving(count: int, folder: Path, model: Path) -> Iterator[list[Namespace]]:
    """So many hosts with the same model."""
    with hosts(count, folder) as made:
        for host in made:
            host.serve(model)
        yield made


def write(project: Project, text: str, samples: int = SAMPLES) -> None:
    """A profiles file for models on hosts."""
    project.write(f"""
[defaults]
datasets = ["demo"]
max_tokens = 256
context = 2048
canary = false
samples = {samples}
temperature = 0.8
[server]
stall_timeout = 2
retries = 1
[sandbox]
kind = "bubblewrap"
{text}
""")


def lab(name: str, *there: Namespace) -> str:
    """A host of that name with those endpoints."""
    return f"[hosts.{name}]\nendpoints = {json.dumps([host.url for host in there])}\n"


def profile(name: str, host: str) -> str:
    """A profile on that host."""
    return f'[profiles.{name}]\ntitle = "{name.upper()}"\nmodel = "demo"\nhost = "{host}"\n'


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    """What the process says up to the line with that text, or all of it."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            break
    return said


def spans(path: Path) -> tuple[datetime, datetime]:
    """When the first request of a journal began, and when the last one ended."""
    found: list[dict[str, Any]] = rows(path)
    ends = [datetime.fromisoformat(row["at"]) for row in found]
    begins = [end - timedelta(seconds=row["seconds"]) for end, row in zip(ends, found, strict=True)]
    return min(begins), max(ends)


def test_a_cable_is_pulled(project: Project, two: list[Namespace], slow_model: Path) -> None:
    """A host that is cut off in the middle works again when it is back; samples and statuses are as on one machine."""
    (project.root / "models").mkdir()
    (project.root / "models" / "slow.gguf").symlink_to(slow_model)
    one = '[profiles.one]\nmodel = "slow.gguf"\nplacement = ["-t", "1"]\nserver = { kind = "process" }\n'
    write(project, lab("lab", *two) + profile("many", "lab") + one)
    process = project.start("eval:many")
    wait_for(project.file("many", "raw.jsonl"), 2000, process)
    assert process.poll() is None, process.communicate()[0]
    two[1].cut()
    said = read_until(process, f"{two[1].url} is left out")
    had = len(rows(project.file("many", "raw.jsonl")))
    two[1].join()
    said += read_until(process, f"{two[1].url} answers again")
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said + out
    assert f"{two[1].url} answers again" in said
    journal = rows(project.file("many", "raw.jsonl"))
    assert len({row["key"] for row in journal}) == len(journal) == 18 * SAMPLES
    answered = Counter(row["server"]["endpoint"] for row in journal)  # type: ignore[index]
    assert set(answered) == {host.url for host in two}
    assert two[1].url in {row["server"]["endpoint"] for row in journal[had:]}  # type: ignore[index]
    alone = project.doit("eval:one")
    assert alone.code == 0, alone.out
    assert project.statuses("many") == project.statuses("one")
    assert project.file("many", "samples.jsonl").read_bytes() == project.file("one", "samples.jsonl").read_bytes()


def test_all_cables_are_pulled(project: Project, two: list[Namespace]) -> None:
    """With no host left the profile fails with a sentence and keeps what it has; the next run goes on from there."""
    write(project, lab("lab", *two) + profile("many", "lab"))
    process = project.start("samples:many")
    wait_for(project.file("many", "raw.jsonl"), 2000, process)
    for host in two:
        host.cut()
    out, _ = process.communicate(timeout=300)
    assert process.returncode != 0, out
    assert "many: no endpoint of lab answers." in out
    assert "Traceback" not in out
    had = len(rows(project.file("many", "raw.jsonl")))
    for host in two:
        host.join()
    again = project.doit("samples:many")
    assert again.code == 0, again.out
    assert f"goes on from {had} of " in again.out
    journal = rows(project.file("many", "raw.jsonl"))
    assert len({row["key"] for row in journal}) == len(journal) == 18 * SAMPLES


def test_hosts_work_side_by_side(project: Project, two: list[Namespace]) -> None:
    """With -n 2 two hosts are busy at once, each with one profile at a time, though a broken one goes first."""
    first, second = two
    broken = '[hosts.gone]\nendpoints = ["http://127.0.0.1:9/v1"]\n'
    order = [("x", "gone"), ("y", "gone"), ("a", "first"), ("b", "first"), ("c", "second")]
    write(project, lab("first", first) + lab("second", second) + broken + "".join(profile(*p) for p in order), 2)
    ran = project.doit("-n", "2")
    assert ran.code != 0
    for name in "xy":
        assert f"{name}: no endpoint of gone answers. {name}: nobody answers at http://127.0.0.1:9/v1" in ran.out
    for name in "abc":
        assert f"generate  {name}                         first run" in ran.out
        assert f"  {name.upper()}  36/36" in ran.out
    a, b, c = (spans(project.file(name, "raw.jsonl")) for name in "abc")
    assert a[1] <= b[0] or b[1] <= a[0]
    assert c[0] < min(a[1], b[1])
    assert "3 done, 0 skipped, 2 failed" in ran.out
    assert project.file("a", "samples.jsonl").read_bytes() == project.file("c", "samples.jsonl").read_bytes()
    assert "generate" not in project.doit("-n", "2", "eval:a", "eval:b", "eval:c").out


def test_three_hosts_are_busy(project: Project, tmp_path: Path, slow_model: Path) -> None:
    """With -n 3 three hosts are busy at the same time; samples and scores are those of the run on one machine."""
    (project.root / "models").mkdir()
    (project.root / "models" / "slow.gguf").symlink_to(slow_model)
    one = '[profiles.one]\nmodel = "slow.gguf"\nplacement = ["-t", "1"]\nserver = { kind = "process" }\n'
    with serving(3, tmp_path, slow_model) as there:
        places = dict(zip("abc", there, strict=True))
        labs = "".join(lab(f"host-{name}", host) for name, host in places.items())
        write(project, labs + "".join(profile(name, f"host-{name}") for name in places) + one, 2)
        ran = project.doit("-n", "3", *(f"eval:{name}" for name in places))
    assert ran.code == 0, ran.out
    begins, ends = zip(*(spans(project.file(name, "raw.jsonl")) for name in places), strict=True)
    assert max(begins) < min(ends)
    assert project.doit("eval:one").code == 0
    for name in places:
        assert project.file(name, "samples.jsonl").read_bytes() == project.file("one", "samples.jsonl").read_bytes()
        assert project.scores(name) == project.scores("one")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_all_workers(project: Project, two: list[Namespace], number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end doit -n 3 and its workers with a sentence each and 130; the next run goes on."""
    write(project, lab("first", two[0]) + lab("second", two[1]) + profile("a", "first") + profile("b", "second"))
    process = project.start("-n", "3")
    for name in "ab":
        wait_for(project.file(name, "raw.jsonl"), 1500, process)
    workers = children(process.pid)
    if number == signal.SIGINT:
        # A terminal sends it to all of them; one without work may have ended by itself.
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
    process.send_signal(number)
    began = time.monotonic()
    out, _ = process.communicate(timeout=60)
    assert time.monotonic() - began < 10
    assert process.returncode == 130, out
    for name in "ab":
        assert f"generate {name} stopped; the next doit goes on from here." in out
    assert "Traceback" not in out
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    again = project.doit("-n", "3", "samples:a", "samples:b")
    assert again.code == 0, again.out
    assert again.out.count("goes on from") == 2


def test_a_killed_doit_leaves_no_worker(served: Project) -> None:
    """A kill -9 of doit -n takes its workers and their servers with it, and the next run goes on."""
    process = served.start("-n", "2", "generate:a")
    wait_for(served.file("a", "raw.jsonl"), 1500, process)
    workers = children(process.pid)
    process.kill()
    process.communicate(timeout=30)
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and any(Path(f"/proc/{pid}").exists() for pid in workers):
        time.sleep(0.1)
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    assert not [line for line in servers() if str(served.root) in line]
    again = served.doit("generate:a")
    assert again.code == 0, again.out
    assert "goes on from" in again.out
