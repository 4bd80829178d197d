from pathlib import Path
from typing import Any

import pytest
from doit.control import TaskControl
from doit.task import dict_to_task

from bench.graph import turns
from bench.graph.steps import Generate
from bench.profiles import Config
from bench.profiles.file import load

PROFILES = """
[hosts.one]
endpoints = ["http://a"]
[hosts.two]
endpoints = ["http://b"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Two profiles on each of two hosts, two on this machine, one at an endpoint that is nobody's alone."""
    places = {"a": "one", "b": "two", "c": "one", "d": "two", "e": "", "f": ""}
    text = PROFILES + "".join(
        f'[profiles.{name}]\nmodel = "{name}.gguf"\n' + (f'host = "{host}"\n' if host else "")
        for name, host in places.items()
    )
    text += '[profiles.g]\nmodel = "g"\nserver = { kind = "endpoint", base_url = "http://c" }\n'
    (tmp_path / "profiles.toml").write_text(text)
    return load(tmp_path / "profiles.toml")


def graph(config: Config) -> dict[str, Any]:
    """The tasks of these profiles, as dodo.py names them."""
    found = [{"name": "report", "actions": None}]
    for profile in config.profiles:
        meta = {"step": Generate(config, profile, "humaneval")}
        found.append({"name": f"generate:{profile.id}", "actions": None, "meta": meta})
        found.append({"name": f"eval:{profile.id}", "actions": None, "task_dep": [f"generate:{profile.id}"]})
    return TaskControl([dict_to_task(task) for task in found]).tasks  # type: ignore[no-any-return]


def before(tasks: dict[str, Any]) -> dict[str, list[str]]:
    """What each generation waits for."""
    return {
        name[-1]: task.setup_tasks for name, task in tasks.items() if name.startswith("generate") and task.setup_tasks
    }


def test_one_after_the_other(config: Config) -> None:
    """Each profile waits for the one before it on its machine, and for no other; the report waits for all."""
    tasks, everything = graph(config), [*(f"eval:{name}" for name in "abcdefg"), "report"]
    turns.take(tasks, everything)
    assert before(tasks) == {"c": ["generate:a"], "d": ["generate:b"], "f": ["generate:e"]}
    assert tasks["report"].setup_tasks == everything[:-1]


def test_nothing_is_added(config: Config) -> None:
    """What was not asked for does not run: only selected profiles wait, in the order in which they were named."""
    tasks = graph(config)
    turns.take(tasks, ["eval:c", "eval:a", "eval:d"])
    assert before(tasks) == {"a": ["generate:c"]}
