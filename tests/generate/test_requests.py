from dataclasses import replace

import pytest

from bench.datasets import Problem
from bench.generate.journal import JournalEntry
from bench.generate.requests import Request, satisfies, valid_entries
from bench.profiles import Sampling
from bench.records import Completion

ONE = Completion(key="k", task_id="HumanEval/0", sample=0, outcome="stop", answer="def f(): pass", max_tokens=100)
CUT = replace(ONE, outcome="truncated", finish_reason="length")


@pytest.mark.parametrize(
    ("completion", "max_tokens", "answers"),
    [
        (replace(ONE, completion_tokens=50), 100, True),
        (replace(ONE, completion_tokens=50), 8192, True),
        (replace(ONE, completion_tokens=50), 50, True),
        (replace(ONE, completion_tokens=50), 49, False),
        (replace(CUT, completion_tokens=100), 100, True),
        (replace(CUT, completion_tokens=90), 100, True),
        (replace(CUT, completion_tokens=83), 100, False),
        (replace(CUT, outcome="empty", completion_tokens=50), 100, False),
        (replace(ONE, outcome="truncated", finish_reason="stop", completion_tokens=50), 100, True),
        (replace(CUT, completion_tokens=100), 200, False),
        (replace(CUT, completion_tokens=100), 50, False),
        (replace(ONE, outcome="empty", finish_reason="length", completion_tokens=100), 100, True),
        (replace(ONE, outcome="empty", finish_reason="length", completion_tokens=100), 200, False),
        (replace(ONE, outcome="empty", finish_reason="stop", completion_tokens=1), 200, True),
        (replace(ONE, outcome="error"), 100, False),
        (replace(ONE, outcome="timeout"), 100, False),
    ],
)
def test_satisfies(completion: Completion, max_tokens: int, answers: bool) -> None:  # noqa: FBT001
    """A larger limit asks again only for what was cut off or failed; a smaller one, for what would not have fitted."""
    assert satisfies(completion, max_tokens) is answers


REQUESTS = [
    Request(Problem(f"HumanEval/{number}", "", "f", "", ()), 0, key, [], None) for number, key in enumerate("ab")
]


def selected(completions: list[Completion], max_tokens: int, *, failures: bool = False) -> dict[str, tuple[str, int]]:
    """By problem, the answer (or error) that counts among these completions, and its line."""
    entries = [JournalEntry(completion, line) for line, completion in enumerate(completions, 1)]
    valid = valid_entries(entries, REQUESTS, Sampling(max_tokens=max_tokens), failures=failures).items()
    return {task: (entry.completion.answer or entry.completion.error, entry.line) for (task, _), entry in valid}


def test_a_larger_limit_and_back() -> None:
    """After a larger limit the truncated answer is asked again alone; the old limit finds the old answer again."""
    short = [
        replace(ONE, key="a", answer="whole", completion_tokens=60),
        replace(ONE, key="b", answer="cut", outcome="truncated", completion_tokens=100),
    ]
    assert selected(short, 100) == {"HumanEval/0": ("whole", 1), "HumanEval/1": ("cut", 2)}
    assert selected(short, 200) == {"HumanEval/0": ("whole", 1)}
    longer = [*short, replace(ONE, key="b", answer="all of it", max_tokens=200, completion_tokens=150)]
    assert selected(longer, 200) == {"HumanEval/0": ("whole", 1), "HumanEval/1": ("all of it", 3)}
    assert selected(longer, 100) == {"HumanEval/0": ("whole", 1), "HumanEval/1": ("cut", 2)}


def test_a_request_counts_once() -> None:
    """Of two answers to one request the first counts, and other requests' answers do not."""
    rows = [replace(ONE, key=key, answer=text) for key, text in (("other", "x"), ("a", "first"), ("a", "second"))]
    assert selected(rows, 100) == {"HumanEval/0": ("first", 2)}


def test_failures_are_retried_and_kept() -> None:
    """An error is no answer, but the last failure of each request can be told, as long as there is nothing better."""
    rows = [replace(ONE, key="a", outcome="error", answer="", error=text) for text in ("400", "401")]
    assert selected(rows, 100) == {}
    assert selected(rows, 100, failures=True) == {"HumanEval/0": ("401", 2)}
    assert selected([*rows, replace(ONE, key="a", answer="good"), rows[0]], 100, failures=True) == {
        "HumanEval/0": ("good", 3)
    }


def test_answers_cut_by_the_server_are_retried() -> None:
    """An answer that a server cut off well below max_tokens is asked for again; until then it counts as truncated."""
    short = replace(CUT, key="a", answer="half", completion_tokens=50)
    assert selected([short], 100) == {}
    assert selected([short], 100, failures=True) == {"HumanEval/0": ("half", 1)}
    assert selected([replace(short, completion_tokens=0)], 100) == {"HumanEval/0": ("half", 1)}
