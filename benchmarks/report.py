"""How large report.html is, how long it takes to make it, and how soon a browser answers to it.

    HUMANEVAL_OVERRIDE_PATH=HumanEvalPlus.jsonl python -m benchmarks.report [models …]

Answers are real solutions, strewn with comments so that no two are alike; every other model thinks for 1500 words,
which are random, and so compress worse than what a model writes. Medians of three.
"""

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.report import html
from tests.report import made
from tests.report.browser import chrome

SHARED = Path(__file__).parents[2] / "shared"
WORDS = 1500
FIRST_SAMPLE = """
(async () => {
  const began = performance.now();
  location.hash = address.sample(page.leaderboards[0], page.leaderboards[0].order[0], 0, 0);
  while (view.hidden) await new Promise(requestAnimationFrame);
  return performance.now() - began;
})()
"""
TIMES = "performance.getEntriesByType('navigation')[0]"


def main(counts: list[int]) -> None:
    """Print a line for each number of models."""
    print("models  render  size    parsed  interactive  first sample")
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            print(_line(count, Path(folder)))


def _line(count: int, folder: Path) -> str:
    found = made.many(SHARED, folder, count, answer_words=WORDS)
    page = folder / "report.html"
    began = time.perf_counter()
    page.write_text(html.render(found.report, found.journals))
    took = time.perf_counter() - began
    parsed, interactive, sample = (
        median(times) for times in zip(*(_opened(page, folder) for _ in range(3)), strict=True)
    )
    size = page.stat().st_size / 1e6
    return f"{count:6}  {took:4.1f} s  {size:4.1f} MB  {parsed:4.0f} ms  {interactive:8.0f} ms  {sample:9.0f} ms"


def _opened(page: Path, folder: Path) -> tuple[float, float, float]:
    """Milliseconds until the document is parsed, until all scripts have run, and from a click to a sample."""
    with chrome.browser(folder) as tab:
        tab.open(page)
        tab.wait(f"{TIMES}.loadEventEnd > 0")
        return tab.run(f"{TIMES}.domInteractive"), tab.run(f"{TIMES}.loadEventEnd"), tab.run(FIRST_SAMPLE)


if __name__ == "__main__":
    main([int(count) for count in sys.argv[1:]] or [11, 20, 100])
