"""Models that lie in installed Python packages."""

from pathlib import Path

import pytest

from bench.errors import MissingPrerequisite, ProfilesError
from bench.graph import prerequisites
from bench.profiles import Config
from bench.profiles.file import load
from tests.graph.test_prerequisites import EMPTY


def declared(folder: Path, model: str) -> Config:
    """A profiles file with that model alone."""
    (folder / "profiles.toml").write_text(f'[server]\nkind = "process"\n[profiles.p]\nmodel = "{model}"\n')
    return load(folder / "profiles.toml")


def test_in_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is found in its package, which is not imported; where the file is not in it, that is said."""
    package = tmp_path / "with_a_model"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError")
    (package / "small-Q4_0.gguf").write_bytes(EMPTY)
    monkeypatch.syspath_prepend(tmp_path)
    config = declared(tmp_path, "package:with_a_model/small-Q4_0.gguf")
    assert config.model_path(config.profiles[0]) == package / "small-Q4_0.gguf"
    assert prerequisites.skipped(config) == {}
    (package / "small-Q4_0.gguf").unlink()
    assert prerequisites.skipped(config) == {"p": "no model file with_a_model/small-Q4_0.gguf"}


def test_without_the_package(tmp_path: Path) -> None:
    """Without its package a profile is skipped with the command that brings it; by name it is an error."""
    config = declared(tmp_path, "package:no_such_one/a.gguf")
    assert prerequisites.skipped(config) == {"p": "no package no_such_one (pip install no-such-one)"}
    with pytest.raises(MissingPrerequisite, match=r"^p: no package no_such_one \(.*\); install it, or change"):
        prerequisites.require(config, config.profiles[0])


@pytest.mark.parametrize(
    "model", ["package:", "package:a", "package:a/b.bin", "package:a/../b.gguf", "package:a.b/c.gguf"]
)
def test_odd_names(tmp_path: Path, model: str) -> None:
    """A name that is none of a file in a package is refused with the form that it must have."""
    with pytest.raises(ProfilesError, match=r"model = .*write it as package:<package>/<file>.gguf"):
        declared(tmp_path, model)
