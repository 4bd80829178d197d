import json
from pathlib import Path
from typing import Any

import pytest

from bench.demo.model import build_answers
from bench.docker import DockerError, Engine
from bench.profiles import STARTED_KINDS, Config, Profile
from bench.profiles.file import load
from tests import images
from tests.servers import helpers
from tests.servers.helpers import IMAGE, Make

LONG = "a long answer that has no key in it " * 400


@pytest.fixture(autouse=True)
def no_strangers() -> None:
    """Leave out of account what other tests have started."""
    helpers.BEFORE.clear()
    helpers.BEFORE.update(helpers.children())


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model: `good.gguf` answers 4 to "two and two", and takes its time over anything else."""
    pytest.importorskip("xllamacpp", reason="no llama.cpp server on this machine: pip install xllamacpp")
    folder = tmp_path_factory.mktemp("models")
    build_answers(folder / "good.gguf", [("two and two", "It is 4.")], default=LONG, load_layers=1)
    (folder / "broken.gguf").write_bytes(b"GGUF" + bytes(1000))
    return folder


@pytest.fixture
def make(tmp_path: Path, request: pytest.FixtureRequest) -> Make:
    """Makes a profile with one kind of server; `server` is the rest of that section."""

    def made(kind: str, *, server: dict[str, Any] | None = None, **own: Any) -> tuple[Profile, Config]:
        folder = request.getfixturevalue("models") if kind in STARTED_KINDS else tmp_path
        own = {"model": "good.gguf", "context": 512, "max_tokens": 64, "placement": ["-t", "1"]} | own
        sections: dict[str, dict[str, Any]] = {
            "[paths]": {"models": str(folder)},
            "[profiles.tested]": own,
            "[profiles.tested.server]": {"kind": kind, "image": IMAGE} | (server or {}),
        }
        # JSON's strings, lists, numbers and booleans are TOML's too.
        lines = [
            line
            for section, table in sections.items()
            for line in (section, *(f"{key} = {json.dumps(value)}" for key, value in table.items()))
        ]
        (tmp_path / "profiles.toml").write_text("\n".join(lines))
        config = load(tmp_path / "profiles.toml")
        return config.profile("tested"), config

    return made


@pytest.fixture(scope="session")
def docker() -> None:
    """Skips where no Docker engine answers."""
    try:
        Engine().version()
        Engine().compose_version()
    except DockerError as error:
        pytest.skip(f"no Docker with compose: {error}")


@pytest.fixture(scope="session")
def server_image(docker: None, models: Path) -> str:
    """llama.cpp's server in an image made without a registry."""
    return images.server()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where the server's words go."""
    return tmp_path / "results" / "tested" / "server.log"
