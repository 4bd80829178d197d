"""Datasets: declared (declared.py), located and downloaded (source.py), and read by the module of their format.

A problem (problem.py) has all that other stages need, so that none of them depends on a dataset's name.
"""

import contextlib
import importlib
import marshal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from bench.datasets import source
from bench.datasets.declared import Declaration, catalogue
from bench.datasets.problem import Problem, Suite
from bench.datasets.rows import MAX_ITEM
from bench.errors import BenchError, DatasetError
from bench.files import write_atomic

__all__ = ["Dataset", "Declaration", "Problem", "Suite", "at_hand", "declare", "fingerprint", "known", "load"]

VERSION = 2
"""To be raised when a reader becomes stricter: all tests of a file are then read again."""

_declared: dict[str, Declaration] = {}


@dataclass(frozen=True)
class Dataset:
    """All problems of a dataset in order; `hash` is the digest of its file, which results record.

    `left_out` are excluded problems with the reason: their references cannot pass here.
    """

    declaration: Declaration
    hash: str
    problems: dict[str, Problem]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name in profiles.toml."""
        return self.declaration.name


def declare(declarations: dict[str, Declaration]) -> None:
    """Set the datasets that the profiles file declares, replacing those of another file."""
    _declared.clear()
    _declared.update(declarations)


def known() -> dict[str, Declaration]:
    """Every dataset by name: those of the catalogue and of the profiles file."""
    return catalogue() | _declared


def location(name: str) -> Path:
    """The path of the dataset's (first) file, which may be missing."""
    return source.locations(known()[name])[0]


def fingerprint(name: str) -> str | None:
    """The digest of a dataset's files, None where one is missing or cannot be read."""
    return source.fingerprint(known()[name])


def at_hand(name: str) -> Dataset | None:
    """A dataset that is declared, on this machine and readable, else None. Nothing is downloaded."""
    if name not in known() or fingerprint(name) is None:
        return None
    try:
        return load(name)
    except DatasetError:
        return None


def load(name: str) -> Dataset:
    """All problems of a dataset; its files are downloaded on first use.

    Raises DatasetError where a file is missing and cannot be fetched, is damaged, or lacks problems.
    """
    return _load(known()[name], fingerprint(name))


@lru_cache(maxsize=16)
def _load(declaration: Declaration, fingerprint: str | None) -> Dataset:
    if not declaration.md5 and fingerprint is None:
        source.fetch(declaration)
        fingerprint = source.fingerprint(declaration)
    problems = _by_id(declaration, _parsed(declaration))
    _check_count(declaration, len(problems))
    if not source.published(declaration):
        _check_tests(declaration, fingerprint, problems.values())
    reasons = {task_id: problem.left_out for task_id, problem in problems.items() if problem.left_out}
    left_out = reasons | dict(declaration.left_out)
    selected = {task_id: problem for task_id, problem in problems.items() if task_id not in left_out}
    return Dataset(declaration, fingerprint or source.fingerprint(declaration) or "", selected, left_out)


def _check_tests(declaration: Declaration, fingerprint: str | None, problems: Iterable[Problem]) -> None:
    """Read all tests once, before days of generation. Raises DatasetError for the first broken one."""
    marker = source.folder() / "read" / f"{declaration.name}-{fingerprint}-{VERSION}"
    slow = [problem for problem in problems if problem.rest]
    if not slow or marker.exists():
        return
    for problem in slow:
        for suite in problem.whole().suites:
            if len(marshal.dumps((suite.inputs, suite.outputs), 2)) > MAX_ITEM:
                raise DatasetError(f"{problem.place} has more than {MAX_ITEM >> 20} MiB of tests; take it out.")
    with contextlib.suppress(BenchError):
        # If the folder cannot be written, they are read again next time.
        write_atomic(marker, b"")


def _by_id(declaration: Declaration, parsed: list[Problem]) -> dict[str, Problem]:
    """Problems by id. Raises DatasetError for an id that occurs twice in a file."""
    problems: dict[str, Problem] = {}
    for problem in parsed:
        other = problems.setdefault(problem.task_id, problem)
        if other is not problem and len(declaration.files) == 1:
            raise DatasetError(
                f"{problem.place} has the id {problem.task_id}, as has {other.place}; rename or remove one of the two."
            )
    return problems


def _check_count(declaration: Declaration, count: int) -> None:
    if count and (not declaration.count or count == declaration.count):
        return
    actual = f"{count} of {declaration.count}" if declaration.count else "no"
    place = ", ".join(map(str, source.locations(declaration)))
    remedy = f"let {declaration.variable} name a complete one" if declaration.variable else "put a complete file there"
    raise DatasetError(f"The dataset {declaration.title} in {place} has {actual} problems; {remedy}.")


def _parsed(declaration: Declaration) -> list[Problem]:
    from bench.datasets import evalplus  # noqa: PLC0415 - formats are read once, then kept

    try:
        if declaration.md5:
            return list(evalplus.official(declaration.family, source.locations(declaration)[0]))
        read = importlib.import_module(f"bench.datasets.{declaration.format}").problems
        return [problem for path in source.locations(declaration) for problem in read(path)]
    except DatasetError:
        raise
    except Exception as error:
        raise DatasetError(_unreadable(declaration, error)) from error


def _unreadable(declaration: Declaration, error: Exception) -> str:
    """The sentence for a dataset that is missing, cannot be downloaded, or is damaged."""
    place, cause = source.locations(declaration)[0], f"{type(error).__name__}: {error}"
    title, variable = declaration.title, declaration.variable
    if not place.exists() and source.override(declaration):
        remedy = "put it there, or unset it to have it downloaded"
        return f"The dataset {title} is not at {place}, which {variable} names; {remedy}."
    if not place.exists():
        remedy = f"connect this machine, or let {variable} name the unpacked file"
        return f"The dataset {title} is not at {place} and cannot be fetched ({cause}); {remedy}."
    remedy = "delete it to have it downloaded again" if declaration.md5 or declaration.urls else "fix it"
    if variable:
        remedy = f"{remedy}, or let {variable} name a good one"
    return f"The dataset {title} in {place} cannot be read ({cause}); {remedy}."
