import pytest
from doit.task import dict_to_task

from bench.graph import hosts
from bench.graph.hosts import OnePerMachine


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
