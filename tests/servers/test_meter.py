"""What a server costs. The GPU is imitated by an nvidia-smi on the PATH: none was there to try it on."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench import machine
from bench.servers import meter
from tests.servers.helpers import Make, children, eventually, say, script, serving

SMI = """#!{python}
import sys, time
from pathlib import Path
busy = Path({folder!r}, "busy")
if any(word.startswith("--query-gpu=name") for word in sys.argv):
    print("NVIDIA GeForce RTX 3090, 24576, 550.1" + "\\nNVIDIA GeForce RTX 3090, 24576, 550.1")
    sys.exit()
while True:
    used, watts = (5100, {power!r}) if busy.exists() else (100, {idle!r})
    print(f"0, {{used}}, {{watts}}\\n1, 0, 10.0", flush=True)
    time.sleep(0.02)
"""


@pytest.fixture
def gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two GPUs, one of which takes 110 W instead of 10 and 5000 MiB more while the file `busy` is there."""
    yield from imitated(tmp_path, monkeypatch, "10.0", "110.0")


def imitated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, idle: str, power: str) -> Iterator[Path]:
    """An nvidia-smi in front of the PATH."""
    (tmp_path / "bin").mkdir()
    text = SMI.format(python=sys.executable, folder=str(tmp_path), idle=idle, power=power)
    script(tmp_path / "bin" / "nvidia-smi", text)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    machine.record.cache_clear()
    yield tmp_path
    machine.record.cache_clear()


@pytest.fixture(autouse=True)
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of energy counters, empty at first."""
    folder = tmp_path / "powercap"
    folder.mkdir()
    monkeypatch.setattr(meter, "POWERCAP", folder)
    return folder


@pytest.mark.slow
def test_gpu_memory_and_energy(gpus: Path) -> None:
    """Beyond what idle GPUs have: the peak of memory, and the energy since one last asked."""
    with closing(meter.Meter()) as running:
        (gpus / "busy").touch()
        began = time.monotonic()
        assert eventually(lambda: running.gpus.memory() == 5000 << 20)
        running.read()
        time.sleep(0.5)
        used = running.read()["energy"] * 3600
        assert 0.2 * 100 * 0.5 < used < 100 * (time.monotonic() - began)
        (gpus / "busy").unlink()
        time.sleep(0.2)
        running.read()
        time.sleep(0.2)
        assert running.read() == {"gpu_memory": 5000 << 20, "energy": pytest.approx(0, abs=0.001)}
    assert not children()


def test_a_gpu_without_power_readings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nvidia-smi has no figure for the power of any GPU, there is no energy, and memory all the same."""
    for folder in imitated(tmp_path, monkeypatch, "[N/A]", "[N/A]"):
        text = (folder / "bin" / "nvidia-smi").read_text().replace("1, 0, 10.0", "1, [N/A], [N/A]")
        (folder / "bin" / "nvidia-smi").write_text(text)
        with closing(meter.Meter()) as running:
            assert running.read() == {"gpu_memory": 0}


def test_processors(packages: Path) -> None:
    """Counters of energy count beyond what idle processors take, and past their limit."""
    package = packages / "intel-rapl:0"
    package.mkdir()
    (package / "energy_uj").write_text("900000000")
    (package / "max_energy_range_uj").write_text("1000000000")
    with closing(meter.Meter()) as running:
        (package / "energy_uj").write_text("100000000")
        assert running.read()["energy"] == pytest.approx(200 / 3600, rel=0.01)
        assert running.read()["energy"] == 0


def test_nothing_to_read() -> None:
    """Without GPU and counters, and without a process, there is no figure."""
    machine.record.cache_clear()
    with closing(meter.Meter()) as running:
        assert running.read() == {}
        assert running.read(2**22 + 1) == {}


def test_memory_of_a_server(make: Make, log: Path) -> None:
    """A server that we start has the peak of its memory, the time that it took to load, and the machine's record."""
    with serving(make("process"), log) as endpoint:
        say(endpoint, "two and two?")
        assert endpoint.measure()["memory"] > 10 << 20
        assert endpoint.facts["load_seconds"] > 0
        assert endpoint.facts["machine"]["cores"] == len(os.sched_getaffinity(0))


def test_costs_of_all_completions() -> None:
    """Peaks are the highest, energy is the sum; what is of another type counts as unsaid."""
    servers = [
        {"memory": 5, "energy": 0.25, "load_seconds": 2.5}, {"memory": 7, "gpu_memory": 9, "energy": 0.5}, {},
        {"memory": "much", "energy": None, "gpu_memory": [1]},
    ]  # fmt: skip
    assert meter.costs(servers) == {"memory": 7, "gpu_memory": 9, "load_seconds": 2.5, "energy": 0.75}
    assert meter.costs([]) == {}


def test_a_machine_in_a_line(gpus: Path) -> None:
    """GPUs that are alike are counted, and names come without what tells none from another."""
    assert machine.record()["gpus"] == [{"name": "NVIDIA GeForce RTX 3090", "memory": 24 << 30, "driver": "550.1"}] * 2
    known = machine.record() | {"cpu": "AMD Ryzen 9 7950X 16-Core Processor", "memory": int(125.6 * 2**30)}
    assert machine.label(known) == "2x RTX 3090 24 GB · Ryzen 9 7950X · 128 GB"
    assert [machine.label(odd) for odd in (None, [], {"gpus": 5, "cpu": [], "memory": "x"})] == ["", "", ""]
