"""The frozen records of profiles.toml, in which each key is declared once; file.py reads and checks them."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from bench import hub, packages
from bench.datasets.declared import Format
from bench.layout import Layout
from bench.profiles.keys import key
from bench.text import HIDDEN

BUILTIN = "builtin:"
"""Prefix of a model that the project builds itself (`builtin:demo`)."""

BUILTINS = (f"{BUILTIN}demo",)

BLOB = re.compile(r"(^|/)sha256-[0-9a-f]{64}$")
"""The name of a model file in Ollama's store."""

ServerKind = Literal["compose", "process", "endpoint", "command"]
SERVER_KINDS: tuple[str, ...] = get_args(ServerKind)
STARTED_KINDS = ("compose", "process")
"""Kinds for which a llama-server is started; one at a time runs on a machine."""

Reasoning = Literal["", "off", "low", "medium", "high"]
"""Reasoning effort of a model; "" is its own default."""

SandboxKind = Literal["auto", "docker", "bubblewrap", "none"]

THIS_MACHINE = "this machine"

Line = Annotated[str, Meta(pattern=rf"^(?![\s\S]*[{HIDDEN}])")]
"""One line of text without control or invisible characters."""

Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Slots = Annotated[int, Meta(ge=1, le=4096)]
Samples = Annotated[int, Meta(ge=1, le=10_000)]
Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[float, Meta(gt=0, le=366 * 86400)]
Variable = Annotated[str, Meta(pattern=r"^([A-Za-z_]\w*)?$(?!\n)")]
Address = Annotated[str, Meta(pattern=r"^([0-9.]+|[0-9a-fA-F:]+)$(?!\n)")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Scheduler = Annotated[str, Meta(pattern=r"^((tcp|tls|ws|wss)://[^\s/@]+:[0-9]+)?$(?!\n)")]


@dataclass(frozen=True)
class Server:
    """The source of completions."""

    kind: ServerKind = key(
        "compose", "answers", "`compose` (llama-server in a container), `process`, `endpoint`, or `command`"
    )
    image: Line = key("ghcr.io/ggml-org/llama.cpp:server", "nothing", "for `compose`")
    gpu: bool = key(False, "nothing", "for `compose`: whether the container gets the GPUs")
    executable: Line = key("", "nothing", "for `process`; else `llama-server` on the PATH, else the wheel `xllamacpp`")
    base_url: Line = key("", "answers", "for `endpoint`", form="http://host:port/v1")
    api_key_env: Variable = key("", "nothing", "for `endpoint`: the variable that holds the key", form="MY_API_KEY")
    command: tuple[str, ...] = key((), "answers", "for `command`: program and arguments; its exit code decides")
    port: Port = key(0, "nothing", "on 127.0.0.1; 0 takes a free one")
    health_timeout: Seconds = key(600.0, "nothing", "seconds until the model must be loaded")
    stall_timeout: Seconds = key(
        120.0, "nothing", "seconds without a token (or a long prompt's first) until the server counts as hung"
    )
    request_timeout: Seconds = key(3600.0, "nothing", "seconds for one answer")
    retries: Annotated[int, Meta(ge=0, le=100)] = key(3, "nothing", "after connection errors, 5xx and 429")

    @property
    def starts(self) -> bool:
        """Whether a llama-server is started for it."""
        return self.kind in STARTED_KINDS


@dataclass(frozen=True)
class Host:
    """Another machine that generates: a Docker engine on it, or endpoints that answer there already.

    `docker` is a context, or an address such as ssh://user@host; `models` is a folder of the host's own. There,
    llama-server is published at `listen`:`port`; from here, it is asked at `url`.
    """

    name: str
    docker: Line = key(
        "", "nothing", "an address (`ssh://user@host`, `tcp://host:port`, `unix://…`), or the name of a docker context"
    )
    models: Line = key("", "nothing", "the folder of models on that machine; it is mounted read-only")
    listen: Address = key(
        "127.0.0.1", "nothing", "the address of that machine at which llama-server is published", form="127.0.0.1"
    )
    port: Annotated[int, Meta(ge=1, le=65535)] = key(8080, "nothing", "its port there")
    url: Line = key(
        "", "nothing", "how it is reached from here, where that differs: the near end of a tunnel, say",
        form="http://host:port/v1", default_about="`http://<listen>:<port>`",
    )  # fmt: skip
    endpoints: tuple[Line, ...] = key((), "nothing", "instead of all of these: servers that run already (below)")

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses that one profile at a time uses, sorted, so that locks are taken in one order."""
        return tuple(sorted(self.endpoints)) or (self.docker,)


@dataclass(frozen=True)
class OwnDataset:
    """A dataset of one's own: `[datasets.<name>]`."""

    file: tuple[Line, ...] = key((), "nothing", "its file, or several; a folder for `tasks`; relative to profiles.toml")
    url: tuple[Line, ...] = key(
        (), "nothing", "where each file is downloaded from where it is not there; with `sha256`"
    )
    sha256: tuple[Sha256, ...] = key((), "nothing", "the checksum of each download", form="64 hexadecimal digits")
    format: Format = key(
        "evalplus", "nothing",
        ", ".join(f"`{name}`" for name in get_args(Format)),
    )  # fmt: skip
    title: Line = key("", "report", "its name in the report", default_about="its name")
    license: Line = key("", "report", "its licence, for `doit doctor`")
    note: Line = key("", "report", "a remark, for `doit doctor`")


@dataclass(frozen=True)
class Sandbox:
    """The sandbox of model code."""

    kind: SandboxKind = key(
        "auto", "nothing",
        "Docker, else bubblewrap; `docker`, `bubblewrap`, or `none`: model code runs with your own rights",
    )  # fmt: skip
    image: Line = key(
        "ganler/evalplus:latest", "grading",
        "for Docker; pulled (gigabytes) where it is needed: without bubblewrap, which needs no download",
    )  # fmt: skip
    workers: Annotated[int, Meta(ge=0, le=4096)] = key(0, "nothing", "samples at once; 0 is one a core")
    memory: Annotated[int, Meta(ge=256, le=2**24)] = key(4096, "grading", "MiB for one sample")
    pids: Annotated[int, Meta(ge=16, le=2**22)] = key(128, "grading", "processes of one sample")


@dataclass(frozen=True)
class Evaluation:
    """The grader: the workers of a Dask `scheduler` (its address), or this machine."""

    scheduler: Scheduler = key("", "nothing", "the workers of this Dask scheduler grade, each in a sandbox of its own",
                               form="tcp://host:8786", default_about="this machine")  # fmt: skip


@dataclass(frozen=True)
class Reporting:
    """Settings of the report's conclusions."""

    margin: Annotated[float, Meta(ge=0, le=100)] = key(
        3.0, "report", "percentage points by which a smaller model may be worse and still do"
    )


@dataclass(frozen=True)
class Paths:
    """Folders; a relative one counts from profiles.toml."""

    models: Annotated[Line, Meta(min_length=1)] = key("models", "nothing", "the folder of GGUF files")
    results: Annotated[Line, Meta(min_length=1)] = key("results", "nothing", "the folder of results")


@dataclass(frozen=True)
class Sampling:
    """The settings of requests to a model."""

    datasets: tuple[str, ...] = key(
        ("humaneval",), "report", "`humaneval`, `mbpp`, and others: [datasets.md](datasets.md)"
    )
    max_tokens: Count = key(
        4096, "answers", "768, EvalPlus's own, truncates chat models: [the lesson](../../results/NOTES_max_tokens.md)",
        sent="always",
    )  # fmt: skip
    first_limits: tuple[Count, ...] = key(
        (), "nothing",
        "smaller limits to try first, each for what the one before truncated; `max_tokens = [2048, 8192]` sets both",
    )  # fmt: skip
    context: Count = key(16384, "nothing", "tokens a slot")
    slots: Slots = key(1, "nothing", "requests in flight; greedy text may differ between slot counts")
    samples: Samples = key(1, "answers", "solutions of each problem; several, at a temperature, give pass@k")
    temperature: Annotated[float, Meta(ge=0, le=5)] = key(0.0, "answers", "0 is greedy", sent="always")
    top_p: Annotated[float, Meta(gt=0, le=1)] = key(0.95, "answers", "at a temperature above 0", sent="sampled")
    seed: Annotated[int, Meta(ge=-(2**62), le=2**62)] = key(
        0,
        "answers",
        "at a temperature above 0: the first sample's; each further one has the next",
        sent="sampled",
    )
    system_prompt: str = key(
        "You are a helpful assistant good at coding.", "answers", "empty for none", default_about="EvalPlus's"
    )
    reasoning: Reasoning = key(
        "", "answers", "reasoning effort; ignored if the chat template has no such switch", sent="always",
        default_about="the model's",
    )  # fmt: skip
    request: dict[str, Any] = key({}, "answers", "further fields of the request, such as `{ top_k = 40 }`; they win")
    omit: tuple[Line, ...] = key(
        (), "answers",
        'fields of the request that a server refuses, such as `["temperature"]` or `["max_tokens"]`: they are left out',
    )  # fmt: skip
    canary: bool = key(True, "nothing", "stop when the first five completions are all lost")
    stop_loops: bool = key(
        True,
        "answers",
        "stop an answer that repeats itself exactly (4 times, 256 tokens); `false` generates those again",
    )


@dataclass(frozen=True)
class Profile:
    """One model, or one set of solutions made elsewhere: either `model` (or a command) or `solutions` is its source."""

    id: str
    title: Line = key("", "report", "its name in the report", default_about="the id")
    note: Line = key("", "report", "a remark beside the title in `doit list` and in the report")
    reference: Line = key("", "report", "the published score to compare with: a name in `bench/reference-scores.json`")
    family: Line = key(
        "", "report", "models of one family are compared by quantization", default_about="from the title"
    )
    model: Line = key(
        "", "answers",
        "the (first) GGUF below `[paths] models`; `hf:<org>/<repo>:Q4_K_M` for one on Hugging Face "
        "([models.md](../howto/models.md)); `package:<package>/<file>.gguf` for one in a Python package; or the name "
        "that an endpoint knows",
    )  # fmt: skip
    quants: tuple[Line, ...] = key(
        (), "nothing", "a profile for each of these quantizations; a pattern in `model` (`*`) gives one for each file"
    )
    solutions: tuple[Line, ...] = key(
        (), "samples", "instead of a model: file, glob or folder of solutions made elsewhere, or a list of them"
    )
    duel: Line = key(
        "", "samples",
        "ask only until it is settled which of the two is better: the id of another profile, or `largest` of the "
        "family ([duels.md](../howto/duels.md))",
    )  # fmt: skip
    partial: bool = key(False, "samples", "grade an incomplete import; the rest counts as not attempted")
    args: tuple[str, ...] = key(
        (), "answers",
        "llama-server flags that change what the model says; paths in them count from profiles.toml, in a container "
        "from `/models`",
    )  # fmt: skip
    placement: tuple[str, ...] = key((), "nothing", "llama-server flags about where and how it runs")
    sampling: Sampling = field(default_factory=Sampling)
    server: Server = field(default_factory=Server)
    host: Host | None = key(None, "nothing", "the machine of `[hosts.<name>]` that runs it", default_about="this one")

    @property
    def imported(self) -> bool:
        """Whether its solutions were made elsewhere."""
        return bool(self.solutions)

    @property
    def needs_file(self) -> bool:
        """Whether its model is a GGUF file on this machine."""
        return self.machine == THIS_MACHINE and not self.builtin

    @property
    def engine(self) -> str:
        """The Docker engine of its host; "" where that is this machine, or has endpoints."""
        return self.host.docker if self.host else ""

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

    @property
    def hub(self) -> bool:
        """Whether its model is downloaded from a hub on first use."""
        return self.server.starts and self.model.startswith(hub.PREFIX)

    @property
    def packaged(self) -> bool:
        """Whether its model lies in an installed Python package."""
        return self.server.starts and self.model.startswith(packages.PREFIX)


@dataclass(frozen=True)
class Config:
    """All of one profiles file; `file` is absolute, paths are resolved against its folder."""

    file: Path
    models: Path
    layout: Layout
    sandbox: Sandbox
    profiles: tuple[Profile, ...]
    evaluation: Evaluation = Evaluation()
    report: Reporting = Reporting()
    server: Server = field(default_factory=Server)

    @property
    def datasets(self) -> list[str]:
        """The datasets that profiles name, in their order, each once."""
        return list(dict.fromkeys(name for profile in self.profiles for name in profile.sampling.datasets))

    def profile(self, profile_id: str) -> Profile:
        """The profile of that id; KeyError where there is none."""
        return {profile.id: profile for profile in self.profiles}[profile_id]

    def model_path(self, profile: Profile) -> Path:
        """The profile's (first) GGUF file."""
        if profile.builtin:
            return self.layout.cache / f"{profile.model.removeprefix(BUILTIN)}.gguf"
        if profile.hub:
            return hub.cached(profile.model)
        if profile.packaged:
            return packages.path(profile.model)
        return self.models / profile.model
