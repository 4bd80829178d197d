"""The connection to a llama-server on another machine: a tunnel that the user keeps open, or an address there.

For actions only: imports requests.
"""

import contextlib
import socket
from urllib.parse import urlsplit

from bench.docker import Engine
from bench.errors import MissingPrerequisite, ServerError
from bench.profiles import Host, Profile
from bench.servers import endpoint, health
from bench.text import plain


def url(host: Host) -> str:
    """The URL of llama-server on a host, from this machine."""
    address = f"[{host.listen}]" if ":" in host.listen else host.listen
    return host.url.rstrip("/").removesuffix("/v1") or f"http://{address}:{host.port}"


def require(profile: Profile, host: Host) -> None:
    """Raise MissingPrerequisite where the host needs a tunnel from this machine, and none is open.

    A tunnel over a shared connection (ControlMaster) would close with it; `-S none` gives it one of its own.
    """
    local = urlsplit(url(host))
    address = Engine(host.docker).address()
    if not endpoint.is_loopback(url(host)) or not address.startswith("ssh://"):
        return
    port = local.port or 80
    with contextlib.suppress(OSError), socket.create_connection((local.hostname, port), timeout=5):
        return
    raise MissingPrerequisite(
        f"{profile.id}: nothing forwards {local.hostname}:{port} to {host.name}; open a tunnel and keep it open: "
        f"ssh -S none -N -L {port}:{host.listen}:{host.port} {address}"
    )


def require_ours(profile: Profile, host: Host, model: str) -> None:
    """Raise ServerError where another server than the host's answers: a tunnel may lead elsewhere."""
    model_path = health.fetch(f"{url(host)}/props", health.new_session(), 30.0).get("model_path")
    if model_path and model_path != model:
        raise ServerError(
            f"{profile.id}: the server at {url(host)} serves {plain(str(model_path))} and is not the llama-server of "
            f"{host.name}; end it, or fix port and url of that host."
        )
