"""The formats of dataset files, each read by a module of its own: a new one is that module and a line here."""

from collections.abc import Callable, Iterator
from pathlib import Path

from bench.datasets import bigcodebench, cruxeval, evalplus, evoeval, leetcode, livecodebench, own_tasks, pro
from bench.datasets.problem import Problem

FORMATS: dict[str, Callable[[Path], Iterator[Problem]]] = {
    "evalplus": evalplus.problems,
    "evoeval": evoeval.problems,
    "pro": pro.problems,
    "leetcode": leetcode.problems,
    "livecodebench": livecodebench.problems,
    "cruxeval": cruxeval.problems,
    "bigcodebench": bigcodebench.problems,
    "tasks": own_tasks.problems,
}
