"""What the programs on this machine say of themselves; asked all at once, and none is waited for long."""

import importlib.util
import shutil
import socket
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PATIENCE = 2.5
"""Seconds that a program may take to say what it is."""

QUESTIONS = {
    "docker": ["docker", "version", "--format", "{{.Server.Version}}"],
    "compose": ["docker", "compose", "version", "--short"],
    "gpus": ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"],
    "bubblewrap": ["bwrap", "--version"],
}


@dataclass(frozen=True)
class Machine:
    """Versions and names, "" where a program is not there or does not answer; which images are here, who answers."""

    docker: str = ""
    compose: str = ""
    gpus: str = ""
    bubblewrap: str = ""
    server: str = ""
    images: Mapping[str, bool] = field(default_factory=dict)
    reached: Mapping[str, bool] = field(default_factory=dict)


def look(images: Iterable[str], addresses: Iterable[str]) -> Machine:
    """Ask everything, whether these images are here, and whether somebody listens at these addresses."""
    addresses = list(addresses)
    inspect = {image: ["docker", "image", "inspect", "--format", "{{.Id}}", image] for image in images}
    with ThreadPoolExecutor(len(QUESTIONS) + len(inspect) + len(addresses)) as pool:
        said = dict(zip(QUESTIONS, pool.map(_says, QUESTIONS.values()), strict=True))
        here = dict(zip(inspect, map(bool, pool.map(_says, inspect.values())), strict=True))
        reached = dict(zip(addresses, pool.map(_answers, addresses), strict=True))
    return Machine(**said, server=_server(), images=here, reached=reached)


def _answers(address: str) -> bool:
    """Whether a program listens at an address such as tcp://host:8786 or https://host/v1."""
    where = urlsplit(address)
    port = where.port or {"http": 80, "https": 443}.get(where.scheme, 0)
    try:
        with socket.create_connection((str(where.hostname), port), PATIENCE):
            return True
    except OSError:
        return False


def _says(command: list[str]) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip().replace("\n", "; ") if answer.returncode == 0 else ""


def _server() -> str:
    found = shutil.which("llama-server")
    if found:
        return found
    return "the one in the wheel xllamacpp" if importlib.util.find_spec("xllamacpp") else ""
