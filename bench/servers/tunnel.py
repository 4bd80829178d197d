"""How a llama-server on another machine is reached: a tunnel that the user keeps open, or an address of that machine.

For actions only: imports requests.
"""

import contextlib
import socket
from urllib.parse import urlsplit

from bench.docker import Engine
from bench.errors import MissingPrerequisite, ServerError
from bench.profiles import Host, Profile
from bench.servers import health
from bench.text import plain

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def url(host: Host) -> str:
    """Where llama-server on a host is asked, from this machine."""
    shown = f"[{host.listen}]" if ":" in host.listen else host.listen
    return host.url.rstrip("/").removesuffix("/v1") or f"http://{shown}:{host.port}"


def require(profile: Profile, host: Host) -> None:
    """Raise MissingPrerequisite where the host is reached by a tunnel from this machine, and nobody has opened it.

    A tunnel over a shared connection (ControlMaster) would close with it; `-S none` gives it one of its own.
    """
    near = urlsplit(url(host))
    address = Engine(host.docker).address()
    if near.hostname not in LOOPBACK or not address.startswith("ssh://"):
        return
    port = near.port or 80
    with contextlib.suppress(OSError), socket.create_connection((near.hostname, port), timeout=5):
        return
    raise MissingPrerequisite(
        f"{profile.id}: nothing forwards {near.hostname}:{port} to {host.name}; open a tunnel and keep it open: "
        f"ssh -S none -N -L {port}:{host.listen}:{host.port} {address}"
    )


def require_ours(profile: Profile, host: Host, model: str) -> None:
    """Raise ServerError where another server than the host's answers: a tunnel may lead to somewhere else."""
    serves = health.fetch(f"{url(host)}/props", health.session(), 30.0).get("model_path")
    if serves and serves != model:
        raise ServerError(
            f"{profile.id}: the server at {url(host)} serves {plain(str(serves))} and is not the llama-server of "
            f"{host.name}; end it, or fix port and url of that host."
        )
