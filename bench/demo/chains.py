"""Keys and answers → the successors of each token."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bench.demo.tokenizer import ASK, Vocabulary


@dataclass(frozen=True)
class Answer:
    """An answer of the model: one text, or several, of which the first is the likeliest, used by greedy decoding.

    An `endless` answer repeats itself until max_tokens. An empty text ends at once.
    """

    texts: tuple[str, ...]
    endless: bool = False


@dataclass
class Chains:
    """The tokens of the keys, and the successors of each token, likeliest first; `ends` end an answer."""

    vocabulary: Vocabulary
    keys: list[int] = field(default_factory=list)
    successors: dict[int, list[int]] = field(default_factory=dict)
    ends: set[int] = field(default_factory=set)
    starts: dict[Answer, list[int]] = field(default_factory=dict)

    @property
    def ask(self) -> int:
        """The mark that ends a prompt; its successors answer a prompt without a key."""
        return self.vocabulary.ids[ASK]

    def add(self, token: int, answer: Answer) -> None:
        """Let `answer` follow `token`; keys with the same answer share its tokens."""
        if not any(answer.texts):
            self.ends.add(token)
            return
        if answer not in self.starts:
            self.starts[answer] = self._spell(answer)
        self.successors[token] = self.starts[answer]

    def _spell(self, answer: Answer) -> list[int]:
        """The first tokens of `answer`; its texts share the tokens of their common prefix."""
        branching = len(answer.texts) > 1
        common = os.path.commonprefix(answer.texts) if branching else ""  # noqa: RUF071 - letters are what it compares
        common_tokens = self._chain(common)
        branches = [self._chain(text.removeprefix(common)) for text in answer.texts]
        for branch in branches:
            if answer.endless:
                self.successors[branch[-1]] = [(common_tokens or branch)[0]]
            else:
                self.ends.add(branch[-1])
        first_tokens = [branch[0] for branch in branches]
        if not common_tokens:
            return first_tokens
        self.successors[common_tokens[-1]] = first_tokens
        return common_tokens[:1]

    def _chain(self, text: str) -> list[int]:
        tokens = self.vocabulary.pieces(text)
        for token, following in pairwise(tokens):
            self.successors[token] = [following]
        return tokens


def link(pairs: Iterable[tuple[str, Answer]], default: Answer, size: int) -> Chains:
    """The chains for all pairs of key and answer; `default` answers a prompt without a key."""
    pairs = list(pairs)
    vocabulary = Vocabulary(size)
    chains = Chains(vocabulary, [vocabulary.phrase(key) for key, _ in pairs])
    for token, (_, answer) in zip(chains.keys, pairs, strict=True):
        chains.add(token, answer)
    chains.add(chains.ask, default)
    return chains


def follow(chains: Chains, token: int, branch: int, max_tokens: int) -> tuple[Sequence[int], bool]:
    """The tokens after `token`, with this `branch` at each fork, and whether the answer ended before max_tokens."""
    tokens: list[int] = []
    while token not in chains.ends and len(tokens) < max_tokens:
        following = chains.successors[token]
        token = following[branch % len(following)]
        tokens.append(token)
    return tokens, len(tokens) < max_tokens
