"""Every key of profiles.toml, walked: what is declared of it is what the program does with it."""

from dataclasses import dataclass, fields, replace
from typing import Any

import pytest

from bench.datasets.problem import Problem, scripted
from bench.generate.model import Model, fingerprint
from bench.generate.prompt import body, identity, messages, request_key, seed_of
from bench.generate.provenance import recorded
from bench.profiles import Evaluation, Host, Paths, Profile, Sampling, Sandbox, Server
from bench.profiles.keys import key, keys, settings

PROBLEM = Problem("Demo/0", "def f(x):\n", "f", "", (), scripted("def f(x):\n"))
RECORDS = (Profile, Sampling, Server, Sandbox, Evaluation, Paths, Host)
WALKED = [(record, name) for record in (Profile, Sampling, Server) for name in keys(record) if name != "host"]
"""All but the machine: whether that changes the model, its fingerprint says (tests/servers/test_remote.py)."""

OTHERS: dict[str, Any] = {
    "datasets": ("mbpp",),
    "reasoning": "low",
    "request": {"top_k": 1},
    "host": Host("box", "ssh://box"),
}
"""Another value for a key of which it cannot be told from its type."""


def profile(temperature: float) -> Profile:
    """A profile whose model is no file here, so that the profile alone names it."""
    server = Server("endpoint", base_url="http://a/v1", command=("cat",))
    return Profile("a", "A", model="m", sampling=Sampling(temperature=temperature), server=server)


def changed(one: Profile, record: type, name: str) -> Profile:
    """The profile with another value of that key."""
    holder: Any = {Profile: one, Sampling: one.sampling, Server: one.server}[record]
    value = getattr(holder, name)
    if name in OTHERS:
        other = OTHERS[name]
    elif isinstance(value, bool):
        other = not value
    elif isinstance(value, int | float):
        other = value + 1
    else:
        other = (*value, "x") if isinstance(value, tuple) else f"{value}x"
    other = replace(holder, **{name: other})
    return other if record is Profile else replace(one, **{record.__name__.lower(): other})


def model(one: Profile) -> Model:
    """Its model as requests are kept by it."""
    return Model(fingerprint(None, one), one.args)  # type: ignore[arg-type] - no file is looked at


def sent(one: Profile) -> dict[str, Any]:
    """What is sent for its second sample, wherever."""
    sampling = one.sampling
    return body(sampling, messages(PROBLEM, sampling), seed_of(sampling, 1), model=one.model, llama=True)


@pytest.mark.parametrize("temperature", [0.0, 0.8])
@pytest.mark.parametrize(("record", "name"), WALKED, ids=[name for _, name in WALKED])
def test_what_a_key_affects(record: type, name: str, temperature: float) -> None:
    """What changes the request changes its key; what affects answers is a reason, and nothing else is."""
    old = profile(temperature)
    new = changed(old, record, name)
    asks_again = request_key(PROBLEM, new, model(new), 1) != request_key(PROBLEM, old, model(old), 1)
    reason = identity(new, model(new)) != identity(old, model(old))
    declared = keys(record)[name]
    if sent(new) != sent(old):
        assert asks_again or name == "max_tokens"
    if asks_again:
        assert reason
    if declared.sent != "sampled" or temperature:
        assert reason == (declared.affects == "answers")
        assert asks_again == (declared.affects == "answers" and name not in ("max_tokens", "samples", "stop_loops"))
    if declared.affects in ("answers", "nothing") and record is not Server and name not in ("model", "quants"):
        assert recorded(new) != recorded(old)


def test_every_field_is_a_key() -> None:
    """All fields are declared keys, but for ids and the records within."""
    others = {(record, one.name) for record in RECORDS for one in fields(record)}
    others -= {(record, name) for record in RECORDS for name in keys(record)}
    assert others == {(Profile, "id"), (Profile, "sampling"), (Profile, "server"), (Host, "name")}
    assert all(one.about for record in RECORDS for one in keys(record).values())


@dataclass(frozen=True)
class More(Sampling):
    """Sampling with a key that somebody adds, in one place alone."""

    repeat_penalty: float | None = key(None, "answers", "for words that were written", sent="always")


def test_a_new_key_is_one_declaration() -> None:
    """A key declared once is sent, recorded, a reason and part of the key; unset, it leaves earlier answers valid."""
    old = profile(0.0)
    unset, penalised = replace(old, sampling=More()), replace(old, sampling=More(repeat_penalty=1.1))
    assert sent(unset) == sent(old)
    assert sent(penalised) == sent(old) | {"repeat_penalty": 1.1}
    assert request_key(PROBLEM, unset, model(old), 1) == request_key(PROBLEM, old, model(old), 1)
    assert request_key(PROBLEM, penalised, model(old), 1) != request_key(PROBLEM, old, model(old), 1)
    assert identity(penalised, model(old)) == identity(old, model(old)) | {"repeat_penalty": 1.1}
    assert recorded(penalised) == recorded(old) | {"repeat_penalty": 1.1}


def test_flags_are_told_apart() -> None:
    """One flag with a space in it is not two flags, in the reasons as in the key."""
    one, two = (replace(profile(0.0), args=args) for args in (("--grammar", "a b"), ("--grammar", "a", "b")))
    assert identity(one, model(one))["args"] == "--grammar 'a b'"
    assert identity(two, model(two))["args"] == "--grammar a b"


def test_named_settings() -> None:
    """The settings on which a stage depends are taken by what they affect."""
    assert settings(Sandbox(memory=512), "grading") == {"image": Sandbox.image, "memory": 512, "pids": 128}
    assert settings(profile(0.0), "report") == {"title": "A", "note": "", "reference": "", "family": ""}
