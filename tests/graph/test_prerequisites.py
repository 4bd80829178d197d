import json
from pathlib import Path

import pytest

from bench.errors import MissingPrerequisite
from bench.graph import prerequisites
from bench.profiles.file import load
from tests.graph.conftest import UP_TO_DATE, Project

SCRIPT = {
    "task_id": "JavaScript/0", "prompt": "const isEven = (n) => {\n", "declaration": "const isEven = (n) => {\n",
    "canonical_solution": "  return n % 2 === 0\n}\n", "test": "console.assert(isEven(2))\n",
}  # fmt: skip
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


@pytest.mark.slow
def test_a_dataset_whose_program_is_missing_is_skipped(project: Project) -> None:
    """Without Node a dataset in JavaScript is skipped before anything is asked, with what to install; by name it fails.

    The profile's other dataset is graded, the exit code is 0, and `why`, REPORT.md and doctor say the same.
    """
    folder = project.root / "programs"
    folder.mkdir()
    for program in Path("/usr/bin").iterdir():
        if not program.name.startswith("node"):
            (folder / program.name).symlink_to(program)
    (project.root / "js.jsonl").write_text(json.dumps(SCRIPT) + "\n")
    with (project.root / "profiles.toml").open("a") as file:
        file.write('[datasets.js]\nfile = "js.jsonl"\nformat = "humanevalpack"\n')
        file.write('[profiles.c]\ntitle = "C"\nsolutions = "solutions.jsonl"\ndatasets = ["demo", "js"]\n')
    expected = "no node, which the tests of js need"
    assert f"skip      c:js                      {expected} (apt install nodejs)\n" in project.doit(
        "why", PATH=str(folder)
    )
    out = project.doit(PATH=str(folder))
    assert f"skip      c:js                      {expected} (apt install nodejs)\n" in out
    assert "1 skipped, 0 failed" in out
    assert not (project.results / "c" / "js" / "samples.jsonl").exists()
    assert (project.results / "c" / "demo" / "eval_results.json").exists()
    assert (
        f"| C | c, js | skipped | {expected} (apt install nodejs) | install it |"
        in (project.results / "REPORT.md").read_text()
    )
    assert expected in project.doit("doctor", PATH=str(folder))
    assert project.doit(PATH=str(folder)).endswith(UP_TO_DATE)
