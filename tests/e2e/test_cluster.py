"""Grading on a Dask cluster: a scheduler and workers on hosts of their own, one of which is killed."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.sandbox.kinds import available
from tests.e2e.conftest import Project
from tests.e2e.namespaces import Namespace, hosts
from tests.e2e.test_never_lost import wait_for

MODEL = "deepcoder-14b"


@pytest.fixture
def four(tmp_path: Path) -> Iterator[list[Namespace]]:
    """A scheduler and three workers, each on its own host."""
    if reason := available("bubblewrap"):
        pytest.skip(f"no bubblewrap: {reason}")
    with hosts(4, tmp_path) as made:
        dask(made[0], "scheduler", "--host", made[0].address)
        for host in made[1:]:
            options = ["--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path / host.name)]
            dask(host, "worker", where(made), "--host", host.address, *options)
        yield made


def dask(host: Namespace, program: str, *arguments: str) -> None:
    """One of Dask's programs on a host."""
    host.run(sys.executable, "-m", f"distributed.cli.dask_{program}", "--no-dashboard", *arguments)


def where(made: list[Namespace]) -> str:
    """The scheduler's address."""
    return f"tcp://{made[0].address}:8786"


def verdicts(project: Project) -> list[dict[str, Any]]:
    """The verdicts that were kept so far."""
    path = project.results / ".cache" / "verdicts" / "humaneval.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.mark.corpus
@pytest.mark.usefixtures("real_datasets")
def test_a_worker_is_killed(project: Project, four: list[Namespace], shared: Path) -> None:
    """Of three workers on three hosts one is killed in the middle: the statuses are those of one machine, each once."""
    alone = f"""
[sandbox]
kind = "bubblewrap"
[profiles."{MODEL}"]
solutions = "{shared / "corpus" / MODEL}.jsonl"
"""
    project.write(f'[evaluate]\nscheduler = "{where(four)}"\n{alone}')
    process = project.start(f"eval:{MODEL}")
    wait_for(project.results / ".cache" / "verdicts" / "humaneval.jsonl", 2000, process)
    assert process.poll() is None, process.communicate()[0]
    assert len(verdicts(project)) < 164
    four[2].programs[0].kill()
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out
    kept = [row["key"] for row in verdicts(project)]
    assert len(kept) == len(set(kept))
    assert {len(rows) for rows in project.statuses(MODEL, "humaneval").values()} == {1}
    block = json.loads(project.file(MODEL, "eval_results.json", "humaneval").read_bytes())["bench"]
    assert (block["scheduler"], block["workers"]) == (where(four), 3)
    there = project.statuses(MODEL, "humaneval")
    project.write(alone)
    for command in (["clean", f"eval:{MODEL}", "cache"], [f"eval:{MODEL}"]):
        assert project.doit(*command).code == 0
    assert project.statuses(MODEL, "humaneval") == there


def test_a_cluster_that_is_not_there(project: Project, four: list[Namespace]) -> None:
    """A host that is cut off is one sentence within the time that a scheduler has, and no traceback."""
    four[0].cut()
    project.write(f"""
[evaluate]
scheduler = "{where(four)}"
[profiles.demo]
model = "builtin:demo"
datasets = ["demo"]
server = {{ kind = "process" }}
""")
    began = time.monotonic()
    ran = project.doit("eval:demo")
    assert ran.code != 0
    assert f"No Dask scheduler answers at {where(four)} (" in ran.out
    assert "Traceback" not in ran.out
    assert time.monotonic() - began < 60
