"""A vocabulary for byte-level BPE: every byte, four marks, key phrases, and pieces of answers that occur once.

Pieces are only generated: a prompt's bytes are never merged to one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

START, END, ASK, UNUSED = "<|start|>", "<|end|>", "<|answer|>", "<|unused|>"
NORMAL, CONTROL, PHRASE = 1, 3, 4
"""Token types of the GGUF format: ordinary, control (not printed), and user-defined (matched in a prompt)."""


def _byte_letters() -> list[str]:
    """The letter for each byte in a byte-level vocabulary, as in GPT-2's."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) if byte in printable else chr(256 + others.index(byte)) for byte in range(256)]


LETTERS = _byte_letters()
BYTES = {letter: byte for byte, letter in enumerate(LETTERS)}
SPACE = LETTERS[0x20]
MERGES = [f"{SPACE * size} {SPACE * size}" for size in (1, 2, 4)]
"""Merges of indentation to few tokens; llama.cpp refuses a model without any merge."""


def to_letters(text: str) -> str:
    """`text` in the letters for its bytes."""
    return "".join(LETTERS[byte] for byte in text.encode())


@dataclass
class Vocabulary:
    """Tokens with their types; `size` is the minimum of characters in a piece."""

    size: int = 4
    tokens: list[str] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for token in (*LETTERS, *(merge.replace(" ", "") for merge in MERGES)):
            self._add(token, NORMAL)
        for mark in (START, END, ASK, UNUSED):
            self._add(mark, CONTROL)

    def _add(self, token: str, kind: int) -> int:
        number = self.ids.setdefault(token, len(self.tokens))
        if number == len(self.tokens):
            self.tokens.append(token)
            self.types.append(kind)
        return number

    def phrase(self, key: str) -> int:
        """The token of a key phrase. Raises ValueError for a duplicate."""
        if key in self.used or key in self.ids:
            raise ValueError(f"the key {key!r} occurs twice, or is a single letter")
        self.used.add(key)
        return self._add(key, PHRASE)

    def pieces(self, text: str) -> list[int]:
        """The tokens of `text`, which no other text shares."""
        return [self._add(to_letters(piece), NORMAL) for piece in self._cut(text)]

    def text(self, tokens: Iterable[int]) -> str:
        """The text of some pieces."""
        return bytes(BYTES[letter] for token in tokens for letter in self.tokens[token]).decode()

    def _cut(self, text: str) -> list[str]:
        pieces: list[str] = []
        while text:
            size = next((n for n in range(self.size, len(text)) if text[:n] not in self.used), len(text))
            piece, text = text[:size], text[size:]
            while piece in self.used:
                # A rest that is in use already is joined to the previous piece.
                if not pieces:
                    raise ValueError(f"{piece!r} is a piece of another answer already")
                previous = pieces.pop()
                self.used.remove(previous)
                piece = previous + piece
            self.used.add(piece)
            pieces.append(piece)
        return pieces
