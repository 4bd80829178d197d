"""The datasets: EvalPlus's HumanEval+ and MBPP+, and the bundled demo sets in the same format.

EvalPlus itself is imported only when a dataset's problems are read, since it costs most of a second;
`fingerprint` answers "has the dataset changed" without it.
"""

import hashlib
import json
import os
import sys
import types
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bench.errors import DatasetError

BUNDLED = Path(__file__).parent / "demo"


@dataclass(frozen=True)
class Source:
    """Where a dataset comes from; `family` chooses EvalPlus's special oracles.

    One with an `md5` is EvalPlus's own, which it downloads and whose inputs it gives their types; `variable` names an
    environment variable that may name another file.
    """

    name: str
    title: str
    family: str
    variable: str
    file: str
    count: int
    md5: str = ""

    @property
    def override(self) -> str:
        """The file that the environment names instead; "" for none."""
        return os.environ.get(self.variable, "") if self.variable else ""


SOURCES = {
    "humaneval": Source("humaneval", "HumanEval", "humaneval", "HUMANEVAL_OVERRIDE_PATH",
                        "HumanEvalPlus-v0.1.10.jsonl", 164, "fe585eb4df8c88d844eeb463ea4d0302"),
    "mbpp": Source("mbpp", "MBPP", "mbpp", "MBPP_OVERRIDE_PATH",
                   "MbppPlus-v0.2.0.jsonl", 378, "ee43ecabebf20deef4bb776a405ac5b1"),
    "demo": Source("demo", "Demo", "humaneval", "", "humaneval.jsonl", 0),
    "demo-mbpp": Source("demo-mbpp", "Demo MBPP", "mbpp", "", "mbpp.jsonl", 0),
}  # fmt: skip
"""A new dataset is a line here; docs/datasets.md says what its file looks like."""


@dataclass(frozen=True)
class Problem:
    """One problem; inputs are lists of argument lists, with the types that the function takes."""

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    base_input: list[Any]
    plus_input: list[Any]
    atol: float


@dataclass(frozen=True)
class Dataset:
    """All problems of a dataset in their order; `hash` is the md5 that EvalPlus writes into results."""

    source: Source
    hash: str
    problems: dict[str, Problem]

    @property
    def name(self) -> str:
        """The name that profiles.toml uses."""
        return self.source.name


def location(name: str) -> Path:
    """The dataset's file: named by the override variable, where EvalPlus downloads it to, or bundled."""
    source = SOURCES[name]
    if source.override:
        return Path(source.override)
    if not source.md5:
        return BUNDLED / source.file
    from appdirs import user_cache_dir  # noqa: PLC0415 - only here, and evalplus brings it

    return Path(user_cache_dir("evalplus")) / source.file


def fingerprint(name: str) -> str | None:
    """The md5 of the dataset's file, or None where it is not on this machine yet or cannot be read."""
    path = location(name)
    try:
        status = path.stat()
        return _md5(path, status.st_size, status.st_mtime_ns)
    except OSError:
        return None


@lru_cache(maxsize=8)
def _md5(path: Path, _size: int, _mtime: int) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


@lru_cache(maxsize=8)
def load(name: str) -> Dataset:
    """All problems of a dataset; EvalPlus downloads its own on first use.

    Raises DatasetError where the file is missing and cannot be fetched, is damaged, or lacks problems.
    """
    source = SOURCES[name]
    try:
        problems = {task_id: _problem(row) for task_id, row in _rows(source).items()}
    except Exception as error:
        raise DatasetError(_unreadable(source, error)) from error
    if not problems or (source.count and len(problems) != source.count):
        wanted = f"{len(problems)} of {source.count}" if source.count else "no"
        remedy = f"let {source.variable} name a complete one" if source.variable else "write one on each line"
        raise DatasetError(f"The dataset {source.title}+ in {location(name)} has {wanted} problems; {remedy}.")
    return Dataset(source, fingerprint(name) or "", problems)


def at_hand(name: str) -> Dataset | None:
    """A dataset that is known, on this machine and readable; None for any other. Nothing is downloaded."""
    if name not in SOURCES or fingerprint(name) is None:
        return None
    try:
        return load(name)
    except DatasetError:
        return None


def _problem(row: dict[str, Any]) -> Problem:
    return Problem(
        row["task_id"], row["prompt"], row["entry_point"], row["canonical_solution"],
        row["base_input"], row["plus_input"], row["atol"],
    )  # fmt: skip


def _unreadable(source: Source, error: Exception) -> str:
    """The sentence for a dataset that could not be read: not there, not to be had, or damaged."""
    place, what = location(source.name), f"{type(error).__name__}: {error}"
    if isinstance(error, KeyError):
        what = f"a problem lacks {error}"
    if source.override and not place.exists():
        return (
            f"The dataset {source.title}+ is not at {place}, which {source.variable} names; put it there, or unset "
            f"the variable{' to have it downloaded' if source.md5 else ''}."
        )
    if source.md5 and not place.exists():
        return (
            f"The dataset {source.title}+ is not at {place} and cannot be downloaded ({what}); connect this machine, "
            f"or let {source.variable} name the unpacked file."
        )
    remedy = f"let {source.variable} name a good one" if source.variable else "mend or reinstall it"
    if source.md5 and not source.override:
        remedy = f"delete it to have it downloaded again, or {remedy}"
    return f"The dataset {source.title}+ in {place} cannot be read ({what}); {remedy}."


def _rows(source: Source) -> dict[str, dict[str, Any]]:
    if not source.md5:
        lines = location(source.name).read_text(encoding="utf-8").splitlines()
        return {row["task_id"]: row for row in map(json.loads, lines)}
    return _evalplus_rows(source)


def _evalplus_rows(source: Source) -> dict[str, dict[str, Any]]:
    # evalplus.data imports Hugging Face's datasets for EvalPerf alone; without it the import is four times faster.
    sys.modules.setdefault("datasets", types.ModuleType("datasets")).__dict__.setdefault("load_dataset", None)
    from evalplus.data import humaneval, mbpp  # noqa: PLC0415 - heavy

    # The override variables are read when evalplus is imported; honour what is set now.
    humaneval.HUMANEVAL_OVERRIDE_PATH = os.environ.get("HUMANEVAL_OVERRIDE_PATH")
    mbpp.MBPP_OVERRIDE_PATH = os.environ.get("MBPP_OVERRIDE_PATH")
    read = humaneval.get_human_eval_plus if source.family == "humaneval" else mbpp.get_mbpp_plus
    return read(err_incomplete=False)  # type: ignore[no-any-return]
