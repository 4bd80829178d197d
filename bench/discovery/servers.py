"""Servers that answer on this machine, and the models that they name. Imports requests."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from bench.discovery import Candidate
from bench.discovery.folders import Found
from bench.servers.health import fetch, new_session
from bench.untrusted import items, table, word

PORTS = {
    11434: "Ollama", 1234: "LM Studio", 8080: "llama-server or llama-swap", 8000: "vLLM", 5001: "KoboldCpp",
    5000: "text-generation-webui", 1337: "Jan", 30000: "SGLang",
}  # fmt: skip
"""Where such servers listen unless they are told otherwise."""

SECONDS = 2.0
MOST = 50
"""Models of one server that become profiles."""

NO_CHAT = ("embed", "rerank", "whisper", "tts", "bge-")
"""Parts of the names of models that answer no chat."""


def models(ports: Mapping[int, str] = PORTS) -> Found:
    """The models of all servers that answer on these ports of 127.0.0.1."""
    with ThreadPoolExecutor(len(ports)) as pool:
        found = list(pool.map(_models, ports, ports.values()))
    left_out = [
        f"{len(names) - MOST} further models of {program} on port {port}: more than {MOST}"
        for (port, program), names in zip(ports.items(), found, strict=True)
        if len(names) > MOST
    ]
    candidates = [
        Candidate(f"{program} on port {port}", name, name, placement=(), base_url=f"http://127.0.0.1:{port}/v1")
        for (port, program), names in zip(ports.items(), found, strict=True)
        for name in names[:MOST]
    ]
    return candidates, left_out


def _models(port: int, _program: str) -> list[str]:
    caller = new_session()
    # Whoever answers elsewhere is not on this machine.
    caller.max_redirects = 0
    answer = fetch(f"http://127.0.0.1:{port}/v1/models", caller, SECONDS)
    names = [word(table(entry).get("id")) for entry in items(answer.get("data"))]
    return [name for name in dict.fromkeys(names) if name and not any(part in name.lower() for part in NO_CHAT)]
