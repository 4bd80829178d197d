"""Folders as other programs lay them out, made up in a temporary home."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGUFWriter

from bench.discovery import Places

Model = Callable[..., Path]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Nothing but an empty home, and an empty folder in it where the user stands."""
    (tmp_path / "home" / "work").mkdir(parents=True)
    return Places(tmp_path / "home" / "work", tmp_path / "home", tmp_path / "home" / "work" / "models")


@pytest.fixture
def model(places: Places) -> Model:
    """Writes a GGUF at a path below the home; more keys of its header may be given."""

    def write(name: str, context: int = 32768, architecture: str = "llama", **header: Any) -> Path:
        path = places.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = GGUFWriter(path, architecture)
        writer.add_context_length(context)
        for key, value in header.items():
            (writer.add_string if isinstance(value, str) else writer.add_uint32 if isinstance(value, int)
             else writer.add_float32)(key.replace("__", "."), value)  # fmt: skip
        writer.add_tensor("t", np.zeros(8, dtype=np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write
