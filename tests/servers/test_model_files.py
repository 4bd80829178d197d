from pathlib import Path

import pytest

from bench.profiles import Config
from bench.profiles.file import load
from bench.servers import model_files


def configured(tmp_path: Path, kind: str, *args: str) -> Config:
    """One profile of that kind with those flags, and a folder of models with an adapter in it."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "lora.gguf").write_bytes(b"GGUF")
    listed = ", ".join(f"'{arg}'" for arg in args)
    (tmp_path / "profiles.toml").write_text(
        f"[profiles.m]\nmodel = 'm.gguf'\nargs = [{listed}]\nserver = {{ kind = '{kind}' }}\n"
    )
    return load(tmp_path / "profiles.toml")


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["--lora", "/models/lora.gguf"], ["/models/lora.gguf"]),
        (["--lora-scaled", "/models/lora.gguf:0.5"], ["/models/lora.gguf"]),
        (["--control-vector-scaled", "/models/lora.gguf:-1.5e-1"], ["/models/lora.gguf"]),
        (["--log-file", "/models/lora.gguf"], []),
        (["--lora", "/models/other.gguf,/models/lora.gguf"], ["/models/lora.gguf"]),
        (["--lora", "/models/absent.gguf", "-ot", r"blk\.(1|2)=CPU", "--lora", "/etc/hostname"], []),
    ],
)
def test_in_a_container(tmp_path: Path, args: list[str], named: list[str]) -> None:
    """In a container a flag can name files of the folder of models, alone, in a list, or with a scale."""
    config = configured(tmp_path, "compose", *args)
    assert model_files.local_files(config, config.profile("m")) == dict.fromkeys(named, config.models / "lora.gguf")


def test_for_a_process(tmp_path: Path) -> None:
    """For a process a flag can name any file, from the folder of profiles.toml on; /models is none of ours there."""
    lora = tmp_path / "models" / "lora.gguf"
    config = configured(tmp_path, "process", "--lora", str(lora), "--lora", "models/lora.gguf,/models/lora.gguf")
    assert model_files.local_files(config, config.profile("m")) == {str(lora): lora, "models/lora.gguf": lora}


def test_contents_stand_beside_names() -> None:
    """A flag that names a file carries the beginning of its digest, so that a reason can show old and new."""
    digests = model_files.with_digests(["--lora", "a.gguf,b.gguf"], {"a.gguf": "1" * 64, "b.gguf": "2" * 64})
    assert digests == ("--lora", "a.gguf,b.gguf (111111111111, 222222222222)")
