"""profiles.toml → validated records.

Whatever can be wrong in the file is said here, before anything starts: one sentence with section, key, value and
remedy.
"""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import tomli

from bench.errors import ProfilesError
from bench.layout import Layout
from bench.profiles import (
    BUILTINS,
    SANDBOX_KINDS,
    SERVER_KINDS,
    Config,
    Evaluation,
    Host,
    Profile,
    Sampling,
    Sandbox,
    Server,
    hosts,
)
from bench.profiles.sampling import read_sampling
from bench.profiles.schema import Line, checked, read_record, reject_unknown, require
from bench.text import plain

SECTIONS = ("defaults", "server", "sandbox", "evaluate", "paths", "hosts", "profiles")
OWN_KEYS = {
    "title": Line, "note": Line, "reference": Line, "model": Line, "partial": bool,
    "args": tuple[str, ...], "placement": tuple[str, ...],
}  # fmt: skip
SAMPLING_KEYS = tuple(f.name for f in fields(Sampling))
PROFILE_KEYS = (*OWN_KEYS, "solutions", "server", "host", *SAMPLING_KEYS)

OURS = ("--port", "--host", "-m", "--model")
"""Flags of llama-server that doit gives it."""


def load(file: Path) -> Config:
    """Read and check the profiles file. Raises ProfilesError with one sentence for the first thing that is wrong."""
    file = file.resolve()
    tables = _parse(file)
    name = file.name
    reject_unknown(tables, SECTIONS, f"{name}:")
    for section in SECTIONS:
        if not isinstance(tables.get(section, {}), dict):
            raise ProfilesError(f"{name}: {section} is not a table; write it as [{section}].")
    sampling = read_sampling(tables.get("defaults", {}), f"{name}: [defaults]", Sampling())
    server = _server(tables.get("server", {}), f"{name}: [server]", Server())
    sandbox = _sandbox(tables.get("sandbox", {}), f"{name}: [sandbox]")
    evaluation = _evaluation(tables.get("evaluate", {}), f"{name}: [evaluate]")
    paths = tables.get("paths", {})
    reject_unknown(paths, ("models", "results"), f"{name}: [paths]")
    models, results = (
        file.parent / Path(checked(paths.get(key, key), str, f"{name}: [paths]", key)).expanduser()
        for key in ("models", "results")
    )
    layout = Layout(results)
    known = hosts.hosts(tables.get("hosts", {}), name)
    profiles = tuple(
        _profile(profile_id, table, name, sampling, server, known)
        for profile_id, table in tables.get("profiles", {}).items()
    )
    if not profiles:
        raise ProfilesError(
            f'{name} declares no profile; add a section such as [profiles.my-model] with model = "x.gguf".'
        )
    _reject_duplicate_titles(profiles, name)
    return Config(file, models, layout, sandbox, profiles, evaluation)


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomli.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProfilesError(f"There is no profiles file {file}; create it, or let BENCH_PROFILES name one.") from None
    except OSError as error:
        raise ProfilesError(f"{file} cannot be read ({error.strerror}); make it a readable file.") from None
    except UnicodeDecodeError:
        raise ProfilesError(f"{file} is not UTF-8 text; save it as UTF-8.") from None
    except tomli.TOMLDecodeError as error:
        raise ProfilesError(f"{file.name} is not valid TOML: {error}; mend that line.") from None


def _server(table: dict[str, Any], where: str, base: Server) -> Server:
    server = read_record(Server, table, where, base=base)
    require(server.kind in SERVER_KINDS, where, "kind", server.kind, f"choose among {', '.join(SERVER_KINDS)}")
    for key in ("health_timeout", "stall_timeout", "request_timeout"):
        require(getattr(server, key) > 0, where, key, getattr(server, key), "use seconds, more than 0")
    require(server.retries >= 0, where, "retries", server.retries, "use 0 or more")
    require(0 <= server.port < 65536, where, "port", server.port, "use 1 to 65535, or 0 for any free port")
    return server


def _sandbox(table: dict[str, Any], where: str) -> Sandbox:
    sandbox = read_record(Sandbox, table, where)
    require(sandbox.kind in SANDBOX_KINDS, where, "kind", sandbox.kind, f"choose among {', '.join(SANDBOX_KINDS)}")
    require(sandbox.workers >= 0, where, "workers", sandbox.workers, "use 0 for all cores, or a number of them")
    require(sandbox.memory >= 256, where, "memory", sandbox.memory, "use 256 (MiB) or more")
    require(sandbox.pids >= 16, where, "pids", sandbox.pids, "use 16 or more")
    return sandbox


def _evaluation(table: dict[str, Any], where: str) -> Evaluation:
    evaluation = read_record(Evaluation, table, where)
    fits = re.fullmatch(r"|(tcp|tls|ws|wss)://[^\s/]+:[0-9]+", evaluation.scheduler)
    require(bool(fits), where, "scheduler", evaluation.scheduler, "write it as tcp://host:8786")
    return evaluation


def _profile(profile_id: str, table: Any, name: str, base: Sampling, server: Server, known: dict[str, Host]) -> Profile:
    where = f"{name}: [profiles.{plain(profile_id)}]"
    if not isinstance(table, dict):
        raise ProfilesError(f"{where} is not a table; write it as a section.")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", profile_id):
        raise ProfilesError(f"{where}: an id has letters, digits and . _ - alone, for it names a folder; rename it.")
    reject_unknown(table, PROFILE_KEYS, where)
    own = {key: checked(table[key], kind, where, key) for key, kind in OWN_KEYS.items() if key in table}
    asked = {key: value for key, value in table.items() if key in SAMPLING_KEYS}
    sampling = read_sampling(asked, where, base, imported=bool(table.get("solutions")))
    settings = checked(table.get("server", {}), dict[str, Any], where, "server")
    host = hosts.chosen(table, known, where)
    server = hosts.placed(_server(settings, f"{where[:-1]}.server]", server), settings, host, where)
    profile = Profile(
        id=profile_id,
        title=own.get("title", profile_id),
        note=own.get("note", ""),
        reference=own.get("reference", ""),
        model=own.get("model", ""),
        solutions=_solutions(table, where),
        partial=own.get("partial", False),
        args=own.get("args", ()),
        placement=own.get("placement", ()),
        sampling=sampling,
        server=server,
        host=host,
    )
    _check_source(profile, where)
    _check_flags(profile, where)
    return profile


def _solutions(table: dict[str, Any], where: str) -> tuple[str, ...]:
    value = table.get("solutions", [])
    named: tuple[str, ...] = checked([value] if isinstance(value, str) else value, tuple[Line, ...], where, "solutions")
    return named


def _check_flags(profile: Profile, where: str) -> None:
    """Raise ProfilesError for a flag by which a server would no longer be found where it is asked."""
    for key in ("args", "placement"):
        for flag in getattr(profile, key):
            require(flag not in OURS, where, key, flag, "leave it out; server.port and model say that")


def _check_source(profile: Profile, where: str) -> None:
    hosts.check(profile, where)
    if profile.imported and profile.model:
        raise ProfilesError(f"{where} has both model and solutions; keep one of them.")
    if profile.imported:
        return
    kind = profile.server.kind
    if profile.builtin:
        require(profile.model in BUILTINS, where, "model", profile.model, f"known: {', '.join(BUILTINS)}")
        # Its answers are ours, and may be graded without a sandbox where there is none: no other server's may.
        remedy = "a builtin model is served by a llama-server that is started for it"
        require(profile.server.starts, where, "server.kind", kind, remedy)
    if kind == "command":
        require(bool(profile.server.command), where, "server.command", [], "name the program and its arguments")
    elif not profile.model:
        raise ProfilesError(
            f'{where} has no model; add model = "<GGUF under models>" or solutions = "<file or folder>".'
        )
    if kind == "endpoint" and not profile.host:
        require(profile.server.base_url.startswith(("http://", "https://")), where, "server.base_url",
                profile.server.base_url, "write it as http://host:port/v1")  # fmt: skip
    if profile.server.starts and not profile.builtin:
        require(profile.model.endswith(".gguf"), where, "model", profile.model, "name a file that ends in .gguf")


def _reject_duplicate_titles(profiles: tuple[Profile, ...], name: str) -> None:
    seen: dict[str, str] = {}
    for profile in profiles:
        other = seen.setdefault(profile.title, profile.id)
        if other != profile.id:
            raise ProfilesError(
                f'{name}: [profiles.{profile.id}] title = "{profile.title}" is that of [profiles.{other}] too; '
                "give each its own title."
            )
