"""Models that other programs have on this machine; nothing is started or downloaded.

presets.py     models.ini of llama-server, the configuration of llama-swap: models with their flags
ollama.py      Ollama's manifests and blobs
folders.py     GGUF files: models/, Hugging Face's cache, LM Studio's folder, llama.cpp's cache
servers.py     servers that answer on this machine's usual ports
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bench import gguf
from bench.console import size
from bench.files import user_path
from bench.text import UNSEEN, plain
from bench.untrusted import number, whole

SAMPLERS = {
    "temp": "temperature", "temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "min_p": "min_p",
    "repeat_penalty": "repeat_penalty", "penalty_repeat": "repeat_penalty", "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}  # fmt: skip
"""Names of samplers in GGUF files, in Ollama and in flags, and their names in a request."""

NO_CHAT = ("clip", "bert", "nomic-bert", "jina-bert-v2", "t5encoder", "wavtokenizer-dec")
"""Architectures that are no chat models."""


@dataclass(frozen=True)
class Places:
    """The folders to search: that of profiles.toml, its folder of models, the home folder, and the environment."""

    folder: Path
    home: Path
    models: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def environment_folder(self, variable: str, *default: str) -> Path:
        """The folder that a variable of the environment names, or one below the home folder."""
        value = self.environment.get(variable)
        return self.folder / user_path(value) if value else self.home.joinpath(*default)


@dataclass(frozen=True)
class Candidate:
    """A model that can become a profile.

    `model` is a path, `hf:…`, or its name on the server at `base_url`. `context` is in tokens, 0 where it is unknown;
    `sampling` is named as in a request.
    """

    source: str
    model: str
    family: str
    quantization: str = ""
    bytes: int = 0
    context: int = 0
    sampling: Mapping[str, float] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    placement: tuple[str, ...] = ("--fit", "on")
    base_url: str = ""

    @property
    def title(self) -> str:
        """Its title in the report."""
        return plain(f"{self.family} {self.quantization}".strip())

    @property
    def note(self) -> str:
        """Its size and source."""
        return plain(f"{size(self.bytes)}, {self.source}" if self.bytes else self.source)


Candidates = Iterator[Candidate | str]
"""Candidates, and a line for each unusable file."""


class UnusableError(Exception):
    """The reason, as a phrase, why a file is no usable chat model."""


def candidate(path: Path, source: str, *, name: str = "", **overrides: Any) -> Candidate:
    """The candidate of a GGUF file; `overrides` take precedence over its header. Raises UnusableError."""
    if UNSEEN.search(str(path)):
        raise UnusableError("its path has signs that a terminal would obey")
    if damage := gguf.file_damage(path, path.stat().st_size):
        raise UnusableError(f"it {damage}")
    meta = gguf.metadata(path)
    architecture = str(meta.get("general.architecture", ""))
    if meta.get("general.type") not in (None, "model") or architecture in NO_CHAT:
        raise UnusableError("it is a part of another model, or answers no chat")
    if f"{architecture}.pooling_type" in meta:
        raise UnusableError("it makes embeddings")
    missing = [part.name for part in gguf.expected(path) if not part.is_file()]
    if missing:
        raise UnusableError(f"its part {missing[0]} is missing")
    stem = name or Path(gguf.PART.sub("", path.name)).stem
    from_header = Candidate(
        source=source,
        model=str(path),
        family=family(stem),
        quantization=gguf.quantization_in(stem) or gguf.quantization(meta),
        bytes=sum(part.stat().st_size for part in gguf.expected(path)),
        context=whole(meta.get(f"{architecture}.context_length")) or 0,
        sampling=samplers({key.removeprefix("general.sampling."): value for key, value in meta.items()}),
    )
    return replace(from_header, **{name: value for name, value in overrides.items() if value})


def family(name: str) -> str:
    """A model's name without its quantization: `Qwen3-8B-UD-Q4_K_XL` → `Qwen3 8B`."""
    words = re.sub(r"[\s_-]+|\.(?=gguf$)", " ", gguf.QUANTIZATION.sub(" ", name).replace(":", " ")).split()
    return plain(" ".join(word for word in words if word.lower() != "gguf")) or plain(name)


def samplers(values: Mapping[str, Any]) -> dict[str, float]:
    """The samplers among these values, named as in a request and rounded to the six digits of a 32-bit float."""
    numbers = {SAMPLERS[name]: number(value) for name, value in values.items() if name in SAMPLERS}
    return {name: float(f"{value:.6g}") for name, value in numbers.items() if value is not None}
