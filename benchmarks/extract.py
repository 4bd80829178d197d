"""How long extraction takes: python benchmarks/extract.py [--evalplus].

Each row is a kind of answer; seconds are this process's own, so that other load counts little. The limits are those
that the project promises on an idle core; the exit code is 1 where one is not kept. With --evalplus its sanitizer reads
the short rows too, which takes minutes.
"""

import itertools
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from bench.extract import extract_code

PROMPT = 'def add(a, b):\n    """Add two numbers."""\n'
CODE = "```python\ndef add(a, b):\n    return a + b\n```\n"
WORDS = "Let me think about the list so that we don't need (maybe x[0]) a value: if it's 1, return [a, b".split()  # noqa: SIM905
REPEATED = {
    "a function": "def add(a, b):\n    return a + b\n\n",
    "its first line": "def add(\n",
    "an opened fence": "```python\ndef add(a):\n",
    "an opened string": 'x = """\n',
    "an opened list": "add = [1,\n",
    "a decorator": "@add\n",
    "a backslash": "x = \\\n",
    "prose": "I think that add(x) is it's (so.\n",
    "a word": "word ",
}


@dataclass(frozen=True)
class Row:
    """One answer, and the seconds that it may take (0: no promise)."""

    name: str
    text: str
    limit: float = 0.0


def reasoning(lines: int) -> str:
    """So many lines of thought without tags, with the brackets and quotes of ordinary prose."""
    words = itertools.cycle(WORDS)
    return "".join(" ".join(itertools.islice(words, 7 + line % 11)) + "\n" for line in range(lines))


def repeated(piece: str, size: int) -> str:
    """`size` characters of one piece."""
    return piece * (size // len(piece))


def rows() -> Iterator[Row]:
    """All that is measured, short ones first."""
    for lines in (100, 200, 400, 800):
        yield Row(f"{lines} lines of reasoning, then code", reasoning(lines) + CODE, 0.05)
    for name, piece in REPEATED.items():
        yield Row(f"200 kB of {name}", repeated(piece, 200_000), 1.0)
    for name in ("prose", "an opened fence", "a function"):
        for size in (2_500_000, 5_000_000, 10_000_000):
            yield Row(f"{size / 1e6:g} MB of {name}", repeated(REPEATED[name], size))


def seconds(job: Callable[[], object]) -> float:
    """The processor time of one run."""
    began = time.process_time()
    job()
    return time.process_time() - began


def main(arguments: list[str]) -> int:
    """Print a line a row; 1 where a limit is not kept."""
    late = 0
    extract_code(CODE, "add", PROMPT)
    for row in rows():
        took = min(seconds(partial(extract_code, row.text, "add", PROMPT)) for _ in range(1 + bool(row.limit)))
        late += bool(row.limit) and took > row.limit
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        limit = f"(limit {1000 * row.limit:.0f} ms)" if row.limit else ""
        print(f"{row.name:<42} {1000 * took:10.1f} ms {1e6 * took / len(row.text):7.2f} us/char {memory:5} MiB {limit}")
        if "--evalplus" in arguments and row.limit and row.limit < 1:
            from evalplus.sanitize import sanitize  # noqa: PLC0415 - heavy, and seldom asked for

            print(f"{'  EvalPlus':<42} {1000 * seconds(partial(sanitize, row.text, 'add')):10.1f} ms", flush=True)
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
