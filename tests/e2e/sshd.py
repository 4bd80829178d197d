"""A machine that is reached by ssh alone: this one, with its Docker engine, seen from a host of its own."""

import os
import shlex
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.namespaces import Namespace

CLIENT = """
Host *
IdentityFile {folder}/key
IdentitiesOnly yes
IdentityAgent none
UserKnownHostsFile {folder}/known_hosts
StrictHostKeyChecking yes
BatchMode yes
"""
SERVER = """
ListenAddress {address}
Port 22
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
MaxStartups 100
"""


class Sshd:
    """OpenSSH's server on this machine's address in a network of tests, with keys of its own; for root."""

    def __init__(self, folder: Path, laptop: Namespace) -> None:
        self.folder, self.laptop, self.address = folder, laptop, f"{laptop.switch.network}.1"
        self.url = f"ssh://root@{self.address}"
        self.server: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Keys, settings, and an `ssh` that reads these settings: it looks for others in root's real home alone."""
        program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
        if not program or not shutil.which("ssh"):
            pytest.skip("no ssh on this machine: apt install openssh-server openssh-client")
        self.program = program
        Path("/run/sshd").mkdir(exist_ok=True)
        for name in ("key", "host_key"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.folder / name)]
            subprocess.run(command, check=True)
        shutil.copy(self.folder / "key.pub", self.folder / "authorized_keys")
        (self.folder / "known_hosts").write_text(f"{self.address} {(self.folder / 'host_key.pub').read_text()}")
        (self.folder / "client").write_text(CLIENT.format(folder=self.folder))
        (self.folder / "server").write_text(SERVER.format(folder=self.folder, address=self.address))
        (self.folder / "bin").mkdir()
        wrapper = self.folder / "bin" / "ssh"
        wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {self.folder}/client "$@"\n')
        wrapper.chmod(0o755)

    @property
    def path(self) -> str:
        """The PATH with that `ssh`."""
        return f"{self.folder / 'bin'}:{os.environ['PATH']}"

    def start(self) -> None:
        """Begin to answer."""
        with (self.folder / "sshd.log").open("ab") as log:
            command = [self.program, "-D", "-e", "-f", str(self.folder / "server")]
            self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(200):
            assert self.server.poll() is None, (self.folder / "sshd.log").read_text()
            try:
                socket.create_connection((self.address, 22), timeout=5).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("sshd does not listen")

    def stop(self) -> None:
        """Answer no more; connections that are open live on."""
        if self.server:
            self.server.terminate()
            self.server.wait()

    def tunnel(self, command: str, near: int) -> "subprocess.Popen[bytes]":
        """What a user does with such a command, in a terminal of the laptop; returns when its near end is open."""
        program = self.laptop.run("env", f"PATH={self.path}", *shlex.split(command))
        for _ in range(200):
            assert program.poll() is None, command
            if f":{near} " in self.laptop.ask("ss", "-ltn"):
                return program
            time.sleep(0.05)
        raise AssertionError(f"nothing listens at {near}: {command}")
