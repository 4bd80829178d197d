import contextlib
import os
import pty
import subprocess
import sys
import time

import pytest

from bench.progress import Progress, live


def test_the_line() -> None:
    """The line has done of total, tokens per second, what was lost, and the time to go."""
    progress = Progress("GLM", 164, had=104, began=time.monotonic() - 10)
    for lacking in ["", "truncated", "", "empty"]:
        progress.count(lacking)
    progress.pieces = 500
    text = progress.text(width=0)
    assert text == "  GLM  108/164   50 tok/s   1 empty   1 truncated   ETA 2 min"


def test_loading_a_model_is_no_part_of_its_speed() -> None:
    """Speed and time to go count from where the work begins."""
    progress = Progress("GLM", 4, began=time.monotonic() - 300)
    progress.start()
    progress.count("")
    assert progress.text(width=0) == "  GLM  1/4   ETA under 1 s"


def test_a_line_fits_its_terminal() -> None:
    """In a narrow terminal the bar gives way first, then the name, then what was lost; the time to go is never cut."""
    progress = Progress("A model with a long name", 164, had=104, began=time.monotonic() - 10)
    for lacking in ["", "truncated", "no code", "empty"]:
        progress.count(lacking)
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
    said, terminal = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", WORKERS], stdout=terminal, stdin=subprocess.DEVNULL):
        os.close(terminal)
        text = ""
        with contextlib.suppress(OSError):  # how a terminal without a program ends
            while piece := os.read(said, 4096):
                text += piece.decode()
    os.close(said)
    assert sorted(text.splitlines()) == ["  A  1/2   ETA 1 s", "  B  1/2   ETA 1 s", "True"]
