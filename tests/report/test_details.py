import pytest

from bench.report.details import facts, incomparable, machine_label, settings_used
from bench.report.leaderboard import Leaderboard, leaderboard_of
from tests.report.made import HOSTILE, local, result, run

SERVER = {"kind": "process", "build": "b6000", "slots": 8, "context": 16384, "placement": ["-ngl", "99"]}


def fact(name: str, **more: object) -> str:
    """One fact of a result with such a run.json."""
    (row,) = leaderboard_of("humaneval", [result("a", "p", run=run(**more))]).rows
    return dict(facts(row)).get(name, "")


def leaderboard(*rows: tuple[str, dict | None], letters: str = "pb") -> Leaderboard:  # type: ignore[type-arg]
    """Results of these names and run.json's."""
    return leaderboard_of("humaneval", [result(name, letters, run=about or {}) for name, about in rows])


def test_reasoning_effort() -> None:
    """The profile's reasoning effort stands beside the other settings, where it has one."""
    settings = {"max_tokens": 4096, "temperature": 0.0}
    plain = fact("Settings", settings=settings)
    assert plain == "max_tokens 4096, temperature 0.0 (greedy)"
    assert fact("Settings", settings=settings | {"reasoning": "low"}) == f"{plain}, reasoning low"
    assert fact("Settings", settings=settings | {"reasoning": ""}) == plain


def test_the_size_of_a_model() -> None:
    """A model's size is that of its file, or else that which the server reports."""
    assert fact("Model", model={"name": "m"}, server=SERVER | {"bytes": 18_300_000_000}) == "m, 18.3 GB"
    assert fact("Model", model={"file": "m.gguf", "bytes": 4_700_000_000}, server=SERVER) == "m.gguf, 4.7 GB"


def test_fewer_requests_than_slots() -> None:
    """A server with more slots than requests in flight shows both; else its slots alone."""
    slots = "process, llama.cpp b6000, 8 slots of 16,384 tokens"
    assert fact("Server", server=SERVER) == slots
    assert fact("Server", server={**SERVER, "in_flight": 8}) == slots
    assert fact("Server", server={**SERVER, "in_flight": 1}) == f"{slots}, 1 request at a time"


def test_completions_of_several_servers() -> None:
    """Completions of other servers are counted, with how each differed."""
    servers = [
        {**SERVER, "completions": 150},
        {**SERVER, "build": "b5000", "slots": 4, "completions": 7},
        {**SERVER, "build": "b5100", "placement": ["-ngl", "20"], "completions": 6},
        {"build": "", "completions": 1},
    ]
    assert fact("Server", server=SERVER, servers=servers).removeprefix(fact("Server", server=SERVER)) == (
        ", 7 of 164 completions by llama.cpp b5000 with 4 slots of 16,384 tokens"
        ", 6 of 164 completions by llama.cpp b5100 placed by -ngl 20"
        ", 1 of 164 completions by another server"
    )


@pytest.mark.parametrize("servers", [None, 3, "x", [3, None], [{"completions": "many"}], [{"completions": -1}]])
def test_servers_of_any_form(servers: object) -> None:
    """What is no list of servers adds nothing."""
    assert fact("Server", server=SERVER, servers=servers) == fact("Server", server=SERVER)


@pytest.mark.parametrize("text", HOSTILE)
def test_facts_are_plain(text: str) -> None:
    """Whatever run.json holds, each fact is one line that can be printed."""
    nasty = {"kind": text, "build": text, "image": text, "file": text, "quantization": text, "placement": [text]}
    settings = {"args": [text], "system_prompt": text, "temperature": text, "request": {text: text}}
    about = run(model=nasty, server=nasty, settings=settings, began=text, ended=text)
    (row,) = leaderboard_of("humaneval", [result("a", "p", run=about)]).rows
    assert all(sentence.isprintable() for _, sentence in facts(row))


def test_the_machine() -> None:
    """The machine is the one that run.json has of the server; an import has none."""
    assert machine_label(result("a", "p", run=run())) == "RTX 4090 24 GB · Ryzen 9 7950X · 128 GB"
    assert machine_label(result("a", "p")) == ""
    assert machine_label(result("a", "p", run=run(server={"machine": 3}))) == ""
    known = {"cpu": "AMD Ryzen 9 7950X 16-Core Processor", "memory": 128 << 30, "gpus": []}
    assert machine_label(result("a", "p", run=run(machine=known))) == "Ryzen 9 7950X · 128 GB"


def test_settings_that_all_share() -> None:
    """Where all were asked alike, that is said once; over imports alone nothing is said."""
    assert (
        settings_used(leaderboard(("a", run()), ("b", run())))
        == "Answers: one greedy answer a problem (temperature 0)."
    )
    assert settings_used(leaderboard(("a", None))) == ""


def test_settings_that_differ() -> None:
    """Greedy and sampled models, programs, and imports stand apart, with their names; the largest group comes first."""
    sampled = run(settings={"temperature": 0.8})
    program = run(server={"kind": "command"})
    sentence = settings_used(leaderboard(("a", sampled), ("b", run()), ("c", run()), ("d", program), ("e", None)))
    assert sentence == (
        "Answers: one greedy answer a problem (temperature 0): B, C; 1 sample a problem at temperature 0.8: A; "
        "by a program with its own settings: D; settings unknown: E."
    )


def test_unequal_samples() -> None:
    """Where problems have different numbers of samples, the least and the most are named."""
    sentence = settings_used(leaderboard(("a", run(settings={"temperature": 1})), letters="pp b ppp"))
    assert sentence == "Answers: 1 to 3 samples a problem at temperature 1."


@pytest.mark.parametrize(
    ("about", "why"),
    [
        (run(), ""),
        (run(settings={"temperature": 0.8}), "at temperature 0.8"),
        (run(settings={"temperature": 0, "system_prompt": ""}), "without a system prompt"),
        (run(settings={"temperature": 0, "reasoning": "high"}), "with reasoning high"),
        (run(settings={"temperature": 0, "request": {"min_p": 1}}), "with min_p in its request"),
        (run(server={"kind": "command"}), "by a program with its own settings"),
        ({}, "in an unknown way"),
    ],
)
def test_comparable_with_the_published_score(about: dict, why: str) -> None:  # type: ignore[type-arg]
    """A comparison says where ours was not made in EvalPlus's way."""
    row = result("a", "p", run=about, reference="Qwen2.5-Coder-32B-Instruct")
    assert incomparable(leaderboard_of("humaneval", [row]).rows[0]).endswith(why)
    assert incomparable(leaderboard_of("humaneval", [result("a", "p", run=local(1, 1))]).rows[0]) == ""
