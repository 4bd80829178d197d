from pathlib import Path

import pytest

from bench.errors import MissingPrerequisite
from bench.graph import prerequisites
from bench.profiles.file import load

EMPTY = b"GGUF" + (3).to_bytes(4, "little") + bytes(16)
"""A GGUF without entries and tensors."""


def test_every_part_of_a_split_model_is_wanted(tmp_path: Path) -> None:
    """A profile whose model lacks its second part is skipped with that part's name, and not when all are there."""
    (tmp_path / "profiles.toml").write_text('[profiles.big]\nmodel = "big-00001-of-00002.gguf"\n')
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "big-00001-of-00002.gguf").write_bytes(EMPTY)
    config = load(tmp_path / "profiles.toml")
    assert prerequisites.skipped(config) == {"big": "no model file models/big-00002-of-00002.gguf"}
    (tmp_path / "models" / "big-00002-of-00002.gguf").write_bytes(EMPTY)
    assert prerequisites.skipped(config) == {}


def test_a_damaged_model_is_skipped(tmp_path: Path) -> None:
    """A model file that no server would load is reported before one starts, and by name it is an error."""
    (tmp_path / "profiles.toml").write_text('[profiles.big]\nmodel = "m.gguf"\n')
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.gguf").touch()
    config = load(tmp_path / "profiles.toml")
    assert prerequisites.skipped(config) == {"big": "model file m.gguf is empty"}
    with pytest.raises(MissingPrerequisite, match=r"big: model file m\.gguf is empty; download it again, or change"):
        prerequisites.require(config, config.profiles[0])
