"""Whatever stands in a profiles file gives profiles, or one sentence."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.commands.init import toml
from bench.errors import ProfilesError
from bench.profiles import Evaluation, Host, Paths, Profile, Reporting, Sampling, Sandbox, Server
from bench.profiles.file import read
from bench.profiles.keys import keys

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORDS = TEXTS | st.sampled_from([
    "", "a.gguf", "hf:o/r:Q4_0", "hf:o/r", "*-*.gguf", "builtin:demo", "http://u:s3cret@h/v1", "http://[::1", "h",
    "none", "process", "endpoint", "command", "docker", "demo", "tcp://h:1", "/m", "0.0.0.0", "\x1b[31m", "\x7f",
    "--port", "../x",
])  # fmt: skip
NUMBERS = st.integers(-(2**70), 2**70) | st.integers(-2, 20000) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = WORDS | NUMBERS | st.booleans()
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.sampled_from("abc"), SCALARS, max_size=2)


def table(*records: type, **others: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the keys of these records, each with any value."""
    names = [name for record in records for name in keys(record)]
    return st.fixed_dictionaries({}, optional={**dict.fromkeys(names, VALUES), **others})


SERVER = table(Server)
FILES = st.fixed_dictionaries(
    {"profiles": st.dictionaries(TEXTS, table(Profile, Sampling, server=SERVER | VALUES) | VALUES, max_size=2)},
    optional={
        "defaults": table(Sampling), "server": SERVER, "sandbox": table(Sandbox), "evaluate": table(Evaluation),
        "report": table(Reporting), "paths": table(Paths),
        "hosts": st.dictionaries(st.just("h"), table(Host), max_size=1),
    },
)  # fmt: skip


def written(value: Any) -> str:
    """A table as TOML, with keys of any sort."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{toml(name)} = {written(each)}" for name, each in value.items()) + " }"
    return toml(value)


@pytest.mark.slow
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(FILES)
def test_any_file(tables: dict[str, Any]) -> None:
    """Any keys with any values are a configuration, or one line of plain text without a secret."""
    text = "".join(f"{name} = {written(value)}\n" for name, value in tables.items())
    sentence = refusal(text)
    assert sentence.isprintable()
    assert not sentence or sentence.endswith((".", "?"))
    assert "s3cret" not in sentence


def refusal(text: str) -> str:
    """The sentence for a file with that text; "" where it is a configuration."""
    try:
        read(text, Path("/tmp/profiles.toml"))
    except ProfilesError as error:
        return error.sentence
    return ""


@pytest.mark.parametrize("value", [float("inf"), float("nan"), -(2**70)])
def test_numbers_that_are_none(value: float) -> None:
    """inf, nan and numbers beyond all bounds are refused for every number."""
    for record, section in ((Sampling, "defaults"), (Server, "server"), (Sandbox, "sandbox"), (Reporting, "report")):
        for key in keys(record).values():
            if isinstance(key.default, int | float) and not isinstance(key.default, bool):
                text = f"{section} = {{ {key.name} = {value} }}\n[profiles.a]\nmodel = 'a.gguf'\n"
                with pytest.raises(ProfilesError, match=f"{key.name} = .* is impossible"):
                    read(text, Path("/tmp/profiles.toml"))
