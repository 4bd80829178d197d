from typing import Any

from bench.report.provenance import facts

from bench.report.escape import HTML, MARKDOWN
from tests.report.small import HOSTILE, entry, run

SERVER = {"kind": "process", "build": "b6000", "slots": 8, "context": 16384, "placement": ["-ngl", "99"]}


def told(name: str, **more: Any) -> str:
    """One fact of an entry with such a run.json, as REPORT.md has it."""
    return dict(facts(entry("a", "p", run=run(**more)), MARKDOWN)).get(name, "")


def test_how_much_a_model_thinks() -> None:
    """What the profile says of reasoning is told beside what else was asked, and nothing where it says nothing."""
    settings = {"max_tokens": 4096, "temperature": 0.0}
    assert told("Asked", settings=settings | {"reasoning": "low"}).startswith(told("Asked", settings=settings))
    assert told("Asked", settings=settings | {"reasoning": "low"}).endswith(", reasoning low")
    assert told("Asked", settings=settings | {"reasoning": ""}) == told("Asked", settings=settings)


def test_the_size_of_a_model() -> None:
    """A model's size is that of its file, or else what the server says of it."""
    server = SERVER | {"bytes": 18_300_000_000}
    assert told("Model", model={"name": "m"}, server=server) == "`m`, 18.3 GB"
    assert told("Model", model={"file": "m.gguf", "bytes": 4_700_000_000}, server=server) == "`m.gguf`, 4.7 GB"


def test_fewer_requests_than_slots() -> None:
    """A server with more slots than requests in flight is said to have both; else its slots are said alone."""
    room = "process, llama.cpp `b6000`, 8 slots of 16,384 tokens"
    assert told("Server", server=SERVER) == room
    assert told("Server", server={**SERVER, "in_flight": 8}) == room
    assert told("Server", server={**SERVER, "in_flight": 1}) == f"{room}, 1 request at a time"


def test_completions_of_several_servers() -> None:
    """Completions that another server made are counted, with what about that server was otherwise."""
    servers = [
        {**SERVER, "completions": 150},
        {**SERVER, "build": "b5000", "slots": 4, "completions": 7},
        {**SERVER, "build": "b5100", "placement": ["-ngl", "20"], "completions": 6},
        {"build": "", "completions": 1},
    ]
    assert told("Server", server=SERVER, servers=servers).removeprefix(told("Server", server=SERVER)) == (
        ", 7 of 164 completions by llama.cpp `b5000` with 4 slots of 16,384 tokens"
        ", 6 of 164 completions by llama.cpp `b5100` placed by `-ngl 20`"
        ", 1 of 164 completions by another server"
    )


def test_servers_of_any_form() -> None:
    """What is no list of servers says nothing, and names in it add no markup."""
    for servers in (None, 3, "x", [3, None], [{"completions": "many"}], [{"completions": -1}]):
        assert told("Server", server=SERVER, servers=servers) == told("Server", server=SERVER)
    for text in HOSTILE:
        about = run(server=SERVER, servers=[{"build": text, "placement": [text], "completions": 1}])
        assert "<script" not in dict(facts(entry("a", "p", run=about), HTML))["Server"]
