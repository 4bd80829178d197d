"""Servers that run on this machine, and their models. Imports requests."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from bench.discovery import Candidate, Candidates
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


def models(ports: Mapping[int, str] = PORTS) -> Candidates:
    """The models of all servers that answer on these ports of 127.0.0.1."""
    with ThreadPoolExecutor(len(ports)) as pool:
        return chain.from_iterable(pool.map(_models, ports, ports.values()))


def _models(port: int, program: str) -> list[Candidate | str]:
    session = new_session()
    # A redirect would lead away from this machine.
    session.max_redirects = 0
    response = fetch(f"http://127.0.0.1:{port}/v1/models", session, TIMEOUT)
    listed = dict.fromkeys(word(table(entry).get("id")) for entry in items(response.get("data")))
    names = [name for name in listed if name and not any(part in name.lower() for part in NO_CHAT)]
    source, url, more = f"{program} on port {port}", f"http://127.0.0.1:{port}/v1", len(names) - MAX_MODELS
    candidates = (Candidate(source, name, name, placement=(), base_url=url) for name in names[:MAX_MODELS])
    return [*candidates, *([f"{more} further models of {source}: more than {MAX_MODELS}"] if more > 0 else [])]
