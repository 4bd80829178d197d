from collections.abc import Callable
from pathlib import Path

import pytest

from bench.profiles import Config
from bench.profiles.file import load

Profiles = Callable[..., Config]


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    """A profiles file with the demo alone, as the project's own has it; more keys of the profile and of its server."""

    def made(keys: str = "", server: str = "") -> Config:
        file = tmp_path / "profiles.toml"
        file.write_text(
            '[sandbox]\nkind = "bubblewrap"\n[profiles.demo]\nmodel = "builtin:demo"\nmax_tokens = 256\n'
            f'context = 2048\ndatasets = ["demo", "demo-mbpp"]\ncanary = false\nplacement = ["-t", "1"]\n{keys}\n'
            f'[profiles.demo.server]\nkind = "process"\n{server}\n'
        )
        return load(file)

    return made
