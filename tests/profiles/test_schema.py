"""What is derived from the keys beside the program: the tables of the pages, and the schema for editors."""

import json
from pathlib import Path
from typing import Any

import pytest
import tomli

from bench.profiles import Profile, Sampling, Sandbox, Server
from bench.profiles.keys import keys
from bench.profiles.schema import NAME, schema
from docs import tables

ROOT = Path(__file__).parents[2]


def test_pages_are_as_the_keys() -> None:
    """README, docs and the schema are what `python -m docs.tables` writes."""
    old = [file.name for file, content in tables.files().items() if file.read_text(encoding="utf-8") != content]
    assert old == []


def test_every_key_is_documented() -> None:
    """Each key of a profile, a server and a sandbox has a row in docs/reference/profiles.md."""
    readme = (ROOT / "docs" / "reference" / "profiles.md").read_text(encoding="utf-8")
    names = [name for record in (Profile, Sampling, Server, Sandbox) for name in keys(record)]
    assert [name for name in names if f"\n| `{name}` |" not in readme] == []


def test_schema_knows_all_keys() -> None:
    """The schema has each key of a profile with its sentence, and refuses others."""
    profile = json.loads(schema())["properties"]["profiles"]["additionalProperties"]
    assert set(profile["properties"]) == {*keys(Profile), *keys(Sampling), "server"}
    assert not profile["additionalProperties"]
    assert profile["properties"]["max_tokens"] == {
        "type": "integer", "minimum": 1, "maximum": 2147483647, "default": 4096,
        "description": keys(Sampling)["max_tokens"].about,
    }  # fmt: skip


def test_shipped_file_names_its_schema() -> None:
    """Editors find the schema from the first line of the shipped profiles.toml."""
    assert (ROOT / "profiles.toml").read_text(encoding="utf-8").splitlines()[0] == f"#:schema {NAME}"


GOOD: dict[str, Any] = tomli.loads((ROOT / "profiles.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("path", "value", "fits"),
    [
        ((), None, True),
        (("profiles", "demo", "max_tokens"), 0, False),
        (("profiles", "demo", "max_token"), 5, False),
        (("profiles", "demo", "solutions"), ["a", "b"], True),
        (("profiles", "demo", "title"), "A\u001b[31m", False),
        (("profiles", "demo", "host"), "box", True),
        (("server", "kind"), "ssh", False),
        (("evaluate",), {"scheduler": "tcp://head:8786"}, True),
        (("evaluate",), {"scheduler": "head"}, False),
    ],
)
def test_editors_check_as_doit_does(path: tuple[str, ...], value: Any, fits: bool) -> None:  # noqa: FBT001
    """A JSON-schema checker takes the shipped file, and refuses what doit refuses."""
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    tree: Any = json.loads(json.dumps(GOOD))
    within = tree
    for name in path[:-1]:
        within = within[name]
    if path:
        within[path[-1]] = value
    assert jsonschema.Draft7Validator(json.loads(schema())).is_valid(tree) == fits
