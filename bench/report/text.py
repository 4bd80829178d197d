"""Untrusted text made fit to be read: what cannot be seen, or would make it look like another text, is shown."""

import html
import re

UNSEEN = re.compile("[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


def visible(text: str) -> str:
    """One line of text with control, direction and other unseen characters as signs; white space becomes a space."""
    return UNSEEN.sub(lambda match: _sign(ord(match.group())), " ".join(text.split(" ")))


def unmarked(markdown: str) -> str:
    """A sentence of this program's own Markdown as the text that it shows."""
    return html.unescape(re.sub(r"\\(.)", r"\1", markdown.replace("**", "")))


def _sign(code: int) -> str:
    if code in (9, 10, 13, 0x2028, 0x2029):
        return " "
    return chr(0x2400 + code) if code < 0x20 else f"⟨U+{code:04X}⟩"
