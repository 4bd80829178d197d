"""The servers that made an entry's completions: what the last one was, and what was otherwise with those before it."""

import shlex
from collections.abc import Iterator
from typing import Any

from bench.console import counted
from bench.report.escape import Pen
from bench.report.records import Entry
from bench.untrusted import items, positive, table, word

COMPARED = ("build", "slots", "context", "placement")
"""What tells one server from another."""


def served(entry: Entry, pen: Pen) -> list[str]:
    """What there is to say of the servers, as the pen writes it; "" for what is not known."""
    settings, server = table(entry.run.get("settings")), table(entry.run.get("server"))
    room = {name: server.get(name) or settings.get(name) for name in ("slots", "context")}
    build, image, flight = word(server.get("build")), word(server.get("image")), positive(server.get("in_flight"))
    template = word(server.get("chat_template")) or word(table(entry.run.get("model")).get("chat_template"))
    return [
        pen.words(word(server.get("kind"))),
        f"llama.cpp {pen.code(build)}" if build else "",
        f"image {pen.code(image)}" if image else "",
        _room(room),
        f"{counted(int(flight), 'request')} at a time" if flight and flight != room["slots"] else "",
        *_others(entry, pen),
        f"chat template {pen.code(template[:60])}" if template else "",
    ]


def flags(value: Any) -> str:
    """A list of flags as a shell reads them; "" where it is none."""
    return shlex.join(map(str, items(value)))


def _others(entry: Entry, pen: Pen) -> Iterator[str]:
    """How many completions each other server made, and what was otherwise with it."""
    last, found = table(entry.run.get("server")), list(map(table, items(entry.run.get("servers"))))
    counts = [int(positive(one.get("completions")) or 0) for one in found]
    for one, count in zip(found, counts, strict=True):
        if not count or all(one.get(name) == last.get(name) for name in COMPARED):
            continue
        build, placement, room = word(one.get("build")), flags(one.get("placement")), _room(one)
        differs = [
            f"llama.cpp {pen.code(build)}" if build else "another server",
            f"with {room}" if room and room != _room(last) else "",
            f"placed by {pen.code(placement)}" if placement and placement != flags(last.get("placement")) else "",
        ]
        yield f"{count:,} of {counted(sum(counts), 'completion')} by {' '.join(filter(None, differs))}"


def _room(server: dict[str, Any]) -> str:
    slots, context = positive(server.get("slots")), positive(server.get("context"))
    return f"{counted(int(slots), 'slot')} of {int(context):,} tokens" if slots and context else ""
