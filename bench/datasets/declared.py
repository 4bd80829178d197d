"""Declarations of datasets: built-in ones in catalogue.toml, a user's in profiles.toml as [datasets.<name>]."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

Format = Literal[
    "evalplus", "evoeval", "pro", "leetcode", "livecodebench", "cruxeval", "bigcodebench", "humanevalpack", "tasks",
]  # fmt: skip
"""The formats of files; each is read by the module of its name here, by `problems(path)`."""

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "bigcodebench": ("bash", "gzip", "python", "sh", "split", "tar"), "humanevalpack": ("node",),
}  # fmt: skip
"""Programs that the tests or references of a format need beside Python."""


@dataclass(frozen=True)
class Declaration:
    """The files of a dataset, their sources and format, and facts of the dataset.

    `files` are names below the folder of datasets, or paths; each has a url and a `sha256` where it may be downloaded.
    `variable` is an environment variable that may name another file; `family` chooses EvalPlus's special comparisons.
    `count` is the number of problems (0: any), `md5` that of EvalPlus's own file, which EvalPlus downloads itself.
    `left_out` are excluded problems, whose reference is known not to pass, with the reason.
    """

    name: str
    title: str
    format: str
    files: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()
    license: str = ""
    note: str = ""
    dates: str = ""
    variable: str = ""
    family: str = ""
    md5: str = ""
    count: int = 0
    left_out: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that its tests need in a sandbox beside Python."""
        return PROGRAMS.get(self.format, ())

    @property
    def suites(self) -> tuple[str, ...]:
        """The names of its suites: two in EvalPlus's sets, one in every other."""
        return ("base", "plus") if self.format == "evalplus" else ("tests",)


@cache
def catalogue() -> dict[str, Declaration]:
    """The built-in datasets by name, in the order of the file."""
    tables = tomllib.loads(Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8"))
    return {name: _declaration(name, table) for name, table in tables.items()}


def _declaration(name: str, table: Mapping[str, Any]) -> Declaration:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    base = values.pop("base_url", "")
    urls = tuple(f"{base}{Path(file).name}" for file in values.get("files", ())) if base else ()
    return Declaration(name, **{"urls": urls, **values})
