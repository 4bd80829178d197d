import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from doit.task import Task, dict_to_task

from bench.graph import hosts
from bench.graph.hosts import OnePerMachine
from bench.graph.stages import Generate
from bench.profiles.file import load
from bench.servers import remote_models
from bench.servers.remote_models import AbsentError
from tests.graph.conftest import Project
from tests.running import DODO, run

DOCKER = """#!/bin/sh
case "$*" in
  *" run "*) echo "absent /models/good.gguf";;
  *) echo 1;;
esac
"""
REASON = "no model file /srv/good.gguf on far"
SKIP = f"skip      c                         {REASON}"


def test_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each generation waits for the one that doit looked at before it on its machine, and for no other."""
    monkeypatch.setattr(hosts, "_order", {})
    waits = {}
    for name, machine in {"a": "one", "b": "two", "c": "one", "d": "two", "e": "", "f": ""}.items():
        turn = OnePerMachine(machine)
        task = dict_to_task({"name": name, "actions": [], "uptodate": [turn]})
        for _ in range(2):
            turn(task, {})
        waits[name] = task.setup_tasks
    assert waits == {"a": [], "b": [], "c": ["a"], "d": ["b"], "e": [], "f": []}


@pytest.fixture
def run_far(project: Project, tmp_path: Path) -> Callable[..., CompletedProcess[str]]:
    """Runs doit on a third profile, `c`, whose host lacks the model: the host's engine is a program that says so."""
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    text = '[hosts.far]\ndocker = "tcp://192.0.2.1:2375"\nmodels = "/srv"\n'
    profile = '\n[profiles.c]\ntitle = "C"\nmodel = "good.gguf"\nhost = "far"\n'
    path = project.root / "profiles.toml"
    path.write_text(f"{text}{path.read_text()}{profile}")
    environment = project.environment | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    return partial(run, "-f", DODO, cwd=project.root, environment=environment)


@pytest.mark.slow
@pytest.mark.parametrize("reporter", ["", "console", "executed-only", "json", "zero", "error-only"])
def test_a_host_without_the_model(
    project: Project, run_far: Callable[..., CompletedProcess[str]], reporter: str
) -> None:
    """Whatever the reporter, a profile whose host lacks the model is skipped with the reason, and the rest is run."""
    ran = run_far(*(["-r", reporter] if reporter else []))
    assert ran.returncode == 0, ran.stderr
    # The JSON reporter takes both streams into what it prints.
    assert SKIP in (ran.stderr if reporter not in ("", "json") else ran.stdout)
    assert f"| skipped | {REASON}" in (project.results / "REPORT.md").read_text()


def test_generations_alone(run_far: Callable[..., CompletedProcess[str]]) -> None:
    """With a reporter of doit's, too, the generations of all profiles do without that of an absent model."""
    ran = run_far("-r", "console", "generate")
    assert (ran.returncode, SKIP in ran.stderr) == (0, True)


def test_each_dataset_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model whose host is known to have it is looked for again where any dataset's generation would run."""
    profile = '[profiles.c]\nmodel = "m.gguf"\nhost = "far"\ndatasets = ["humaneval", "mbpp"]\n'
    (tmp_path / "profiles.toml").write_text(f'[hosts.far]\ndocker = "far"\nmodels = "/srv"\n{profile}')
    config = load(tmp_path / "profiles.toml")
    stages = [Generate(config, config.profiles[0], dataset) for dataset in ("humaneval", "mbpp")]
    tasks = {stage.dataset: Task(stage.dataset, None, meta={"stage": stage}) for stage in stages}
    absent = AbsentError("c", "no model file")
    monkeypatch.setattr(remote_models, "cached", lambda *_: {})
    monkeypatch.setattr(remote_models, "inspect_all", lambda _, profiles: [(profile, absent) for profile in profiles])
    monkeypatch.setattr(hosts, "describe", lambda task, **_: "first run" if task.name == "mbpp" else "")
    assert hosts.absent_models(tasks, ["humaneval", "mbpp"]) == {"c": absent.phrase}
