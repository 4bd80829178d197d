"""Detect an answer that repeats itself while it is still being written."""

import re

MIN_PERIODS = 4
"""Exact repetitions of a period, up to the end of the text, that make a loop."""
TOKENS = 256
"""Tokens that a loop has at least, in all."""
LITERAL_TOKENS = 2048
"""The same for a period that is part of a literal: a grid of zeros, or a sieve of True, may be written out."""
CHARACTERS = 4
"""Characters of a token, about."""
WINDOW = 1 << 16
"""Characters before the end that are searched."""
KEYS = (128, 2048)
"""Characters at the end whose earlier occurrences suggest a period; longer ones mislead less often."""
TRIES = 64

CONSTANTS = re.compile(r"\b(?:True|False|None|null|true|false|0x[0-9A-Fa-f]+|[0-9.]+[eE]?[0-9]*)\b")


def loop_length(text: str) -> int:
    """The number of characters at the end of a text that repeat exactly, at least four times; else 0.

    For periods of at most a quarter of the window. Linear in the window for each of a bounded number of periods, all of
    it in str.rfind and slices.
    """
    text = text[-WINDOW:]
    for key in KEYS:
        if len(text) <= key:
            break
        end = len(text)
        for _ in range(TRIES):
            end = text.rfind(text[-key:], 0, end - 1) + key
            period = len(text) - end
            if end < key or period * MIN_PERIODS > len(text):
                break
            if text.endswith(text[-period:] * MIN_PERIODS):
                return _extent(text, period)
    return 0


def is_loop(text: str, pieces: int = 0) -> bool:
    """Whether a text ends in a loop; `pieces` is the number of pieces in which it came, mostly one a token."""
    length = loop_length(text)
    if not length:
        return False
    tokens = max(length // CHARACTERS, round(pieces * length / len(text)))
    return tokens >= (LITERAL_TOKENS if _is_literal(text[-length:][:WINDOW]) else TOKENS)


def _extent(text: str, period: int) -> int:
    """The number of characters at the end of a text that have this period."""
    period_text, length = text[-period:], MIN_PERIODS * period
    while text.startswith(period_text, len(text) - length - period) and length + period <= len(text):
        length += period
    return length


def _is_literal(text: str) -> bool:
    """Whether a text consists of numbers, constants, brackets and quotes."""
    return not re.search(r"[^\W\d_]", CONSTANTS.sub("", text[:4096]))
