"""`doit init`, as a user gives it, in a home of its own."""

import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import tomli

from bench.commands.init import init, named, new, toml
from bench.discovery import Candidate
from bench.profiles.file import load
from tests.running import run
from tests.test_gguf import write


def candidate(model: str, quantization: str = "Q8_0", **more: object) -> Candidate:
    """A model in a file."""
    return Candidate("in models/", model, "Small", quantization, 5_000_000, **more)  # type: ignore[arg-type]


def test_first_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a profiles file, one is written with a profile for each model, and the schema beside it."""
    candidates = [
        candidate(str(tmp_path / "models" / "a.gguf"), context=2048, sampling={"temperature": 0.6, "top_k": 20.0}),
        candidate("/elsewhere/b.gguf", "Q4_K_M", args=("--jinja",), context=131072),
        Candidate("Ollama on port 11434", "qwen3:8b", "qwen3:8b", placement=(), base_url="http://127.0.0.1:11434/v1"),
    ]
    file = tmp_path / "profiles.toml"
    assert init(file, None, candidates, ["x: it is no GGUF file"], write=False) == 0
    a, b, c = load(file).profiles
    assert (a.id, a.title, a.family, a.model, a.note) == (
        "small-q8_0",
        "Small Q8_0",
        "Small",
        "a.gguf",
        "5 MB, in models/",
    )
    assert (a.sampling.context, a.sampling.max_tokens, a.sampling.temperature) == (2048, 1024, 0.6)
    assert (a.sampling.request, a.placement) == ({"top_k": 20.0}, ("--fit", "on"))
    assert (b.model, b.args, b.sampling.context, b.sampling.temperature) == (
        "/elsewhere/b.gguf",
        ("--jinja",),
        16384,
        0,
    )
    assert (c.server.kind, c.server.base_url, c.model) == ("endpoint", "http://127.0.0.1:11434/v1", "qwen3:8b")
    assert (tmp_path / "profiles.schema.json").is_file()
    out = capsys.readouterr().out
    assert "left out" in out
    assert "profiles.toml has 3 new profiles" in out


def test_a_file_that_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A profiles file is changed with --write alone, and then keeps every line; models that it has are not added."""
    file, old = tmp_path / "profiles.toml", '# mine\n[profiles.a]\nmodel = "a.gguf"\ntitle = "Small Q4_K_M"\n'
    file.write_text(old)
    candidates = [candidate(str(tmp_path / "models" / "a.gguf")), candidate("/b.gguf", "Q4_K_M")]
    assert init(file, load(file), candidates, [], write=False) == 0
    out = capsys.readouterr().out
    assert '+title = "Small Q4_K_M 2"' in out
    assert "doit init --write adds 1 profile" in out
    assert file.read_text() == old
    assert init(file, load(file), candidates, [], write=True) == 0
    assert file.read_text().startswith(old)
    assert [profile.id for profile in load(file).profiles] == ["a", "small-q4_k_m-2"]
    capsys.readouterr()
    assert init(file, load(file), candidates, [], write=True) == 0
    assert "Every model that was found has a profile" in capsys.readouterr().out


def test_the_same_model_once(tmp_path: Path) -> None:
    """A file that several programs have is one profile, and so is a model of Ollama that its server names too."""
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    (tmp_path / "link.gguf").symlink_to(tmp_path / "a.gguf")
    here = Candidate("qwen3:8b of Ollama", str(tmp_path / "link.gguf"), "qwen3")
    behind = Candidate("Ollama on port 11434", "qwen3:8b", "qwen3:8b", base_url="http://127.0.0.1:11434/v1")
    assert next(new([candidate(str(tmp_path / "a.gguf")), here, behind], None)).source == "in models/"
    assert list(new([here, candidate(str(tmp_path / "a.gguf")), behind], None)) == [here]


def test_ids_and_titles() -> None:
    """Ids and titles follow from the names, and are unlike each other."""
    candidates = named(
        [candidate("/a"), candidate("/b"), Candidate("x", "/c", "模型"), Candidate("x", "/d", "REPORT.md")], None
    )
    assert list(candidates) == ["small-q8_0", "small-q8_0-2", "model", "report.md-2"]
    assert [title for title, _ in candidates.values()] == ["Small Q8_0", "Small Q8_0 2", "模型", "REPORT.md"]


@pytest.mark.parametrize("value", ['a"b\\c', "\x7f é 模", ["a", "b"], {"top_k": 20, "x": [1.5, True]}, 0.6])
def test_toml(value: object) -> None:
    """Values are written so that TOML reads them back."""
    assert tomli.loads(f"x = {toml(value)}")["x"] == value


@pytest.fixture
def doit(tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs doit in an empty folder, with an empty home."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "PYTHONWARNINGS": "error"}
    return partial(run, cwd=tmp_path, environment=environment)


def test_as_a_user_gives_it(tmp_path: Path, doit: Callable[..., "subprocess.CompletedProcess[str]"]) -> None:
    """`doit init` needs neither a profiles file nor a dodo.py."""
    (tmp_path / "models").mkdir()
    write(tmp_path / "models" / "Small-Q4_K_M.gguf")
    ran = doit("init")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "small-q4_k_m" in ran.stdout
    assert load(tmp_path / "profiles.toml").profile("small-q4_k_m").model == "Small-Q4_K_M.gguf"
    odd = doit("init", "x")
    assert (odd.returncode, "takes no" in odd.stderr) == (3, True)


def test_a_file_of_its_own_models(tmp_path: Path, doit: Callable[..., "subprocess.CompletedProcess[str]"]) -> None:
    """The folder of models is the one that the profiles file names; a damaged profiles file is left as it is."""
    (tmp_path / "gguf").mkdir()
    write(tmp_path / "gguf" / "Small-Q4_K_M.gguf")
    file, text = tmp_path / "profiles.toml", '[paths]\nmodels = "gguf"\n[profiles.a]\nmodel = "a.gguf"\n'
    file.write_text(text)
    assert '+model = "Small-Q4_K_M.gguf"' in doit("init").stdout
    file.write_text(text + "modle = 3\n")
    ran = doit("init", "--write")
    assert (ran.returncode, "did you mean" in ran.stderr) == (1, True)
    assert file.read_text() == text + "modle = 3\n"
