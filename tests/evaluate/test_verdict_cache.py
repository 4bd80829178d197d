import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.evaluate import verdict_cache
from bench.evaluate.verdict_cache import Verdicts
from bench.records import Verdict
from tests.evaluate.grading import SOLUTIONS, Grader

PASS = Verdict("pass", "pass", seconds=0.1)
WRITER = """
import sys
from pathlib import Path
from bench.evaluate.verdict_cache import Verdicts
from bench.records import Verdict
verdicts = Verdicts(Path(sys.argv[1]), "demo", {"python"})
for number in range(1_000_000):
    verdicts.put(f"key-{number}", Verdict("pass", "pass"), "python", "3.11")
"""


def counted(name: str, body: str) -> tuple[str, str]:
    """A right solution of the first problem with a text of its own."""
    return ("Demo/0", f"# {name}\ndef total(numbers):\n    {body}\n")


@pytest.mark.slow
def test_what_is_known_is_not_run_again(grader: Grader, tmp_path: Path) -> None:
    """A second grading of the same samples runs none of them, and says so."""
    grader.cache = tmp_path / "own"
    grader.write([counted("a", "return sum(numbers)"), counted("b", "return 7")])
    assert grader.run().cached == 0
    assert grader.run().cached == 2
    assert [one["cached"] for one in grader.results()["bench"]["samples"]["Demo/0"]] == [True, True]


@pytest.mark.slow
def test_one_changed_sample_runs_alone(grader: Grader, tmp_path: Path) -> None:
    """Where one of many samples changed, that one runs and the others are taken from the cache."""
    grader.cache = tmp_path / "own"
    pairs = [counted(str(n), "return sum(numbers)") for n in range(20)]
    grader.write(pairs)
    grader.run()
    pairs[7] = counted("changed", "return 7")
    grader.write(pairs)
    summary = grader.run()
    assert (summary.cached, summary.plus_passed) == (19, 19)


def test_duplicates_run_once(grader: Grader, tmp_path: Path) -> None:
    """Samples of the same text share one run and one verdict, and are no cache hits in the same grading."""
    grader.cache = tmp_path / "own"
    grader.write([counted("same", "return 7")] * 50)
    assert grader.run().cached == 0
    assert len((grader.cache / "verdicts" / "demo.jsonl").read_bytes().splitlines()) == 1
    assert len(grader.results()["eval"]["Demo/0"]) == 50


@pytest.mark.slow
def test_the_same_text_for_another_problem_is_another_sample(grader: Grader, tmp_path: Path) -> None:
    """A verdict belongs to a problem and its tests, not to a text alone."""
    grader.cache = tmp_path / "own"
    grader.write([("Demo/0", SOLUTIONS["Demo/0"])])
    grader.run()
    grader.write([("Demo/1", SOLUTIONS["Demo/0"])])
    assert grader.run().cached == 0


@pytest.mark.slow
def test_other_limits_have_their_own_verdicts(grader: Grader, tmp_path: Path) -> None:
    """What failed for want of memory is run again where the sandbox has more of it."""
    grader.cache, grader.settings = tmp_path / "own", {"memory": 512}
    grader.write([counted("large", "return sum(numbers) + len(bytes(1 << 30)) - (1 << 30)")])
    assert grader.run().plus_passed == 0
    grader.settings = {"memory": 4096}
    assert (grader.run().plus_passed, grader.run().cached) == (1, 1)


@pytest.mark.slow
def test_time_outs_are_not_reused(grader: Grader, tmp_path: Path) -> None:
    """A verdict that hangs on time is found anew each time."""
    grader.cache = tmp_path / "own"
    grader.write([("Demo/0", "def total(numbers):\n    while True:\n        pass\n")])
    assert [grader.run().cached for _ in range(2)] == [0, 0]


def test_a_pass_at_the_second_try_is_kept(tmp_path: Path) -> None:
    """What passed with its whole limit, after it had needed more than its share, is known; what failed so is not."""
    verdicts = Verdicts(tmp_path, "demo", {"x"})
    verdicts.put("passed", Verdict("pass", "pass", retried=True), "x", "3.11")
    verdicts.put("failed", Verdict("pass", "fail", retried=True), "x", "3.11")
    assert set(Verdicts(tmp_path, "demo", {"x"}).known) == {"passed"}


def test_another_sandbox_has_its_own_verdicts(tmp_path: Path) -> None:
    """A verdict from another image or another Python is not reused."""
    Verdicts(tmp_path, "demo", {"docker sha256:1"}).put("key", PASS, "docker sha256:1", "3.11")
    assert Verdicts(tmp_path, "demo", {"docker sha256:2"}).known.get("key") is None
    assert Verdicts(tmp_path, "demo", {"docker sha256:1"}).known.get("key") == PASS


@pytest.mark.slow
def test_another_grader_version_reuses_nothing(grader: Grader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version of the grader runs everything again."""
    from bench.evaluate import ground_truth

    grader.cache = tmp_path / "own"
    grader.write([counted("a", "return sum(numbers)")])
    grader.run()
    monkeypatch.setattr(ground_truth, "GRADER_VERSION", "next")
    assert grader.run().cached == 0


def test_kill_9_costs_at_most_the_last_line(tmp_path: Path) -> None:
    """A process killed while it writes leaves a file of which every other line is good, and which grows on."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])
    path = tmp_path / "verdicts" / "demo.jsonl"
    while not path.exists() or path.stat().st_size < 100_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    with path.open("ab") as file:
        file.write(b'{"key": "torn", "sandbo')
    before = Verdicts(tmp_path, "demo", {"python"})
    assert len(before.known) == path.read_bytes().count(b"\n")
    before.put("next", PASS, "python", "3.11")
    after = Verdicts(tmp_path, "demo", {"python"})
    assert after.known.get("next") == PASS
    assert len(after.known) == len(before.known) + 1


def test_rubbish_in_the_file_is_skipped(tmp_path: Path) -> None:
    """Lines that are not verdicts are no verdicts, whatever they are."""
    path = tmp_path / "verdicts" / "demo.jsonl"
    path.parent.mkdir()
    rows = [{"key": "a"}, {"key": "b", "sandbox": "x", "verdict": {"no": 1}}, {"sandbox": "x", "verdict": {}}, [], 7]
    path.write_bytes(b"\xff\xfe\n" + "".join(json.dumps(row) + "\n" for row in rows).encode())
    assert Verdicts(tmp_path, "demo", {"x"}).known == {}


def test_a_large_file_keeps_its_newer_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache is bounded: beyond its size the older verdicts go."""
    monkeypatch.setattr(verdict_cache, "MOST_BYTES", 20_000)
    verdicts = Verdicts(tmp_path, "demo", {"x"})
    for number in range(300):
        verdicts.put(str(number), PASS, "x", "3.11")
    Verdicts(tmp_path, "demo", {"x"})
    assert verdicts.path.stat().st_size <= 10_000
    left = Verdicts(tmp_path, "demo", {"x"})
    assert left.known.get("299") == PASS
    assert "0" not in left.known
