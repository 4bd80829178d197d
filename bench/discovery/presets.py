"""Models with their configured flags: llama-server's models.ini, llama-swap's configuration."""

import configparser
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.discovery import SAMPLERS, Candidate, Candidates, Places, UnusableError, candidate, family, samplers
from bench.files import user_path
from bench.text import UNSEEN, plain
from bench.untrusted import read_file, table, whole

MAX_FILE = 1 << 20
"""Bytes of a configuration."""

LONG_NAMES = {
    "m": "model", "c": "ctx-size", "hf": "hf-repo", "hfr": "hf-repo", "hff": "hf-file", "ngl": "n-gpu-layers",
    "gpu-layers": "n-gpu-layers", "t": "threads", "tb": "threads-batch", "b": "batch-size", "ub": "ubatch-size",
    "sm": "split-mode", "ts": "tensor-split", "mg": "main-gpu", "ot": "override-tensor", "fit": "fit",
    "ncmoe": "n-cpu-moe", "cmoe": "cpu-moe", "dev": "device", "np": "parallel", "a": "alias", "n": "n-predict",
    "predict": "n-predict", "temperature": "temp", "sampling-seed": "seed", "s": "seed",
}  # fmt: skip
"""Other spellings of flags."""

PLACEMENT = frozenset({
    "n-gpu-layers", "threads", "threads-batch", "batch-size", "ubatch-size", "split-mode", "tensor-split", "main-gpu",
    "override-tensor", "fit", "n-cpu-moe", "cpu-moe", "device", "mlock", "no-mmap", "mmap", "numa", "no-kv-offload",
    "no-op-offload", "prio", "poll", "no-warmup", "no-repack", "kv-unified", "cont-batching",
})  # fmt: skip
"""Flags that decide where and how fast a model runs, not what it answers."""

IGNORED = frozenset({
    "host", "port", "parallel", "alias", "api-key", "api-key-file", "metrics", "slots", "props", "timeout", "n-predict",
    "seed", "hf-repo", "hf-file", "hf-token", "model", "mmproj", "mmproj-url", "no-mmproj", "no-webui", "webui",
    "offline", "log-file", "log-disable", "verbose", "v", "load-on-startup", "stop-timeout", "models-dir", "models-max",
    "path",
    "sleep-idle-seconds", "ctx-size", "version", "no-models-autoload", "slot-save-path", "threads-http",
})  # fmt: skip
"""Flags that this program sets itself, or that do not concern the model."""

REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+(:[\w.-]+)?")


def presets(places: Places) -> Candidates:
    """The sections of models.ini, the file of llama-server's --models-preset; [*] applies to all."""
    folders = [
        places.folder, places.models, places.home / ".config" / "llama.cpp",
        places.environment_folder("LLAMA_CACHE", ".cache", "llama.cpp"),
    ]  # fmt: skip
    for file in filter(Path.is_file, (folder / "models.ini" for folder in folders)):
        parser = configparser.ConfigParser(interpolation=None, strict=False, default_section="*", allow_no_value=True)
        try:
            parser.read_string("[*]\n" + read_file(file, MAX_FILE).decode())
        except (OSError, ValueError, configparser.Error) as error:
            yield f"{file}: {plain(str(error))}"
            continue
        for name in parser.sections():
            section = parser[name]
            flags = {flag_name(key): section[key] or "" for key in dict.fromkeys([*parser.defaults(), *section])}
            yield _usable(file, name, flags)


def llama_swap(places: Places) -> Candidates:
    """The models of llama-swap's config.yaml, each a command that starts a llama-server."""
    files = [
        places.folder / "llama-swap.yaml", places.folder / "config.yaml",
        places.home / ".config" / "llama-swap" / "config.yaml", places.home / "llama-swap" / "config.yaml",
    ]  # fmt: skip
    for file in filter(Path.is_file, files):
        import yaml  # noqa: PLC0415 - only where there is such a file

        try:
            config = table(yaml.safe_load(read_file(file, MAX_FILE)))
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            yield f"{file}: {plain(str(error))}"
            continue
        for name, entry in table(config.get("models")).items():
            model = table(entry)
            macros = {**table(config.get("macros")), **table(model.get("macros")), "MODEL_ID": name}
            try:
                flags = command_flags(_expand(str(model.get("cmd", "")), {str(m): str(macros[m]) for m in macros}))
            except ValueError as error:
                yield f"{plain(str(name))} in {file}: {error}"
                continue
            yield _usable(file, str(name), flags)


def flag_name(key: str) -> str:
    """One spelling of a flag: `ctx-size` for `--ctx-size`, `-c`, `c` and `LLAMA_ARG_CTX_SIZE`."""
    name = key.removeprefix("LLAMA_ARG_").removeprefix("llama_arg_").lower().lstrip("-").replace("_", "-")
    return LONG_NAMES.get(name, name)


def command_flags(arguments: Sequence[str]) -> dict[str, str]:
    """The flags of a command that starts llama-server, by name; "" for a switch. Raises ValueError for another."""
    programs = (index for index, argument in enumerate(arguments) if Path(argument).stem.startswith("llama-server"))
    start = next(programs, -1) + 1
    if not start:
        raise ValueError("its command starts no llama-server")
    flags: dict[str, str] = {}
    for argument, after in zip(arguments[start:], [*arguments[start + 1 :], "-"], strict=True):
        if argument.startswith("-") and not re.match(r"-[\d.]", argument):
            flags[flag_name(argument)] = "" if after.startswith("-") and not re.match(r"-[\d.]", after) else after
    return flags


def _expand(command: str, macros: Mapping[str, str]) -> list[str]:
    for _ in range(8):
        text = re.sub(r"\$\{([\w-]+)\}", lambda match: macros.get(match[1], match[0]), command)
        if text == command or len(text) > MAX_FILE:
            break
        command = text
    return shlex.split(command.replace("\\\n", " "), comments=True)


def _usable(file: Path, name: str, flags: Mapping[str, str]) -> Candidate | str:
    try:
        return _candidate(file, name, flags)
    except (UnusableError, OSError) as error:
        return f"{plain(name)} in {file}: {plain(str(error))}"


def _candidate(file: Path, name: str, flags: Mapping[str, str]) -> Candidate:
    if any(UNSEEN.search(value) for value in flags.values()):
        raise UnusableError("a flag has signs that a terminal would obey")
    sampling = samplers({flag.replace("-", "_"): _number(value) for flag, value in flags.items()})
    overrides: dict[str, Any] = {
        "args": _flags(flags, placement=False),
        "placement": _flags(flags, placement=True) or ("--fit", "on"),
        "context": whole(_number(flags.get("ctx-size", ""))),
    }
    source = f"{plain(name)} in {file.name}"
    if flags.get("model"):
        path = file.parent / user_path(flags["model"])
        if not path.is_file():
            raise UnusableError(f"its file {path} is missing")
        model = candidate(path, source, **overrides)
        return replace(model, sampling=sampling or model.sampling)
    repository = flags.get("hf-repo") or name
    if not REPOSITORY.fullmatch(repository):
        raise UnusableError("it names no model")
    repository, _, quantization = repository.partition(":")
    chosen = flags.get("hf-file") or quantization or "Q4_K_M"
    return Candidate(source, f"hf:{repository}:{chosen}", family(repository.rpartition("/")[2]),
                     "" if flags.get("hf-file") else chosen, sampling=sampling,
                     **{name: value for name, value in overrides.items() if value})  # fmt: skip


def _flags(flags: Mapping[str, str], *, placement: bool) -> tuple[str, ...]:
    """The flags for `placement` or for `args`, as llama-server's arguments; a switch that is false is left out."""
    others = IGNORED | {name.replace("_", "-") for name in SAMPLERS}
    arguments: list[str] = []
    for name, value in flags.items():
        if name in others or (name in PLACEMENT) != placement:
            continue
        if value.lower() in ("", "true"):
            arguments.append(f"--{name}")
        elif value.lower() != "false":
            arguments += [f"--{name}", value]
    return tuple(arguments)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
