"""Datasets: what is asked, run and compared. Each is declared (declared.py), found (source.py) and read by its format.

Nothing outside this folder knows a dataset by its name; a problem (problem.py) says all that the other stages need.
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
from bench.datasets.rows import LARGEST
from bench.errors import BenchError, DatasetError
from bench.files import write_atomic

__all__ = [
    "Dataset",
    "Declaration",
    "Problem",
    "Suite",
    "at_hand",
    "declare",
    "fingerprint",
    "known",
    "load",
    "location",
]

VERSION = 2
"""Raise it when a file that could be read may not be any more; it is then looked through again."""

_declared: dict[str, Declaration] = {}


@dataclass(frozen=True)
class Dataset:
    """All problems of a dataset in their order; `hash` is the digest of its file, which results are marked with.

    `left_out` are the problems that nobody is asked, with the reason: their references cannot pass here.
    """

    declaration: Declaration
    hash: str
    problems: dict[str, Problem]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name that profiles.toml uses."""
        return self.declaration.name


def declare(declarations: dict[str, Declaration]) -> None:
    """Make a profiles file's own datasets known, in the place of those that another file declared."""
    _declared.clear()
    _declared.update(declarations)


def known() -> dict[str, Declaration]:
    """Every dataset by its name: ours, and those of the profiles file."""
    return catalogue() | _declared


def location(name: str) -> Path:
    """The dataset's (first) file, whether or not it is there."""
    return source.locations(known()[name])[0]


def fingerprint(name: str) -> str | None:
    """The digest of a dataset's files, or None where they are not all on this machine or cannot be read."""
    return source.fingerprint(known()[name])


def at_hand(name: str) -> Dataset | None:
    """A dataset that is known, on this machine and readable; None for any other. Nothing is downloaded."""
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
        _look_through(declaration, fingerprint, problems.values())
    left_out = {one.task_id: one.left_out for one in problems.values() if one.left_out} | dict(declaration.left_out)
    asked = {task_id: one for task_id, one in problems.items() if task_id not in left_out}
    return Dataset(declaration, fingerprint or source.fingerprint(declaration) or "", asked, left_out)


def _look_through(declaration: Declaration, fingerprint: str | None, problems: Iterable[Problem]) -> None:
    """Read all tests once, before anybody is asked for days. Raises DatasetError for the first that is broken."""
    mark = source.folder() / "read" / f"{declaration.name}-{fingerprint}-{VERSION}"
    slow = [problem for problem in problems if problem.rest]
    if not slow or mark.exists():
        return
    for problem in slow:
        for suite in problem.whole().suites:
            if len(marshal.dumps((suite.inputs, suite.outputs), 2)) > LARGEST:
                raise DatasetError(f"{problem.place} has more than {LARGEST >> 20} MiB of tests; take it out.")
    with contextlib.suppress(BenchError):
        # Where that folder cannot be written, they are read again next time.
        write_atomic(mark, b"")


def _by_id(declaration: Declaration, found: list[Problem]) -> dict[str, Problem]:
    """Problems by their ids. Raises DatasetError for an id that occurs twice with another content."""
    problems: dict[str, Problem] = {}
    for problem in found:
        other = problems.setdefault(problem.task_id, problem)
        if other is not problem and len(declaration.files) == 1:
            raise DatasetError(
                f"{problem.place} has the id {problem.task_id}, as has {other.place}; rename or remove one of the two."
            )
    return problems


def _check_count(declaration: Declaration, count: int) -> None:
    if count and (not declaration.count or count == declaration.count):
        return
    wanted = f"{count} of {declaration.count}" if declaration.count else "no"
    place = ", ".join(map(str, source.locations(declaration)))
    named = f"let {declaration.variable} name a complete one" if declaration.variable else "put a complete file there"
    raise DatasetError(f"The dataset {declaration.title} in {place} has {wanted} problems; {named}.")


def _parsed(declaration: Declaration) -> list[Problem]:
    from bench.datasets import evalplus  # noqa: PLC0415 - formats are read once, then kept

    try:
        if declaration.md5:
            return list(evalplus.own(declaration.family, source.locations(declaration)[0]))
        read = importlib.import_module(f"bench.datasets.{declaration.format}").problems
        return [problem for path in source.locations(declaration) for problem in read(path)]
    except DatasetError:
        raise
    except Exception as error:
        raise DatasetError(_unreadable(declaration, error)) from error


def _unreadable(declaration: Declaration, error: Exception) -> str:
    """The sentence for a dataset that could not be read: not there, not to be had, or damaged."""
    place, what = source.locations(declaration)[0], f"{type(error).__name__}: {error}"
    title, variable = declaration.title, declaration.variable
    if not place.exists() and variable and str(place) == source.override(declaration):
        download = " to have it downloaded" if declaration.md5 else ""
        return f"The dataset {title} is not at {place}, which {variable} names; put it there, or unset it{download}."
    if not place.exists():
        named = f"let {variable} name the unpacked file" if variable else "put its file there"
        return f"The dataset {title} is not at {place} and cannot be had ({what}); connect this machine, or {named}."
    again = "delete it to have it downloaded again" if declaration.md5 or declaration.urls else "fix it"
    if variable:
        again = f"{again}, or let {variable} name a good one"
    return f"The dataset {title} in {place} cannot be read ({what}); {again}."
