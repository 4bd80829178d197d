"""Whether a text that is still being written repeats itself, so that nothing more is to be expected of it."""

import re

PERIODS = 4
"""So often must a period stand in a row, character by character, up to the end of the text."""
TOKENS = 256
"""So many tokens must the repetition have in all."""
LITERAL_TOKENS = 2048
"""The same for periods of which literals are made: a board of zeros, or a sieve of True, may be written out."""
CHARACTERS = 4
"""Characters of a token, about."""
WINDOW = 1 << 16
"""Characters before the end that are looked at."""
KEYS = (128, 2048)
"""Characters at the end whose earlier places suggest a period; with more of them, fewer places mislead."""
TRIES = 64

WORDS = re.compile(r"\b(?:True|False|None|null|true|false|0x[0-9A-Fa-f]+|[0-9.]+[eE]?[0-9]*)\b")


def loop_length(text: str) -> int:
    """How many characters at the end of a text repeat exactly, at least four times; 0 where they do not.

    For periods of at most a quarter of the window. Takes time linear in the window for each of a bounded number of
    periods, all of it in str.rfind and slices.
    """
    text = text[-WINDOW:]
    for key in KEYS:
        if len(text) <= key:
            break
        at = len(text)
        for _ in range(TRIES):
            at = text.rfind(text[-key:], 0, at - 1) + key
            period = len(text) - at
            if at < key or period * PERIODS > len(text):
                break
            if text.endswith(text[-period:] * PERIODS):
                return _extent(text, period)
    return 0


def is_loop(text: str, pieces: int = 0) -> bool:
    """Whether a text ends in a loop; `pieces` is in how many pieces it came, mostly one a token."""
    length = loop_length(text)
    if not length:
        return False
    tokens = max(length // CHARACTERS, round(pieces * length / len(text)))
    return tokens >= (LITERAL_TOKENS if _is_literal(text[-length:][:WINDOW]) else TOKENS)


def _extent(text: str, period: int) -> int:
    """How long the text before its end has this period."""
    period_text, length = text[-period:], PERIODS * period
    while text.startswith(period_text, len(text) - length - period) and length + period <= len(text):
        length += period
    return length


def _is_literal(text: str) -> bool:
    """Whether a text is made of numbers, constants, brackets and quotes alone."""
    return not re.search(r"[^\W\d_]", WORDS.sub("", text[:4096]))
