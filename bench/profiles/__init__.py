"""The frozen records that profiles.toml holds; file.py reads and checks them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.layout import Layout

BUILTIN = "builtin:"
"""Prefix of a model that the project builds itself (`builtin:demo`)."""

BUILTINS = (f"{BUILTIN}demo",)

SERVER_KINDS = ("compose", "process", "endpoint", "command")
STARTED_KINDS = ("compose", "process")
"""Kinds for which a llama-server is started; one at a time runs on a machine."""

REASONING = ("", "off", "low", "medium", "high")
"""How much a model is told to think before it answers; "" leaves that to it."""

SANDBOX_KINDS = ("auto", "docker", "bubblewrap", "none")


@dataclass(frozen=True)
class Server:
    """Where completions come from; times in seconds."""

    kind: str = "compose"
    image: str = "ghcr.io/ggml-org/llama.cpp:server"
    gpu: bool = False
    executable: str = ""
    base_url: str = ""
    api_key_env: str = ""
    command: tuple[str, ...] = ()
    port: int = 0
    health_timeout: float = 600.0
    stall_timeout: float = 120.0
    request_timeout: float = 3600.0
    retries: int = 3

    @property
    def starts(self) -> bool:
        """Whether a llama-server is started for it."""
        return self.kind in STARTED_KINDS


THIS_MACHINE = "this machine"


@dataclass(frozen=True)
class Host:
    """Another machine that generates: a Docker engine on it, or endpoints that answer there already.

    `docker` is a context, or an address such as ssh://user@host; `models` is a folder of the host's own. There,
    llama-server is published at `listen`:`port`; from here, it is asked at `url`.
    """

    name: str
    docker: str = ""
    endpoints: tuple[str, ...] = ()
    models: str = ""
    listen: str = "127.0.0.1"
    port: int = 8080
    url: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """What one profile at a time has to itself, in an order that is the same for all."""
        return tuple(sorted(self.endpoints)) or (self.docker,)


@dataclass(frozen=True)
class Sandbox:
    """Where model code runs; `workers` 0 means one a core, `memory` is in MiB for one sample."""

    kind: str = "auto"
    image: str = "ganler/evalplus:latest"
    workers: int = 0
    memory: int = 4096
    pids: int = 128


@dataclass(frozen=True)
class Evaluation:
    """What grades: the workers of a Dask `scheduler` (its address), or this machine."""

    scheduler: str = ""


@dataclass(frozen=True)
class Sampling:
    """What is asked of a model; `context` is in tokens for one slot, `samples` for one problem."""

    datasets: tuple[str, ...] = ("humaneval",)
    max_tokens: int = 4096
    context: int = 16384
    slots: int = 1
    samples: int = 1
    temperature: float = 0.0
    top_p: float = 0.95
    seed: int = 0
    system_prompt: str = "You are a helpful assistant good at coding."
    reasoning: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    canary: bool = True


@dataclass(frozen=True)
class Profile:
    """One model, or one set of solutions made elsewhere: either `model` (or a command) or `solutions` is its source."""

    id: str
    title: str
    note: str
    reference: str
    model: str
    solutions: tuple[str, ...]
    partial: bool
    args: tuple[str, ...]
    placement: tuple[str, ...]
    sampling: Sampling
    server: Server
    host: Host | None = None

    @property
    def imported(self) -> bool:
        """Whether its solutions were made elsewhere."""
        return bool(self.solutions)

    @property
    def needs_file(self) -> bool:
        """Whether its model is a GGUF file on this machine."""
        return self.machine == THIS_MACHINE and not self.builtin

    @property
    def machine(self) -> str:
        """The machine whose one llama-server it needs; "" where it needs none of ours."""
        if self.host:
            return self.host.name
        return THIS_MACHINE if not self.imported and self.server.starts else ""

    @property
    def builtin(self) -> bool:
        """Whether the project builds its model itself."""
        return self.model.startswith(BUILTIN)


@dataclass(frozen=True)
class Config:
    """All of one profiles file; `file` is absolute, paths are resolved against its folder."""

    file: Path
    models: Path
    layout: Layout
    sandbox: Sandbox
    profiles: tuple[Profile, ...]
    evaluation: Evaluation = Evaluation()

    def profile(self, profile_id: str) -> Profile:
        """The profile of that id; KeyError where there is none."""
        return {profile.id: profile for profile in self.profiles}[profile_id]

    def model_path(self, profile: Profile) -> Path:
        """The profile's (first) GGUF file."""
        if profile.builtin:
            return self.layout.cache / f"{profile.model.removeprefix(BUILTIN)}.gguf"
        return self.models / profile.model
