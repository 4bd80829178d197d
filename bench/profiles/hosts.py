"""[hosts.<name>] of profiles.toml → checked records, and the server settings of profiles with a `host`."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from bench.errors import ProfilesError
from bench.profiles import THIS_MACHINE, Host, Line, Profile, Server
from bench.profiles.keys import keys
from bench.profiles.sentence import as_table, converted, filled, require
from bench.text import did_you_mean, plain

DOCKER_ONLY = ("models", "listen", "port", "url")
DECIDED = ("kind", "base_url", "port")
"""Keys of a profile's server that its host decides."""

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - these are looked for, not listened at
HARMLESS = re.compile(
    r"(api[-_]?)?(version|deployment|model|region|location|project|provider|route)=(?!.*[^\W_]{20})[\w.:/-]+",
    re.IGNORECASE,
)
"""Queries that may be shown: no key, and nothing as long as one."""
SCHEMES = ("ssh://", "tcp://", "unix://")


def hosts(table: Any, name: str) -> dict[str, Host]:
    """All hosts of a profiles file called `name`, by name. Raises ProfilesError for the first error."""
    return {host: _host(host, keys, f"{name}: [hosts.{plain(host)}]") for host, keys in table.items()}


def placed(server: Server, own: dict[str, Any], host: Host | None, where: str) -> Server:
    """A profile's server settings on its `host`; `own` are the profile's own keys."""
    if host is None:
        return server
    for key in DECIDED:
        if key in own:
            raise ProfilesError(f'{where} server.{key} is for the host to decide; remove it, or host = "{host.name}".')
    return replace(server, kind="compose" if host.docker else "endpoint", base_url="", port=0)


def chosen(table: dict[str, Any], known: dict[str, Host], where: str) -> Host | None:
    """The host that a profile names; None for this machine. Raises ProfilesError where there is none of that name."""
    if "host" not in table:
        return None
    name = converted(replace(keys(Profile)["host"], kind=Line), table["host"], where)
    if name in known:
        return known[name]
    hint = did_you_mean(name, known) or f"add a section [hosts.{name}], or remove the key."
    raise ProfilesError(f'{where} host = "{name}" is not declared; {hint}')


def check(profile: Profile, where: str) -> None:
    """Raise ProfilesError where a profile names a host though its source is on this machine alone."""
    if profile.host and (profile.imported or profile.builtin or profile.hub or profile.packaged):
        reason = "solutions are imported" if profile.imported else "a builtin model runs"
        reason = "such a model is kept" if profile.hub or profile.packaged else reason
        raise ProfilesError(f'{where} host = "{profile.host.name}" is impossible; {reason} on this machine.')


def _host(name: str, table: Any, where: str) -> Host:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or name == THIS_MACHINE:
        raise ProfilesError(f"{where}: a host's name has letters, digits and . _ - alone; rename it.")
    host = filled(Host(name), as_table(table, where), where)
    if bool(host.docker) == bool(host.endpoints):
        has = "both docker and endpoints; keep" if host.docker else "neither docker nor endpoints; set"
        raise ProfilesError(f"{where} has {has} one of them.")
    (_check_docker if host.docker else _check_endpoints)(host, table, where)
    return host


def _check_docker(host: Host, table: dict[str, Any], where: str) -> None:
    if "://" in host.docker:
        require(host.docker.startswith(SCHEMES), where, "docker", host.docker,
                "write ssh://user@host, tcp://host:port, or the name of a docker context")  # fmt: skip
        password = ":" in host.docker.rpartition("@")[0].partition("://")[2]
        require(not password, where, "docker", host.docker, "let ssh log in by a key, without a password")
    require(host.models.startswith("/"), where, "models", host.models,
            "name the host's own folder of models, from its root")  # fmt: skip
    if host.listen in EVERYWHERE:
        require("url" in table, where, "listen", host.listen,
                f'add url = "http://<how it is reached from here>:{host.port}"')  # fmt: skip
    if host.url:
        check_url(host.url, where, "url")
        require("?" not in host.url, where, "url", host.url, "write it as http://host:port/v1")


def _check_endpoints(host: Host, table: dict[str, Any], where: str) -> None:
    for key in DOCKER_ONLY:
        if key in table:
            raise ProfilesError(f"{where} {key} is for a host with docker; remove it.")
    for url in host.endpoints:
        check_url(url, where, "endpoints")
    require(len(set(host.endpoints)) == len(host.endpoints), where, "endpoints", list(host.endpoints),
            "name each of them once")  # fmt: skip


def check_url(url: str, where: str, key: str) -> None:
    """Raise ProfilesError for an invalid address of a server, or one with a secret."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not re.search(r"[\s#]", url)
    except ValueError:
        parts, fits = None, None
    # It is recorded with each completion, and shown in reports.
    secret = parts and (
        "@" in parts.netloc or not all(map(HARMLESS.fullmatch, parts.query.split("&") if parts.query else ()))
    )
    remedy = (
        "put the key into the environment, and name it: api_key_env" if secret else "write it as http://host:port/v1"
    )
    require(fits and not secret, where, key, url, remedy)
