import contextlib
import os
import pty
import random
import subprocess
import sys
import time

import pytest

from bench.progress import Plan, Progress, live


def test_the_line() -> None:
    """The line has done of total, tokens per second, what was lost, and the time to go."""
    progress = Progress("GLM", 164, had=104, began=time.monotonic() - 10)
    for loss in ["", "truncated", "", "empty"]:
        progress.count(loss)
    progress.pieces = 500
    text = progress.text(width=0)
    assert text == "  GLM  108/164   50 tok/s   1 empty   1 truncated   ETA 2 min"


def test_the_time_to_go_of_a_grading_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a fifth of the time on it is within a factor of 1.5, or 2 s, at 98 % of all moments of 40 gradings.

    A few problems take most of the time, jobs take 30 % more or less than expected, and 4 % run into their limits.
    """
    clock, ratios = [0.0], list[float]()
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    for seed in range(40):
        chance, cores, ends = random.Random(seed), [0.0, 0.0], list[float]()
        expected = sorted((min(0.05 + 0.05 * chance.paretovariate(0.9), 12.0) for _ in range(164)), reverse=True)
        real = [
            one * chance.lognormvariate(0, 0.3) + (chance.random() < 0.04) * chance.uniform(0.5, 1) for one in expected
        ]
        for seconds in real:
            cores.sort()
            cores[0] += seconds
            ends.append(cores[0])
        progress, plan, whole = Progress("grading", 164, began=0.0), Plan(expected, 2), max(ends)
        for number, (end, job) in enumerate(sorted(zip(ends, range(164), strict=True)), 1):
            clock[0] = end
            progress.done, progress.share = number, plan.share(expected[job], real[job])
            if 0.2 * whole < end < 0.95 * whole:
                assert progress.to_go is not None
                near = abs(progress.to_go - (whole - end)) < 2
                ratios.append(1.0 if near else progress.to_go / (whole - end))
    assert sum(1 / 1.5 < one < 1.5 for one in ratios) > 0.98 * len(ratios)


def test_the_time_to_go_of_a_generation_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """With requests in flight it is near the truth, also between two answers; too few answers tell nothing."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    progress = Progress("GLM", 100, width=4)
    progress.start()
    for done in range(1, 90):
        progress.count("")
        for at in (10.0 * done / 4, 10.0 * done / 4 + 2.4):
            clock[0] = at
            if done < 4:
                assert progress.to_go is None
            else:
                assert progress.to_go == pytest.approx(10.0 * 100 / 4 - at, rel=0.35 if done < 15 else 0.2)


def test_loading_a_model_is_no_part_of_its_speed() -> None:
    """Speed and time to go count from where the work begins."""
    progress = Progress("GLM", 4, began=time.monotonic() - 300)
    progress.start()
    progress.count("")
    assert progress.text(width=0) == "  GLM  1/4   ETA under 1 s"


def test_a_line_fits_its_terminal() -> None:
    """In a narrow terminal the bar gives way first, then the name, then what was lost; the time to go is never cut."""
    progress = Progress("A model with a long name", 164, had=104, began=time.monotonic() - 10)
    for loss in ["", "truncated", "no code", "empty"]:
        progress.count(loss)
    progress.pieces = 500
    for columns in (30, 40, 60, 80, 100, 140):
        text = progress.text(columns=columns)
        assert len(text) <= columns
        assert text.endswith("ETA 2 min")
        assert "108/164" in text
    assert "━" in progress.text(columns=100)
    assert "1 empty" in progress.text(columns=100)


def test_time_to_go_is_by_the_share_of_the_work() -> None:
    """Where the longest go first, the rest is not expected to take as long; each phase has a clock of its own."""
    progress = Progress("grading", 164)
    progress.reach(82, 164, "ground truth", 0.5)
    progress.began = time.monotonic() - 30
    assert progress.text(width=0) == "  grading  ground truth  82/164   ETA 30 s"
    progress.reach(0, 164, "", 0.0)
    progress.began = time.monotonic() - 10
    progress.reach(4, 164, "", 0.5)
    assert progress.text(width=0) == "  grading  4/164   ETA 10 s"


def test_nothing_is_said_of_what_is_not_known() -> None:
    """Before the first answer there is neither speed nor time to go."""
    assert Progress("GLM", 164).text(width=4) == "  GLM  ╌╌╌╌   0/164"


def test_a_log_file_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the output is no terminal, there are whole lines without escape codes."""
    progress = Progress("GLM", 2)
    with live(progress):
        progress.count("")
        progress.count("")
    assert capsys.readouterr().out == "  GLM  2/2\n"


WORKERS = """
import multiprocessing, sys, time
from bench.progress import Progress, live

def work(name):
    progress = Progress(name, 2)
    with live(progress):
        progress.count("")
        time.sleep(0.5)

print(sys.stdout.isatty())
workers = [multiprocessing.get_context("fork").Process(target=work, args=[name]) for name in ("A", "B")]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
"""


def test_several_at_once_do_not_share_a_line() -> None:
    """On a terminal too, workers of doit -n write whole lines with their titles, without escape codes."""
    reader, terminal = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", WORKERS], stdout=terminal, stdin=subprocess.DEVNULL):
        os.close(terminal)
        text = ""
        with contextlib.suppress(OSError):  # how a terminal without a program ends
            while piece := os.read(reader, 4096):
                text += piece.decode()
    os.close(reader)
    assert sorted(text.splitlines()) == ["  A  1/2   ETA 1 s", "  B  1/2   ETA 1 s", "True"]
