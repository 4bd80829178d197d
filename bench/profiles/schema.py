"""The keys as a JSON schema, by which editors complete and check profiles.toml (`#:schema`)."""

import json
from typing import Any

import msgspec

from bench.profiles import Evaluation, Host, OwnDataset, Paths, Profile, Reporting, Sampling, Sandbox, Server
from bench.profiles.keys import Key, keys

NAME = "profiles.schema.json"
"""The file beside profiles.toml."""


def schema() -> str:
    """The text of that file."""
    server = _table(Server)
    sections = {
        "defaults": _table(Sampling),
        "server": server,
        "sandbox": _table(Sandbox),
        "evaluate": _table(Evaluation),
        "report": _table(Reporting),
        "paths": _table(Paths),
        "datasets": {"type": "object", "additionalProperties": _table(OwnDataset)},
        "hosts": {"type": "object", "additionalProperties": _table(Host)},
        "profiles": {"type": "object", "additionalProperties": _table(Profile, Sampling, server=server)},
    }
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "profiles.toml"}
    return json.dumps({**head, **_object(sections)}, indent=1, ensure_ascii=False) + "\n"


def _table(*records: type, **more: dict[str, Any]) -> dict[str, Any]:
    return _object({key.name: _value(key) for record in records for key in keys(record).values()} | more)


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _value(key: Key) -> dict[str, Any]:
    kind: dict[str, Any] = {"type": "string"} if key.name == "host" else msgspec.json.schema(key.kind)
    if key.name in ("solutions", "file", "url", "sha256"):
        kind["type"] = ["string", "array"]
    default = {} if key.default is None else {"default": key.default}
    return {**kind, "description": key.about, **default}
