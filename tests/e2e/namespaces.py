"""Hosts of their own for tests: network namespaces, each on a cable to this machine that can be pulled."""

import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT

PORT = 8080
NUMBERS = itertools.count()


def ip(*arguments: str) -> str:
    """What `ip` of iproute2 says; AssertionError with its words where it refuses."""
    ran = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"ip {' '.join(arguments)}: {ran.stderr}"
    return ran.stdout


class Namespace:
    """A host: an address of its own, programs of its own, and a link to this machine."""

    def __init__(self, folder: Path) -> None:
        number = next(NUMBERS)
        self.name, self.folder = f"bench-{os.getpid()}-{number}", folder
        self.near, self.far = f"bn{os.getpid()}{number}a", f"bn{os.getpid()}{number}b"
        self.network = free_network(number)
        self.address = f"{self.network}.2"
        self.url = f"http://{self.address}:{PORT}/v1"
        self.programs: list[subprocess.Popen[bytes]] = []

    def make(self) -> None:
        ip("netns", "add", self.name)
        ip("link", "add", self.near, "type", "veth", "peer", "name", self.far, "netns", self.name)
        ip("address", "add", f"{self.network}.1/30", "dev", self.near)
        ip("link", "set", self.near, "up")
        ip("-n", self.name, "address", "add", f"{self.address}/30", "dev", self.far)
        for device in ("lo", self.far):
            ip("-n", self.name, "link", "set", device, "up")

    def remove(self) -> None:
        for program in self.programs:
            program.kill()
            program.wait()
        for arguments in (["link", "del", self.near], ["netns", "del", self.name]):
            subprocess.run(["ip", *arguments], capture_output=True, check=False)

    def cut(self) -> None:
        """Pull the cable: what was sent is lost, nobody is told."""
        ip("-n", self.name, "link", "set", self.far, "down")

    def join(self) -> None:
        """Plug it in again."""
        ip("-n", self.name, "link", "set", self.far, "up")

    def run(self, *command: str) -> "subprocess.Popen[bytes]":
        """A program on that host; its words go to a log."""
        with (self.folder / f"{self.name}.log").open("ab") as log:
            program = subprocess.Popen(
                ["ip", "netns", "exec", self.name, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        self.programs.append(program)
        return program

    def serve(self, model: Path, *flags: str) -> None:
        """llama.cpp's server on that host, ready."""
        import requests

        wheel = [sys.executable, "-m", "bench.servers.wheel", "-m", str(model), "-t", "1", "-c", "2048", "-np", "1"]
        program = self.run(*wheel, "--host", self.address, "--port", str(PORT), *flags)
        for _ in range(300):
            assert program.poll() is None, (self.folder / f"{self.name}.log").read_text()
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"http://{self.address}:{PORT}/health", timeout=2).ok:
                    return
            time.sleep(0.1)
        raise AssertionError("the server did not get healthy")


def free_network(number: int) -> str:
    """Three numbers of a network that no device here has, out of those set aside for benchmarks (RFC 2544)."""
    for shift in range(0, 510, 7):
        place = (os.getpid() + number * 51 + shift) % 510
        network = f"198.{18 + place // 255}.{place % 255}"
        if not ip("-o", "address", "show", "to", f"{network}.0/24"):
            return network
    raise AssertionError("no network is free")


@contextlib.contextmanager
def hosts(count: int, folder: Path) -> Iterator[list[Namespace]]:
    """So many hosts, gone with all that runs on them when the block ends; skips where they cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    made = [Namespace(folder) for _ in range(count)]
    try:
        try:
            for host in made:
                host.make()
        except (AssertionError, OSError) as error:
            pytest.skip(f"no network namespaces here: {error}")
        yield made
    finally:
        for host in made:
            host.remove()
