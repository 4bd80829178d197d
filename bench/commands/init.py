"""`doit init`: profiles for the models on this machine. Nothing is started, and nothing is downloaded."""

import difflib
import importlib.util
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from doit.cmd_base import Command

from bench import hub
from bench.console import counted, line, print_line, warn
from bench.discovery import Candidate, Places
from bench.errors import BenchError
from bench.files import write_atomic
from bench.layout import RESERVED
from bench.profiles import Config, Profile, Sampling, schema
from bench.profiles.file import chosen, load, read
from bench.text import plain

DEFAULTS = Sampling()
HEAD = f"""#:schema {schema.NAME}
# What to benchmark, found by `doit init`. Paths are relative to this file; the README explains every key.

[defaults]
datasets = ["humaneval"]

[server]
{{}}
"""
CUDA = 'kind = "compose"\nimage = "ghcr.io/ggml-org/llama.cpp:server-cuda"\ngpu = true'
NOTHING = (
    "No models are on this machine, in models/, the caches of Hugging Face and llama.cpp, the folders of LM Studio and "
    'Ollama, or behind the usual ports; put a GGUF file below models/, or write model = "hf:<org>/<repo>:Q4_K_M".'
)


class Init(Command):  # type: ignore[misc] # doit is untyped
    """doit's command."""

    doc_purpose = "write profiles for the models that are on this machine"
    doc_usage = ""
    doc_description = (
        "Looks in models/, the caches of Hugging Face and llama.cpp, the folders of LM Studio and Ollama, models.ini, "
        "the configuration of llama-swap, and at the ports where model servers usually listen. Without a "
        "profiles.toml, one is written; where there is one, the change is shown, and made with --write."
    )
    cmd_options = (
        {"name": "write", "short": "", "long": "write", "type": bool, "default": False,
         "help": "add what is new to the profiles.toml that is there"},
    )  # fmt: skip

    def execute(self, opt_values: dict[str, Any], pos_args: list[str]) -> int:
        """Look, and write or show; the exit code."""
        if pos_args:
            warn(f'doit init takes no "{plain(pos_args[0])}"; it looks everywhere (doit help init).')
            return 3
        file = chosen(Path.cwd() / "profiles.toml")
        try:
            config = load(file) if file.exists() else None
            models = config.models if config else file.parent / "models"
            candidates = find(Places(file.parent, Path.home(), models, os.environ))
            return init(file, config, *candidates, write=opt_values["write"])
        except BenchError as error:
            warn(error.sentence)
            return 1


def find(places: Places) -> tuple[list[Candidate], list[str]]:
    """The models found anywhere, and a line for each file that is none. A file with flags of its own comes first."""
    from bench.discovery import folders, ollama, presets, servers  # noqa: PLC0415 - requests is heavy

    looks = (
        presets.presets, presets.llama_swap, folders.models, folders.lm_studio, folders.hugging_face,
        folders.llama_cpp, ollama.models,
    )  # fmt: skip
    entries = [*chain.from_iterable(look(places) for look in looks), *servers.models()]
    lines = [entry for entry in entries if isinstance(entry, str)]
    return [entry for entry in entries if isinstance(entry, Candidate)], lines


def init(
    file: Path, config: Config | None, candidates: Iterable[Candidate], left_out: Iterable[str], *, write: bool
) -> int:
    """Write the profiles file, or show the changes of the one that holds `config`; the exit code.

    Raises BenchError.
    """
    for text in left_out:
        print_line(line("left out", "", text))
    added = named(new(candidates, config), config)
    if not added:
        print_line("Every model that was found has a profile." if config else NOTHING)
        return 0 if config else 1
    for profile_id, (title, candidate) in added.items():
        print_line(line("found", profile_id, f"{title} ({candidate.note})"))
    models, starts = (config.models, config.server.starts) if config else (file.parent / "models", True)
    old = file.read_text(encoding="utf-8") if config else ""
    sections = [
        section(profile_id, title, candidate, models, starts=starts) for profile_id, (title, candidate) in added.items()
    ]
    content = "\n".join([f"{old.rstrip()}\n" if config else HEAD.format(server()), *sections])
    read(content, file)
    if config and not write:
        lines = difflib.unified_diff(old.splitlines(), content.splitlines(), file.name, file.name, lineterm="")
        print_line(
            "\n".join([*lines, f"{file.name} is as it was; doit init --write adds {counted(len(added), 'profile')}."])
        )
        return 0
    write_atomic(file, content)
    if content.startswith(f"#:schema {schema.NAME}"):
        write_atomic(file.with_name(schema.NAME), schema.schema())
    print_line(f"{file.name} has {counted(len(added), 'new profile')}; doit doctor says what can run, doit runs it.")
    return 0


def new(candidates: Iterable[Candidate], config: Config | None) -> Iterator[Candidate]:
    """The candidates that are no profile yet, the same model once: in a file rather than behind a server."""
    seen = {_place(config, profile) for profile in config.profiles} if config else set()
    names: set[str] = set()
    for candidate in candidates:
        path = hub.cached(candidate.model) if candidate.model.startswith(hub.PREFIX) else Path(candidate.model)
        place = f"{candidate.base_url} {candidate.model}" if candidate.base_url else os.path.realpath(path)
        if place not in seen and not (candidate.base_url and candidate.model in names):
            seen.add(place)
            names.add(candidate.source.removesuffix(" of Ollama"))
            yield candidate


def _place(config: Config, profile: Profile) -> str:
    if profile.server.kind == "endpoint":
        return f"{profile.server.base_url} {profile.model}"
    return os.path.realpath(config.model_path(profile))


def named(candidates: Iterable[Candidate], config: Config | None) -> dict[str, tuple[str, Candidate]]:
    """Each candidate with its title, by the profile's id; both are unique."""
    known = config.profiles if config else ()
    ids = {*map(str.lower, RESERVED), *(profile.id.lower() for profile in known)}
    titles = {profile.title for profile in known}
    profiles = {}
    for candidate in candidates:
        title = unused(candidate.title, titles, " ")
        profile_id = unused(re.sub(r"[^a-z0-9._-]+", "-", title.lower()).strip("-._")[:90] or "model", ids, "-")
        ids.add(profile_id)
        titles.add(title)
        profiles[profile_id] = title, candidate
    return profiles


def unused(name: str, used: Iterable[str], sign: str) -> str:
    """The name, or the name with the first number from 2 that makes it unique."""
    names = [name, *(f"{name}{sign}{number}" for number in range(2, 10_000))]
    return next(name for name in names if name not in used)


def section(profile_id: str, title: str, candidate: Candidate, models: Path, *, starts: bool) -> str:
    """A profile's section of the file. The context is at most the default: a larger one could fill the memory."""
    path = Path(candidate.model)
    model = str(path.relative_to(models)) if not candidate.base_url and path.is_relative_to(models) else candidate.model
    context = min(candidate.context or DEFAULTS.context, DEFAULTS.context)
    sampling = {name: candidate.sampling[name] for name in ("temperature", "top_p") if name in candidate.sampling}
    server = {} if starts else {"kind": "process"}
    if candidate.base_url:
        server = {"kind": "endpoint", "base_url": candidate.base_url}
    keys: dict[str, Any] = {
        "title": title, "note": candidate.note, "family": candidate.family, "model": model, "args": candidate.args,
        "placement": candidate.placement, "context": context if context < DEFAULTS.context else None,
        "max_tokens": context // 2 if context <= DEFAULTS.max_tokens else None, **sampling,
        "request": {name: value for name, value in candidate.sampling.items() if name not in sampling},
        "server": server,
    }  # fmt: skip
    name = profile_id if re.fullmatch(r"[\w-]+", profile_id) else f'"{profile_id}"'
    lines = [f"{key} = {toml(value)}" for key, value in keys.items() if value not in (None, (), {}, "")]
    return "\n".join([f"[profiles.{name}]", *lines, ""])


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {toml(each)}' for name, each in value.items())} }}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def server() -> str:
    """The keys of [server] that suit this machine, by the programs that are on it."""
    if shutil.which("llama-server"):
        return 'kind = "process"'
    if shutil.which("docker") and shutil.which("nvidia-smi"):
        return CUDA
    here = importlib.util.find_spec("xllamacpp") or not shutil.which("docker")
    return 'kind = "process"' if here else 'kind = "compose"'
