"""The answers of the demo's model to the bundled problems, without the model: for machines that cannot run a server.

answers.jsonl has a line for each problem: `task_id`, `shows` (its outcome), `texts` (several where samples differ), and
`endless` for an answer that continues until max_tokens. scores.py has their scores.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bench import datasets
from bench.demo.chains import Answer, Chains, follow, link

DATASETS = ("demo", "demo-mbpp")
SIZE = 4
"""Characters in a token of an answer, or a few more."""
DEFAULT = Answer(("I do not know that problem.",))


@dataclass(frozen=True)
class Reply:
    """A text with its tokens, and whether it ended by itself (`stop`) or at max_tokens (`length`)."""

    text: str
    finish_reason: str
    tokens: int


def reply(messages: Sequence[Mapping[str, str]], max_tokens: int, sample: int = 0) -> Reply:
    """The answer of the demo's model, token for token; of several texts, each further sample gets the next one."""
    prompt = "\n".join(message["content"] for message in messages)
    chains = _chains()
    keys = (token for token in chains.keys if chains.vocabulary.tokens[token] in prompt)
    tokens, ended = follow(chains, next(keys, chains.ask), sample, max_tokens)
    # Servers count the token that ends an answer too.
    return Reply(chains.vocabulary.text(tokens), "stop" if ended else "length", len(tokens) + ended)


def pairs() -> Iterator[tuple[str, Answer]]:
    """Each bundled problem's key phrase and the model's answer to it."""
    answers = bundled()
    for dataset in DATASETS:
        keyword = "def" if datasets.known()[dataset].family == "humaneval" else "assert"
        for problem in datasets.load(dataset).problems.values():
            yield f"{keyword} {problem.entry_point}(", answers[problem.task_id]


def bundled() -> dict[str, Answer]:
    """The answers by task_id."""
    lines = Path(__file__).with_name("answers.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["task_id"]: Answer(tuple(row["texts"]), row.get("endless", False)) for row in rows}


@lru_cache(maxsize=1)
def _chains() -> Chains:
    return link(pairs(), DEFAULT, SIZE)
