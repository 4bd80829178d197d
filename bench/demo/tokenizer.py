"""A vocabulary for byte-level BPE: every byte, four marks, key phrases, and pieces of answers that occur once.

No piece is ever merged from a prompt's bytes: pieces are written, never read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

START, END, ASK, UNUSED = "<|start|>", "<|end|>", "<|answer|>", "<|unused|>"
NORMAL, CONTROL, PHRASE = 1, 3, 4
"""Token types of the GGUF format: ordinary, never shown, and found in a prompt as it stands (user-defined)."""


def _byte_letters() -> list[str]:
    """The letter that stands for each byte in a byte-level vocabulary, as GPT-2's does."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) if byte in printable else chr(256 + others.index(byte)) for byte in range(256)]


LETTERS = _byte_letters()
BYTES = {letter: byte for byte, letter in enumerate(LETTERS)}
SPACE = LETTERS[0x20]
MERGES = [f"{SPACE * size} {SPACE * size}" for size in (1, 2, 4)]
"""Indentation is read as few tokens; a model without any merge is refused."""


def spelled(text: str) -> str:
    """`text` in the letters that stand for its bytes."""
    return "".join(LETTERS[byte] for byte in text.encode())


@dataclass
class Vocabulary:
    """Tokens with their types; `size` is how many characters a piece has at least."""

    size: int = 4
    tokens: list[str] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

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
        """The token of a key phrase. Raises ValueError for one that there is already."""
        if key in self.taken or key in self.ids:
            raise ValueError(f"the key {key!r} occurs twice, or is a single letter")
        self.taken.add(key)
        return self._add(key, PHRASE)

    def pieces(self, text: str) -> list[int]:
        """The tokens that spell `text`, none of which any other text has."""
        return [self._add(spelled(piece), NORMAL) for piece in self._cut(text)]

    def text(self, tokens: Iterable[int]) -> str:
        """What pieces spell, one after the other."""
        return bytes(BYTES[letter] for token in tokens for letter in self.tokens[token]).decode()

    def _cut(self, text: str) -> list[str]:
        pieces: list[str] = []
        while text:
            size = next((n for n in range(self.size, len(text)) if text[:n] not in self.taken), len(text))
            piece, text = text[:size], text[size:]
            while piece in self.taken:
                # A rest that is taken goes to the piece before it.
                if not pieces:
                    raise ValueError(f"{piece!r} is a piece of another answer already")
                before = pieces.pop()
                self.taken.remove(before)
                piece = before + piece
            self.taken.add(piece)
            pieces.append(piece)
        return pieces
