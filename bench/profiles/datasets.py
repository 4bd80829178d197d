"""[datasets.<name>] of profiles.toml → declarations."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.datasets import Declaration
from bench.datasets.declared import catalogue
from bench.errors import ProfilesError
from bench.files import user_path
from bench.profiles import OwnDataset
from bench.profiles.sentence import as_table, filled, require
from bench.text import plain

LISTS = ("file", "url", "sha256")


def own_datasets(tables: dict[str, Any], folder: Path, name: str) -> dict[str, Declaration]:
    """The datasets of a profiles file called `name`, by name; relative files count from its `folder`.

    Raises ProfilesError for the first error.
    """
    return {
        dataset: _own(dataset, table, folder, f"{name}: [datasets.{plain(dataset)}]")
        for dataset, table in tables.items()
    }


def _own(name: str, table: Any, folder: Path, where: str) -> Declaration:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise ProfilesError(f"{where}: a name has at most 100 letters, digits and . _ - alone; rename it.")
    listed = {
        key: [value] if key in LISTS and isinstance(value, str) else value
        for key, value in as_table(table, where).items()
    }
    ours = catalogue().get(name)
    if ours and set(listed) <= {"file"}:
        own = filled(OwnDataset(), listed, where)
        return replace(ours, files=_paths(own, folder), urls=(), sha256=())
    own = filled(OwnDataset(title=name), listed, where)
    require(own.file or own.url, where, "file", list(own.file), "name its file or folder, or a url to download it from")
    require(len(own.url) == len(own.sha256), where, "sha256", list(own.sha256), "give one checksum for each url")
    if own.url and own.file:
        require(len(own.url) == len(own.file), where, "url", list(own.url), "give one for each file, or no file")
    return Declaration(
        name, own.title, own.format, files=_paths(own, folder), urls=own.url, sha256=own.sha256, license=own.license,
        note=own.note,
    )  # fmt: skip


def _paths(own: OwnDataset, folder: Path) -> tuple[str, ...]:
    """The declared files; downloads go to the folder of datasets, under the url's last name."""
    if own.file:
        return tuple(str(folder / user_path(file)) for file in own.file)
    return tuple(url.split("?")[0].rstrip("/").rpartition("/")[2] for url in own.url)
