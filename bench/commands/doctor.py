"""The profiles that this machine can run, and remedies for the rest. Nothing is started, pulled or downloaded."""

import importlib.util
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import datasets, docker, gguf, packages
from bench.commands import Command
from bench.commands.findings import Finding, render
from bench.console import counted, size
from bench.datasets import Declaration, source
from bench.errors import DatasetError
from bench.files import read_table
from bench.graph.prerequisites import absent_programs
from bench.imports.files import guide, imported_by
from bench.machine import ABSENT, Probe, Probes, label, look, record
from bench.processes import find_program
from bench.profiles import Config, Profile
from bench.sandbox.kinds import AUTOMATIC, available
from bench.text import did_you_mean
from bench.untrusted import table

ADD_BUBBLEWRAP = "apt install bubblewrap"
ALLOW_BUBBLEWRAP = "allow user namespaces; in a container, by the options of docs/howto/docker.md"
ADD_SERVER = "install llama.cpp, or its wheel: pip install xllamacpp"
BUSY = "ask again when the machine is less busy"
START_SCHEDULER = "start it (docs/howto/cluster.md), or remove [evaluate] scheduler"
ADD_GPU = "install the NVIDIA driver and its container toolkit; or, in [server], gpu = false and the image for the CPU"

Missing = dict[str, str]
"""Missing things, each with its remedy."""


def report(config: Config) -> list[Finding]:
    """All findings: the machine, its datasets and disks, and each profile."""
    images = {profile.server.image for profile in config.profiles if _runs(profile, "compose")}
    if config.sandbox.kind in ("auto", "docker"):
        images.add(config.sandbox.image)
    addresses = {address for profile in config.profiles for address in _endpoints(profile)}
    probes = look(sorted(images), sorted(filter(None, {*addresses, config.evaluation.scheduler})))
    return [
        *_programs(config, probes),
        _grader(config, probes),
        *_images(sorted(images), probes),
        *_orphans(),
        *_datasets(config),
        *_disks(config),
        *_profiles(config, probes),
    ]


def _runs(profile: Profile, kind: str) -> bool:
    return profile.server.kind == kind and not profile.imported and profile.host is None


def _endpoints(profile: Profile) -> tuple[str, ...]:
    if profile.host:
        return profile.host.endpoints
    return (profile.server.base_url,) if _runs(profile, "endpoint") else ()


def _programs(config: Config, probes: Probes) -> Iterator[Finding]:
    known = record()
    cores = counted(known["cores"], "core")
    yield Finding("Machine", "ok", "processor", f"{cores}, {size(known['memory'])} of memory ({label(known)})")
    compose = any(_runs(profile, "compose") for profile in config.profiles)
    gpu = any(_runs(profile, "compose") and profile.server.gpu for profile in config.profiles)
    process = any(_runs(profile, "process") and not profile.builtin for profile in config.profiles)
    kind = config.sandbox.kind
    for name, probe, remedy, needed in (
        ("GPU", probes["gpus"], ADD_GPU, gpu),
        ("Docker engine", probes["docker"], docker.remedy(probes["docker"].reason), compose or kind == "docker"),
        ("compose plugin", probes["compose"], docker.remedy(probes["compose"].reason), compose),
        ("llama-server", _llama_server(), "", process),
        ("bubblewrap", probes["bubblewrap"], _bubblewrap_remedy(probes), kind == "bubblewrap"),
    ):
        yield _finding(name, probe, remedy, needed=needed)


def _finding(name: str, probe: Probe, remedy: str, *, needed: bool) -> Finding:
    if probe:
        return Finding("Machine", "ok", name, probe.text)
    if probe.silent:
        return Finding("Machine", "note", name, f"it did not answer in time ({probe.reason})", BUSY)
    text, _, own_remedy = probe.reason.partition("; ")
    return Finding("Machine", "missing" if needed else "note", name, text, own_remedy or remedy)


def _bubblewrap_remedy(probes: Probes) -> str:
    return ADD_BUBBLEWRAP if probes["bubblewrap"].reason == ABSENT else ALLOW_BUBBLEWRAP


def _llama_server() -> Probe:
    from bench.servers import process  # noqa: PLC0415 - imports requests

    if executable := shutil.which("llama-server"):
        return Probe(executable)
    failure = process.xllamacpp_failure()
    if failure == process.NOT_INSTALLED:
        return Probe(reason=f"none on PATH, and no wheel; {ADD_SERVER}")
    return Probe(reason=f"the wheel xllamacpp: {failure}") if failure else Probe("the one in the wheel xllamacpp")


def _orphans() -> Iterator[Finding]:
    for notice in docker.orphan_notices():
        text, _, remedy = notice.partition("; ")
        yield Finding("Machine", "note", "container", text, remedy)


def _grader(config: Config, probes: Probes) -> Finding:
    kind, scheduler = config.sandbox.kind, config.evaluation.scheduler
    if scheduler:
        reached = probes[scheduler]
        if reached:
            return Finding("Machine", "ok", "Dask", f"workers of {scheduler} grade, each in a sandbox of its own")
        return Finding("Machine", "missing", "Dask", f"no scheduler at {scheduler} ({reached.reason})", START_SCHEDULER)
    if kind == "none":
        text = "none: code that models wrote runs with your rights"
        return Finding("Machine", "note", "sandbox", text, 'set [sandbox] kind = "auto"')
    names = AUTOMATIC if kind == "auto" else [kind]
    usable = {name: probes[name] if name in probes else _sandbox(name) for name in names}
    # As the grading chooses: an image is pulled where nothing else can grade.
    absent = "" if probes.get(f"image {config.sandbox.image}") else "docker"
    for name, probe in sorted(usable.items(), key=lambda one: one[0] == absent):
        if probe:
            return Finding("Machine", "ok", "sandbox", f"code that models wrote runs in {name}")
    if any(probe.silent for probe in usable.values()):
        return Finding("Machine", "note", "sandbox", "unknown, for Docker did not answer in time", BUSY)
    text = "none: code that models wrote is not run, and nothing is graded"
    return Finding("Machine", "missing", "sandbox", text, f"start Docker, or {_bubblewrap_remedy(probes)}")


def _sandbox(kind: str) -> Probe:
    reason = available(kind)
    return Probe(reason=reason) if reason else Probe(kind)


def _images(images: Sequence[str], probes: Probes) -> Iterator[Finding]:
    for image in images if probes["docker"] else ():
        probe = probes[f"image {image}"]
        if probe:
            yield Finding("Machine", "ok", "image", image)
        elif probe.reason:
            yield Finding("Machine", "note", "image", f"unknown whether {image} is here: Docker did not answer", BUSY)
        else:
            remedy = f"it is pulled when it is needed; to have it before: docker pull {image}"
            yield Finding("Machine", "note", "image", f"{image} is not here yet", remedy)


def _datasets(config: Config) -> Iterator[Finding]:
    """The datasets that profiles name, then all other known ones except the demo's."""
    named, proofs = config.datasets, read_table(config.layout.selftests)
    others = [name for name in datasets.known() if name not in named and not name.startswith("demo")]
    for name in [*named, *others]:
        finding = _dataset(name, datasets.known()[name], proofs, needed=name in named)
        if finding.state == "ok" and (absent := absent_programs(config, name)):
            finding = replace(finding, state="missing", text=f"{finding.text}; {absent.text}", remedy=absent.remedy)
        yield finding


def _dataset(name: str, declared: Declaration, proofs: dict[str, Any], *, needed: bool) -> Finding:
    place, fingerprint = _short_path(datasets.location(name)), datasets.fingerprint(name)
    if fingerprint is None:
        about = "; ".join(filter(None, [f"not here yet: {place}", _about(declared, declared.count)]))
        return Finding("Datasets", "note", name, about, _source(declared, place) if needed else "")
    if declared.md5 not in ("", fingerprint) or (declared.sha256 and not source.published(declared)):
        text = f"{place} is not the release that published scores are for"
        return Finding("Datasets", "note", name, text, f"use {declared.files[0]}")
    try:
        dataset = datasets.load(name)
    except DatasetError as error:
        text, _, remedy = error.sentence.rstrip(".").rpartition("; ")
        return Finding("Datasets", "missing", name, text, remedy)
    known = [proof for proof in map(table, proofs.values()) if proof.get("dataset") == name]
    left_out = f"{counted(len(dataset.left_out), 'problem')} left out" if dataset.left_out else ""
    own = any(problem.own_tests for problem in dataset.problems.values()) or any(one.get("own_tests") for one in known)
    forgeable = "tests of its own run in the solution's process, which could forge a pass" if own else ""
    proved = "; ".join(map(_proof, known)) or f"not proved yet: doit selftest {name}"
    text = "; ".join(filter(None, [_about(declared, len(dataset.problems)), left_out, forgeable, proved, place]))
    return Finding("Datasets", "ok", name, text)


def _about(declared: Declaration, problems: int) -> str:
    count = counted(problems, "problem") if problems else ""
    return ", ".join(filter(None, [count, declared.dates, declared.license]))


def _source(declared: Declaration, place: str) -> str:
    """The remedy for a missing dataset."""
    if declared.md5:
        return f"EvalPlus downloads it on first use; without a network, let {declared.variable} name the file"
    if declared.urls:
        return f"it is downloaded on first use; without a network, put {declared.urls[0]} there"
    return f"put {place} there (docs/reference/datasets.md)"


def _proof(proof: dict[str, Any]) -> str:
    passed, problems = proof.get("plus"), proof.get("problems")
    word = "passed" if passed == problems else "FAILED"
    return f"self-test {word} on {proof.get('date')} ({proof.get('sandbox')}, {passed} of {problems})"


def _disks(config: Config) -> Iterator[Finding]:
    for name, folder in (("results", config.layout.root), ("models", config.models)):
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        text = f"{size(shutil.disk_usage(existing).free)} free in {_short_path(folder)}"
        yield Finding("Disk", "ok", name, text if existing == folder else f"{text}, which is not there yet")


def _profiles(config: Config, probes: Probes) -> Iterator[Finding]:
    for profile in config.profiles:
        summary, missing = _imports(config, profile) if profile.imported else _model(config, profile)
        notes = _reference(profile)
        if not profile.imported and not profile.builtin:
            for name, (probe, remedy) in _server(config, profile, probes).items():
                if probe.silent:
                    notes[f"{name} did not answer in time"] = remedy
                else:
                    missing[f"no {name}"] = remedy
        silent = [url for url in _endpoints(profile) if not probes[url]]
        if silent:
            # One answering endpoint is enough.
            unreachable = {f"nobody answers at {', '.join(silent)}": "start that server, or fix its address"}
            (missing if len(silent) == len(_endpoints(profile)) else notes).update(unreachable)
        text = "; ".join(filter(None, [summary, *missing, *notes]))
        remedy = "; ".join(dict.fromkeys(filter(None, (missing | notes).values())))
        yield Finding("Profiles", "missing" if missing else "note" if notes else "ok", profile.id, text, remedy)


def _reference(profile: Profile) -> Missing:
    from bench.report.references import FILE, models  # noqa: PLC0415 - the report's, only read here

    if not profile.reference or profile.reference in models():
        return {}
    remedy = "; ".join(filter(None, [f"name a row of {FILE.name}", did_you_mean(profile.reference, models(), 0.3)]))
    return {f'no published score of "{profile.reference}"': remedy}


def _imports(config: Config, profile: Profile) -> tuple[str, Missing]:
    count, where = len(imported_by(profile, config).files), ", ".join(profile.solutions)
    if count:
        return f"{count} file{'s' * (count > 1)} of solutions in {where}", {}
    return "", {f"no solutions yet in {where}": f"let a solver put them there ({guide(profile)})"}


def _model(config: Config, profile: Profile) -> tuple[str, Missing]:
    if profile.builtin:
        return _demo(profile), {}
    if profile.host:
        host = profile.host
        if host.docker:
            return f"{profile.model} on {host.name} ({host.docker}), which is not asked here", {}
        return f"{profile.model} on {host.name} ({', '.join(host.endpoints)})", {}
    if not profile.needs_file:
        return " ".join(profile.server.command) or f"{profile.model} at {profile.server.base_url}", {}
    if profile.hub and not config.model_path(profile).is_file():
        return f"{profile.model}, which is downloaded on first use", {}
    if profile.packaged and (package := packages.absence(profile.model)):
        return "", {package: packages.remedy(profile.model)}
    files = gguf.expected(config.model_path(profile))
    missing = [path for path in files if not path.is_file()]
    if missing:
        some = f" ({len(missing)} of {len(files)} parts are missing)" if len(files) > 1 else ""
        text = f"no {missing[0].name} in {_short_path(missing[0].parent)}{some}"
        return "", {text: "download it there, or set [paths] models"}
    if damage := gguf.damage(config.model_path(profile), config.layout.cache):
        return "", {damage: "download it again"}
    parts = f" in {len(files)} parts" if len(files) > 1 else ""
    return f"{size(sum(path.stat().st_size for path in files))}{parts}", {}


def _demo(profile: Profile) -> str:
    from bench.servers import process  # noqa: PLC0415 - imports requests

    if process.executable(profile) and importlib.util.find_spec("gguf"):
        return "a tiny model, built on the spot"
    return "its bundled answers, for no llama-server can be started here"


def _server(config: Config, profile: Profile, probes: Probes) -> dict[str, tuple[Probe, str]]:
    """Requirements of a profile's server that this machine lacks, or did not answer about, each with a remedy."""
    server = profile.server
    absent = Probe(reason="absent")
    if profile.engine:
        if probes["compose"]:
            return {}
        return {"docker command with compose": (probes["compose"], "install both; no engine is needed here")}
    if server.kind == "compose":
        needed = {"Docker": probes["docker"], "compose": probes["compose"]} | (
            {"GPU": probes["gpus"]} if server.gpu else {}
        )
        return {name: (probe, "") for name, probe in needed.items() if not probe}
    if server.kind == "process":
        from bench.servers import process  # noqa: PLC0415 - imports requests

        if process.executable(profile, config.file.parent):
            return {}
        return {server.executable or "llama-server": (absent, process.absence(profile).rpartition("; ")[2])}
    if server.kind == "command" and find_program(server.command[0], config.file.parent) is None:
        return {f"program {server.command[0]}": (absent, "install it, or fix server.command")}
    if server.kind == "endpoint" and server.api_key_env and not os.environ.get(server.api_key_env):
        return {f"key in {server.api_key_env}": (absent, f"export {server.api_key_env}")}
    return {}


def _short_path(path: Path) -> str:
    for base, prefix in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_relative_to(base):
            return prefix + str(path.relative_to(base))
    return str(path)


class Doctor(Command):
    """doit doctor."""

    doc_purpose = "tell what this machine can run, and what to do about the rest"

    def lines(self, names: list[str]) -> Iterator[str]:  # noqa: ARG002 - it looks at all
        """All findings, as people read them."""
        yield render(report(self.declared))
