"""Staleness in one place: a step is up to date when its stamp names the same dependencies and the same outputs.

A stamp is a small JSON file beside a step's outputs: {"depends": {name: value}, "outputs": {file: digest}}. Its outputs
are written when they are whole; before, it only says what was begun, so what a kill -9 leaves is seen as not made.
Dependencies are values and digests, never times of files: touching or copying a file makes nothing stale.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.files import digest, read_json, write_json

Kind = Literal["first run", "changed", "missing", "edited", "unfinished", "asks", "prerequisite"]
ABSENT = "absent"
GIVEN = ("model", "dataset", "solutions")
"""Digests that name what a person brought, and may want to tell apart; those of our own files say nothing to anyone."""

LONG = 60
"""Characters of a value that are shown."""


@dataclass(frozen=True)
class Reason:
    """Why a step runs: what about it changed, with the old and the new value, or which output is not as it was left.

    `asks` and `prerequisite` say in `what` how many completions are to be asked for, and what is not there.
    """

    kind: Kind
    what: str = ""
    old: Any = None
    new: Any = None

    def __str__(self) -> str:
        """A phrase for the terminal, such as `max_tokens 4096 → 8192`."""
        if self.kind == "changed":
            old, new = _told(self.old, self.new)
            digests = any(map(_is_digest, (self.old, self.new)))
            if old == new or (digests and self.what not in GIVEN):
                return f"{self.what} changed"
            return f"{self.what} changed ({old} → {new})" if digests else f"{self.what} {old} → {new}"
        texts = {
            "missing": f"{self.what} is missing",
            "edited": f"{self.what} was changed by hand",
            "unfinished": "it did not come to its end",
        }
        return texts.get(self.kind, self.what or self.kind)


def said(found: Iterable[Reason]) -> str:
    """Reasons as a person reads them."""
    return ", ".join(map(str, found))


def reasons(stamp: Path, depends: Mapping[str, Any], outputs: Iterable[Path]) -> tuple[Reason, ...]:
    """Every reason to make the outputs again; empty where they are up to date.

    `depends` maps names to JSON scalars; a name that the stamp does not have counts as changed from "absent".
    """
    recorded = read_json(stamp)
    if not isinstance(recorded, dict) or "depends" not in recorded:
        return (Reason("first run"),)
    old = recorded["depends"]
    changed = [
        Reason("changed", name, old.get(name, ABSENT), depends.get(name, ABSENT))
        for name in dict.fromkeys([*depends, *old])
        if old.get(name, ABSENT) != depends.get(name, ABSENT)
    ]
    if "outputs" not in recorded:
        return (*changed, Reason("unfinished"))
    return (*changed, *_damaged(recorded["outputs"], outputs))


def begin(stamp: Path, depends: Mapping[str, Any]) -> None:
    """Record that outputs are being made from `depends`: until `mark`, they are not."""
    write_json(stamp, {"depends": dict(depends)})


def mark(stamp: Path, depends: Mapping[str, Any], outputs: Iterable[Path]) -> None:
    """Record that `outputs` were made from `depends`."""
    write_json(stamp, {"depends": dict(depends), "outputs": {path.name: content_digest(path) for path in outputs}})


def content_digest(path: Path) -> str:
    """The digest of a file's content, or "absent"."""
    try:
        return digest(path.read_bytes())
    except OSError:
        return ABSENT


def _damaged(recorded: Mapping[str, str], outputs: Iterable[Path]) -> list[Reason]:
    found = []
    for path in outputs:
        now = content_digest(path)
        if now == ABSENT:
            found.append(Reason("missing", path.name))
        elif now != recorded.get(path.name):
            found.append(Reason("edited", path.name))
    return found


def _told(old: Any, new: Any) -> tuple[str, str]:
    """Both values for a person, in one line: a digest by its beginning, of long texts where they differ."""
    texts = [" ".join(str("none" if value in ("", None) else value).split()) for value in (old, new)]
    start = 0
    if not any(map(_is_digest, texts)) and max(map(len, texts)) > LONG:
        same = next((i for i, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), min(map(len, texts)))
        # Whole words, and one before them: "--temp 0.2" says more than "2". A long word is cut.
        word = texts[0].rfind(" ", 0, max(0, texts[0].rfind(" ", 0, same))) + 1
        start = word if same - word < LONG // 2 else same - LONG // 3
    return _short(texts[0], start), _short(texts[1], start)


def _short(text: str, start: int) -> str:
    if _is_digest(text):
        return text[:8]
    shown = text[start:]
    return f"{'… ' if start else ''}{shown if len(shown) <= LONG else shown[:LONG] + '…'}"


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= 24 and all(c in "0123456789abcdef" for c in value)
