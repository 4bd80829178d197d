"""profiles.toml → validated records.

All errors of the file are reported here, before anything starts: one sentence with section, key, value and remedy.
Types and bounds are declared with the keys (__init__.py); checks of several keys are here.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import tomli
from doit import get_initial_workdir

from bench import datasets, hub, packages
from bench.errors import ProfilesError
from bench.files import user_path
from bench.layout import PROMPTS, RESERVED, Layout
from bench.profiles import (
    BLOB,
    BUILTINS,
    Config,
    Evaluation,
    Host,
    Paths,
    Profile,
    Reporting,
    Sampling,
    Sandbox,
    Server,
    duels,
    hosts,
)
from bench.profiles.datasets import own_datasets
from bench.profiles.families import expanded
from bench.profiles.keys import keys
from bench.profiles.sentence import as_table, as_toml, choice, filled, reject_unknown, require
from bench.text import plain

SECTIONS = ("defaults", "server", "sandbox", "evaluate", "report", "paths", "datasets", "hosts", "profiles")

OUR_FIELDS = ("messages", "stream", "stream_options", "n", "max_tokens", "seed")
"""Fields of a request that the client or the journal's key depends on."""

OUR_FLAGS = {
    **dict.fromkeys(("--port", "--host", "-m", "--model"), "server.port and model say that"),
    **dict.fromkeys(("--api-key", "--api-key-file"), "its port is open to this machine alone"),
}
"""Flags of llama-server that doit sets itself, or that reports would show, with the reason."""


PASSWORD = re.compile(r"://[^/\s@]*:[^/\s]*@")
"""An address with a password in it."""

ELSEWHERE = "let it read the password from the environment or a file"


def chosen(default: Path) -> Path:
    """The profiles file that BENCH_PROFILES names; a relative name counts from where doit was started."""
    named = os.environ.get("BENCH_PROFILES")
    # doit has gone to the folder of dodo.py by now.
    return Path(get_initial_workdir() or "", user_path(named)) if named else default


def load(file: Path) -> Config:
    """Read and check the profiles file. Raises ProfilesError with one sentence for the first error."""
    file = Path(os.path.realpath(file))  # a link to itself is an error when it is read
    return read(_text(file), file)


def read(text: str, file: Path) -> Config:
    """The Config of a profiles file with this text; raises as `load` does."""
    tables, name = _parse(text, file), file.name
    reject_unknown(tables, SECTIONS, f"{name}:")
    for section in SECTIONS:
        as_table(tables.setdefault(section, {}), f"{name}: [{section}]")
    datasets.declare(own_datasets(tables["datasets"], file.parent, name))
    defaults = f"{name}: [defaults]"
    sampling = filled(Sampling(), _with_limits(tables["defaults"], defaults), defaults)
    _check_sampling(sampling, defaults)
    server = filled(Server(), tables["server"], f"{name}: [server]")
    sandbox = filled(Sandbox(), tables["sandbox"], f"{name}: [sandbox]")
    evaluation = filled(Evaluation(), tables["evaluate"], f"{name}: [evaluate]")
    report = filled(Reporting(), tables["report"], f"{name}: [report]")
    known = hosts.hosts(tables["hosts"], name)
    paths = filled(Paths(), tables["paths"], f"{name}: [paths]")
    models, results = (file.parent / user_path(path) for path in (paths.models, paths.results))
    profiles = tuple(
        _profile(expanded_id, own, where, sampling, server, known)
        for profile_id, table in tables["profiles"].items()
        for where in [f"{name}: [profiles.{plain(profile_id)}]"]
        for expanded_id, own in expanded(profile_id, as_table(table, where), models, where).items()
    )
    if not profiles:
        raise ProfilesError(
            f'{name} declares no profile; add a section such as [profiles.my-model] with model = "x.gguf".'
        )
    _reject_duplicates(profiles, name)
    profiles = duels.with_opponents(profiles, models, name)
    return Config(file, models, Layout(results), sandbox, profiles, evaluation, report, server)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ProfilesError(
            f"There is no profiles file {file}; let doit init write it, or BENCH_PROFILES name one."
        ) from None
    except OSError as error:
        raise ProfilesError(f"{file} cannot be read ({error.strerror}); make it a readable file.") from None
    except UnicodeDecodeError:
        raise ProfilesError(f"{file} is not UTF-8 text; save it as UTF-8.") from None


def _parse(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise ProfilesError(f"{file.name} is not valid TOML: {plain(str(error))}; correct that line.") from None
    except RecursionError:
        raise ProfilesError(f"{file.name} is nested too deeply; write it in sections.") from None


def _profile(
    profile_id: str, table: dict[str, Any], where: str, sampling: Sampling, server: Server, known: dict[str, Host]
) -> Profile:
    _check_id(profile_id, where)
    reject_unknown(table, [*keys(Profile), "server", *keys(Sampling)], where)
    own = {name: value for name, value in table.items() if name in keys(Profile) and name != "host"}
    if isinstance(own.get("solutions"), str):
        own["solutions"] = [own["solutions"]]
    host = hosts.chosen(table, known, where)
    settings = as_table(table.get("server", {}), f"{where[:-1]}.server]")
    server = hosts.placed(filled(server, settings, f"{where[:-1]}.server]"), settings, host, where)
    sampling_table = {name: value for name, value in table.items() if name in keys(Sampling)}
    sampling = filled(sampling, _with_limits(sampling_table, where), where)
    profile = filled(Profile(profile_id, profile_id, sampling=sampling, server=server, host=host), own, where)
    _check_sampling(sampling, where, imported=profile.imported)
    _check_source(profile, where)
    _check_arguments(profile, where)
    return profile


def _with_limits(table: dict[str, Any], where: str) -> dict[str, Any]:
    """The settings with `max_tokens = [2048, 8192]` split into the last limit, and the first ones to try."""
    limits = table.get("max_tokens")
    if limits is None:
        return table
    if not isinstance(limits, list):
        return {"first_limits": [], **table}
    whole = bool(limits) and all(isinstance(limit, int) and not isinstance(limit, bool) for limit in limits)
    remedy = "use one limit, or several, each larger than the one before"
    require(whole and limits == sorted(set(limits)), where, "max_tokens", limits, remedy)
    return {**table, "max_tokens": limits[-1], "first_limits": limits[:-1]}


def _check_id(profile_id: str, where: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", profile_id):
        raise ProfilesError(
            f"{where}: an id has at most 100 letters, digits and . _ - alone, for it names a folder; rename it."
        )
    if profile_id.lower() in map(str.lower, RESERVED) or profile_id.lower().endswith(PROMPTS):
        raise ProfilesError(f"{where}: a file of that name belongs in the results folder; rename the profile.")


def _check_arguments(profile: Profile, where: str) -> None:
    """Raise ProfilesError for a flag that doit sets itself, or a password that reports would show."""
    for key, arguments in (("args", profile.args), ("placement", profile.placement)):
        for argument in arguments:
            require(argument not in OUR_FLAGS, where, key, argument, f"leave it out; {OUR_FLAGS.get(argument)}")
            require(not PASSWORD.search(argument), where, key, argument, ELSEWHERE)
    for argument in profile.server.command:
        require(not PASSWORD.search(argument), where, "server.command", argument, ELSEWHERE)


def _check_sampling(sampling: Sampling, where: str, *, imported: bool = False) -> None:
    """Raise ProfilesError for impossible sampling.

    Of `imported` solutions, there may be several of a problem whatever the temperature.
    """
    for dataset in sampling.datasets:
        require(dataset in datasets.known(), where, "datasets", dataset, choice(dataset, datasets.known()))
    require(sampling.datasets, where, "datasets", [], "name at least one")
    greedy_many = sampling.samples > 1 and sampling.temperature == 0 and not imported
    remedy = "greedy samples are all the same; set temperature = 0.8"
    require(not greedy_many, where, "samples", sampling.samples, remedy)
    remedy = f"it must be below context ({sampling.context}), which holds the prompt too"
    require(sampling.max_tokens < sampling.context, where, "max_tokens", sampling.max_tokens, remedy)
    remedy = "list them from the smallest to the largest, below max_tokens"
    limits = [*sampling.first_limits, sampling.max_tokens]
    require(limits == sorted(set(limits)), where, "first_limits", sampling.first_limits, remedy)
    for field in sampling.omit:
        require(field != "messages", where, "omit", field, "without it nothing is asked")
    for key, value in sampling.request.items():
        require(key not in OUR_FIELDS, where, f"request.{plain(key)}", value,
                "the client decides that; use the profile's own keys")  # fmt: skip
        require(_is_json(value), where, f"request.{plain(key)}", value,
                "use text, numbers, true, false, lists and tables")  # fmt: skip


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return False
    return True


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
    if profile.server.base_url or (kind == "endpoint" and not profile.host):
        hosts.check_url(profile.server.base_url, where, "server.base_url")
    if profile.server.starts and not profile.builtin:
        if profile.hub:
            require(hub.Reference.parse(profile.model), where, "model", profile.model, f"write it as {hub.FORM}")
            return
        if profile.packaged:
            named = packages.REFERENCE.fullmatch(profile.model)
            require(named, where, "model", profile.model, f"write it as {packages.FORM}")
            return
        fits = profile.model.endswith(".gguf") or BLOB.search(profile.model)
        require(fits, where, "model", profile.model, "name a file that ends in .gguf")


def _reject_duplicates(profiles: tuple[Profile, ...], name: str) -> None:
    titles: dict[str, str] = {}
    for number, profile in enumerate(profiles):
        first = titles.setdefault(profile.title, profile.id)
        if first != profile.id:
            raise ProfilesError(
                f"{name}: [profiles.{profile.id}] title = {as_toml(profile.title)} is that of [profiles.{first}] too; "
                "give each its own title."
            )
        if any(profile.id == other.id for other in profiles[:number]):
            raise ProfilesError(f"{name}: there are two profiles {profile.id}, one of them from quants or a pattern.")
