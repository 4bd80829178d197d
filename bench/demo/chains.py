"""Keys and answers → which token follows which."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bench.demo.tokenizer import ASK, Vocabulary


@dataclass(frozen=True)
class Answer:
    """What the model says: a text, or one of several, the first the likeliest and the one that greedy decoding takes.

    An `endless` one begins anew at its end, until max_tokens cuts it off. An empty text ends at once.
    """

    texts: tuple[str, ...]
    endless: bool = False


@dataclass
class Chains:
    """The tokens of the keys, and by token what may follow it, the likeliest first; `ends` end an answer."""

    vocabulary: Vocabulary
    keys: list[int] = field(default_factory=list)
    follows: dict[int, list[int]] = field(default_factory=dict)
    ends: set[int] = field(default_factory=set)
    starts: dict[Answer, list[int]] = field(default_factory=dict)

    @property
    def ask(self) -> int:
        """The mark that ends a prompt; what follows it answers a prompt without a key."""
        return self.vocabulary.ids[ASK]

    def add(self, token: int, answer: Answer) -> None:
        """Let `answer` follow `token`; keys that have the same answer share its pieces."""
        if not any(answer.texts):
            self.ends.add(token)
            return
        if answer not in self.starts:
            self.starts[answer] = self._spell(answer)
        self.follows[token] = self.starts[answer]

    def _spell(self, answer: Answer) -> list[int]:
        """The tokens with which `answer` may begin; what its texts begin with alike is spelled once."""
        several = len(answer.texts) > 1
        common = os.path.commonprefix(answer.texts) if several else ""  # noqa: RUF071 - letters are what it compares
        trunk = self._line(common)
        branches = [self._line(text.removeprefix(common)) for text in answer.texts]
        for branch in branches:
            if answer.endless:
                self.follows[branch[-1]] = [(trunk or branch)[0]]
            else:
                self.ends.add(branch[-1])
        heads = [branch[0] for branch in branches]
        if not trunk:
            return heads
        self.follows[trunk[-1]] = heads
        return trunk[:1]

    def _line(self, text: str) -> list[int]:
        tokens = self.vocabulary.pieces(text)
        for token, following in pairwise(tokens):
            self.follows[token] = [following]
        return tokens


def link(pairs: Iterable[tuple[str, Answer]], default: Answer, size: int) -> Chains:
    """The chains for all pairs of key and answer; `default` answers a prompt that holds no key."""
    pairs = list(pairs)
    vocabulary = Vocabulary(size)
    chains = Chains(vocabulary, [vocabulary.phrase(key) for key, _ in pairs])
    for token, (_, answer) in zip(chains.keys, pairs, strict=True):
        chains.add(token, answer)
    chains.add(chains.ask, default)
    return chains


def said(chains: Chains, token: int, choose: int, max_tokens: int) -> tuple[Sequence[int], bool]:
    """The tokens said after `token`, with branch number `choose` at each fork, and whether they ended by themselves."""
    tokens: list[int] = []
    while token not in chains.ends and len(tokens) < max_tokens:
        following = chains.follows[token]
        token = following[choose % len(following)]
        tokens.append(token)
    return tokens, len(tokens) < max_tokens
