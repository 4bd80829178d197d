from pathlib import Path

from bench.graph import prerequisites
from bench.profiles.file import load


def test_every_part_of_a_split_model_is_wanted(tmp_path: Path) -> None:
    """A profile whose model lacks its second part is skipped with that part's name, and not when all are there."""
    (tmp_path / "profiles.toml").write_text('[profiles.big]\nmodel = "big-00001-of-00002.gguf"\n')
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "big-00001-of-00002.gguf").touch()
    config = load(tmp_path / "profiles.toml")
    assert prerequisites.skipped(config) == {"big": "no model file models/big-00002-of-00002.gguf"}
    (tmp_path / "models" / "big-00002-of-00002.gguf").touch()
    assert prerequisites.skipped(config) == {}
