"""An answer that repeats itself exactly is stopped; one that is only regular is not."""

import json

import pytest

from bench import datasets
from bench.generate.answer import Ending
from bench.generate.loops import is_loop
from bench.generate.stream import Reader
from tests.generate.conftest import Bench

LINE = "Wait, the index may be off by one, so let me check it again.\n"
LONG = "".join(f"{step}. Then the sum of the first {step} numbers is {step * (step + 1) // 2}.\n" for step in range(60))


@pytest.mark.parametrize(
    "text",
    [
        "Let me see.\n" + LINE * 30,
        "word " * 300,
        "x" * 2000,
        LONG * 5,
        "def f():\n" + "    value = value + 1\n" * 100,
        "| a | b |\n" * 200,
        "0, " * 4000,
        LINE * 30 + LINE[:20],
    ],
)
def test_loops(text: str) -> None:
    """A period of any length that stands four times in a row, over 256 tokens or more, is a loop."""
    assert is_loop(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(LINE * 3, id="three times"),
        pytest.param("word " * 60, id="too short"),
        pytest.param(LONG * 3 + LONG[:100], id="three long periods"),
        pytest.param("".join(f"| {n} | {n * n} | {n % 7} |\n" for n in range(2000)), id="a table"),
        pytest.param("".join(f"    if n == {n}:\n        return {n * n}\n" for n in range(2000)), id="unrolled code"),
        pytest.param("".join(f"    total += values[{n}]\n" for n in range(2000)), id="an unrolled loop"),
        pytest.param("[" + ", ".join(str(n * n % 97) for n in range(5000)) + "]", id="a long literal"),
        pytest.param("[" + "0, " * 1000, id="a literal of zeros"),
        pytest.param("[\n" + f"    [{'0, ' * 31}0],\n" * 32, id="a board of zeros"),
        pytest.param("[False, False] + [" + "True, " * 1000, id="a sieve that is written out"),
        pytest.param("assert f('aaaa') == " + "'" + "a" * 400 + "'", id="a long string"),
        pytest.param("    '''\n" + "-" * 79 + "\n" + "x = 1\n" * 10, id="a ruler"),
        pytest.param(LINE * 30 + "That is settled, then.\n", id="a repetition that has ended"),
    ],
)
def test_what_is_no_loop(text: str) -> None:
    """Tables, long literals, unrolled code, and a repetition that has ended go on, wherever the text is looked at."""
    assert not is_loop(text)


@pytest.mark.parametrize("name", ["humaneval", "mbpp"])
def test_no_solution_of_the_demo_is_a_loop(name: str) -> None:
    """No piece of a right solution is taken for a loop."""
    for problem in datasets.load({"humaneval": "demo", "mbpp": "demo-mbpp"}[name]).problems.values():
        text = problem.reference
        assert not any(is_loop(text[:end]) for end in range(0, len(text), 50))


def test_a_loop_in_a_stream() -> None:
    """A stream that loops is over, with all that came and its pieces as tokens; without the setting, it goes on."""
    readers = [Reader(4096, exact=True, stop_loops=on) for on in (True, False)]
    for _ in range(2000):
        for reader in readers:
            reader.feed(b"data: " + json.dumps({"choices": [{"delta": {"content": "so "}}]}).encode() + b"\n\n")
    stopped, endless = (reader.answer for reader in readers)
    assert stopped
    assert endless is None
    assert (stopped.ending, stopped.text) == (Ending.LOOPED, "so " * stopped.completion_tokens)
    assert 256 <= stopped.completion_tokens <= 512


@pytest.mark.slow
def test_loops_are_counted_and_not_retried(faulty: Bench) -> None:
    """A looping answer is kept under any larger max_tokens, and generated again where the setting is turned off."""
    faulty.plan({}, {"pieces": ["on and "] * 3000}, {})
    done = faulty.generate("max_tokens = 3500")
    assert [c.outcome for c in done] == ["stop", "looping", "stop", "stop", "stop", "stop"]
    assert done[1].answer.count("on and ") < 3000
    assert faulty.provenance()["totals"]["outcomes"] == {"looping": 1, "stop": 5}
    assert len(faulty.generate("max_tokens = 3900")) == 6
    again = faulty.generate("max_tokens = 3500\nstop_loops = false")[6:]
    assert [(c.task_id, c.outcome) for c in again] == [("Demo/1", "stop")]
