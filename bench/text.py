"""Untrusted text for people: invisible characters, and those that disguise a text, become visible."""

import difflib
import re
import unicodedata
from collections.abc import Iterable

HIDDEN = r"\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
UNSEEN = re.compile(rf"[{HIDDEN}\ud800-\udfff]")
LONGEST = 300
"""Characters of a text that a report or a terminal shows."""

USER = re.compile(r"(?<=://)[^\s\"'<>]*@")
QUERY = re.compile(r"([?&][^=\s&#\"'<>]+)=[^&\s#\"'<>]+|(://[^\s?\"'<>]*\?)[^\s=&#\"'<>]+(?=[\s#\"'<>]|$)")
"""The user with a password in an address, and the values of its query, such as a key."""


def visible(text: str) -> str:
    """One line of text with control, direction and other unseen characters as signs; white space becomes a space."""
    return UNSEEN.sub(lambda match: _sign(ord(match.group())), " ".join(text.split(" ")))


def plain(text: str, longest: int = LONGEST) -> str:
    """One line without control, direction or unseen characters, cut where it is longer than `longest`."""
    line = " ".join(visible(text).split())
    cleaned = "".join(char if unicodedata.category(char) not in ("Cf", "Cn", "Co") else "�" for char in line)
    return cleaned if len(cleaned) <= longest else f"{cleaned[: longest - 1]}…"


def did_you_mean(name: str, names: Iterable[str], likeness: float = 0.6) -> str:
    """The question whether the nearest of some names is meant; "" where none is near."""
    near = difflib.get_close_matches(name, list(names), 1, likeness)
    return f'did you mean "{near[0]}"?' if near else ""


def without_secrets(text: str) -> str:
    """A text in which addresses show neither a user with a password nor the values of a query."""
    return QUERY.sub(lambda match: f"{match[1]}=…" if match[1] else f"{match[2]}…", USER.sub("…@", text))


def _sign(code: int) -> str:
    if code in (9, 10, 13, 0x2028, 0x2029):
        return " "
    return chr(0x2400 + code) if code < 0x20 else f"⟨U+{code:04X}⟩"
