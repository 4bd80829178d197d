"""Targets on this machine that no sandbox may reach; each sandbox's probe tries them before any sample runs."""

import json
import secrets
import socket
from contextlib import suppress
from pathlib import Path

from bench.errors import SandboxError
from bench.files import write_atomic
from bench.sandbox.instance import Limits, Run, SandboxEnded, SandboxInstance, into

PROBE_SECONDS = 30.0


class ProbeTargets:
    """Listeners on this machine's addresses, and a file with a secret."""

    def __init__(self, canary: Path) -> None:
        self.secret, self.canary = secrets.token_hex(16), canary.resolve()
        write_atomic(self.canary, self.secret)
        self.listeners = []
        for address in {"127.0.0.1", _own_address()}:
            with suppress(OSError):
                self.listeners.append(socket.create_server((address, 0)))

    def probe(self, sandbox: SandboxInstance) -> list[str]:
        """The leaks, one clause each. Raises SandboxError where the probe does not come back."""
        answer, run = bytearray(), Run("", b"", Limits(PROBE_SECONDS, {}, PROBE_SECONDS))
        addresses = [listener.getsockname() for listener in self.listeners]
        try:
            sandbox.run(
                run, "", into(answer), op="probe", listeners=addresses, canary=str(self.canary), secret=self.secret,
                host=socket.gethostname(),
            )  # fmt: skip
            return list(json.loads(answer))
        except (SandboxEnded, ValueError):
            raise SandboxError(
                "The sandbox ended while it was being probed; see docs/explanation/sandbox.md."
            ) from None

    def close(self) -> None:
        """Stop listening."""
        for listener in self.listeners:
            listener.close()
        self.canary.unlink(missing_ok=True)


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
