"""Ollama's store: manifests/<registry>/<namespace>/<model>/<tag> name blobs/sha256-…, of which one is the GGUF."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from bench import gguf
from bench.discovery import Candidate, Candidates, Places, UnusableError, candidate, samplers
from bench.text import plain
from bench.untrusted import items, parse_json, read_file, table, whole, word

MAX_FILE = 1 << 20
"""Bytes of a manifest, or of a model's parameters."""

KINDS = "application/vnd.ollama.image."
LIBRARY = ("registry.ollama.ai", "library")
SERVICE = Path("/usr/share/ollama/.ollama/models")
"""The models of Ollama's system service."""


def models(places: Places, service: Path = SERVICE) -> Candidates:
    """All models in Ollama's stores."""
    own = places.environment_folder("OLLAMA_MODELS", ".ollama", "models")
    return chain(_models_in(own), _models_in(service))


def _models_in(store: Path) -> Candidates:
    root = store / "manifests"
    try:
        manifests = sorted(path for path in root.rglob("*") if path.is_file())
    except OSError:
        return
    for path in manifests:
        name = tag(path.relative_to(root).parts)
        try:
            yield _model(store, path, name)
        except (UnusableError, OSError, ValueError) as error:
            yield f"{plain(name)} of Ollama: {plain(str(error))}"


def tag(parts: tuple[str, ...]) -> str:
    """Ollama's name for the model of a manifest: `qwen3:8b`, `me/mine:latest`, `hf.co/org/repo:Q4_K_M`."""
    *path, last = parts
    for prefix in LIBRARY:
        path = path[1:] if path[:1] == [prefix] else path
    return f"{'/'.join(path)}:{last}"


def _model(store: Path, manifest: Path, name: str) -> Candidate:
    layers = _layers(table(parse_json(read_file(manifest, MAX_FILE))))
    if "model" not in layers:
        raise UnusableError("it has no model in a file")
    path, parameters = store / "blobs" / layers["model"], {}
    if not path.is_file():
        raise UnusableError(f"its file {path} is missing")
    if "params" in layers:
        parameters = table(parse_json(read_file(store / "blobs" / layers["params"], MAX_FILE)))
    adapter = ("--lora", str(store / "blobs" / layers["adapter"])) if "adapter" in layers else ()
    return candidate(
        path, f"{name} of Ollama", name=name.removesuffix(":latest").rpartition("/")[2], args=adapter,
        context=whole(parameters.get("num_ctx")), sampling=samplers(parameters),
        quantization=gguf.quantization_in(name).upper(),
    )  # fmt: skip


def _layers(manifest: Mapping[str, Any]) -> dict[str, str]:
    """The blobs of a manifest by type."""
    layers = [table(layer) for layer in items(manifest.get("layers"))]
    return {
        word(layer.get("mediaType")).removeprefix(KINDS): word(layer.get("digest")).replace(":", "-").replace("/", "_")
        for layer in layers
        if word(layer.get("mediaType")).startswith(KINDS) and layer.get("digest")
    }
