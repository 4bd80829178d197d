"""Hosts of their own for tests: network namespaces on one switch with this machine, with cables that can be pulled."""

import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import ROOT

PORT = 8080
NUMBERS = itertools.count()


def ip(*arguments: str) -> str:
    """What `ip` of iproute2 says; AssertionError with its words where it refuses."""
    ran = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"ip {' '.join(arguments)}: {ran.stderr}"
    return ran.stdout


class Switch:
    """A network of their own for hosts and this machine; in a namespace too, where no rule of this machine's counts."""

    def __init__(self) -> None:
        number = next(NUMBERS)
        self.name, self.cable = f"bench-{os.getpid()}-{number}", f"bn{os.getpid()}{number}"
        self.network = free_network(number)

    def make(self) -> None:
        ip("netns", "add", self.name)
        ip("-n", self.name, "link", "add", "hub", "type", "bridge")
        ip("-n", self.name, "link", "set", "hub", "up")
        ip("link", "add", self.cable, "type", "veth", "peer", "name", self.cable, "netns", self.name)
        ip("address", "add", f"{self.network}.1/24", "dev", self.cable)
        ip("link", "set", self.cable, "up")
        self.plug(self.cable)

    def plug(self, cable: str) -> None:
        ip("-n", self.name, "link", "set", cable, "master", "hub")
        ip("-n", self.name, "link", "set", cable, "up")

    def remove(self) -> None:
        for arguments in (["link", "del", self.cable], ["netns", "del", self.name]):
            subprocess.run(["ip", *arguments], capture_output=True, check=False)


class Namespace:
    """A host: an address of its own, programs of its own, and a cable to the switch."""

    def __init__(self, folder: Path, switch: Switch, place: int) -> None:
        number = next(NUMBERS)
        self.name, self.folder, self.switch = f"bench-{os.getpid()}-{number}", folder, switch
        self.far = f"bn{os.getpid()}{number}"
        self.address = f"{switch.network}.{place}"
        self.url = f"http://{self.address}:{PORT}/v1"
        self.programs: list[subprocess.Popen[bytes]] = []

    def make(self) -> None:
        ip("netns", "add", self.name)
        ip(
            "-n",
            self.name,
            "link",
            "add",
            self.far,
            "type",
            "veth",
            "peer",
            "name",
            self.far,
            "netns",
            self.switch.name,
        )
        self.switch.plug(self.far)
        ip("-n", self.name, "address", "add", f"{self.address}/24", "dev", self.far)
        for device in ("lo", self.far):
            ip("-n", self.name, "link", "set", device, "up")

    def remove(self) -> None:
        for program in self.programs:
            program.kill()
            program.wait()
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)

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

    def ask(self, *command: str) -> str:
        """What a program on that host says."""
        command = ("ip", "netns", "exec", self.name, *command)
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def serve(self, model: Path, *flags: str) -> None:
        """llama.cpp's server on that host, ready."""
        import requests

        wheel = [sys.executable, "-m", "bench.servers.xllamacpp_server", "-t", "1", "-c", "2048", "-np", "1"]
        program = self.run(*wheel, "-m", str(model), "--host", self.address, "--port", str(PORT), *flags)
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
    switch = Switch()
    made = [Namespace(folder, switch, place) for place in range(2, count + 2)]
    try:
        try:
            for each in (switch, *made):
                each.make()
        except (AssertionError, OSError) as error:
            pytest.skip(f"no network namespaces here: {error}")
        yield made
    finally:
        for each in (*made, switch):
            each.remove()
