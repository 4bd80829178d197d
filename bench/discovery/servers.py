"""Servers that run on this machine, and their models. Imports requests."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from bench.discovery import Candidate
from bench.discovery.folders import Models
from bench.servers.health import fetch, new_session
from bench.untrusted import items, table, word

PORTS = {
    11434: "Ollama", 1234: "LM Studio", 8080: "llama-server or llama-swap", 8000: "vLLM", 5001: "KoboldCpp",
    5000: "text-generation-webui", 1337: "Jan", 30000: "SGLang",
}  # fmt: skip
"""The default ports of such servers."""

TIMEOUT = 2.0
MAX_MODELS = 50
"""Models of one server that become profiles."""

NO_CHAT = ("embed", "rerank", "whisper", "tts", "bge-")
"""Parts of the names of models that are no chat models."""


def models(ports: Mapping[int, str] = PORTS) -> Models:
    """The models of all servers that answer on these ports of 127.0.0.1."""
    with ThreadPoolExecutor(len(ports)) as pool:
        names_by_port = list(pool.map(_models, ports, ports.values()))
    left_out = [
        f"{len(names) - MAX_MODELS} further models of {program} on port {port}: more than {MAX_MODELS}"
        for (port, program), names in zip(ports.items(), names_by_port, strict=True)
        if len(names) > MAX_MODELS
    ]
    candidates = [
        Candidate(f"{program} on port {port}", name, name, placement=(), base_url=f"http://127.0.0.1:{port}/v1")
        for (port, program), names in zip(ports.items(), names_by_port, strict=True)
        for name in names[:MAX_MODELS]
    ]
    return candidates, left_out


def _models(port: int, _program: str) -> list[str]:
    session = new_session()
    # A redirect would lead away from this machine.
    session.max_redirects = 0
    response = fetch(f"http://127.0.0.1:{port}/v1/models", session, TIMEOUT)
    names = [word(table(entry).get("id")) for entry in items(response.get("data"))]
    return [name for name in dict.fromkeys(names) if name and not any(part in name.lower() for part in NO_CHAT)]
