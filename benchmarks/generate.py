"""Generation beside evalplus.codegen, on the same llama.cpp server and the 164 problems, in one run.

    HUMANEVAL_OVERRIDE_PATH=HumanEvalPlus.jsonl python -m benchmarks.generate [--layers 4]

The model has known answers and is slowed down by layers that compute and add nothing. Only the ratios are claims: the
machine may be busy with other things, and is the same for both. "client" is the share of the wall time in which the
server had nothing to compute, as its own timings tell (at one slot).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from bench.generate.journal import Journal
from bench.generate.run import generate
from bench.profiles.file import load
from tests import known_answers

CONTEXT = 4096
SLOTS = (1, 4, 8)
CODEGEN = """
import sys, time
from evalplus.codegen import run_codegen
began = time.monotonic()
run_codegen(model="known", dataset="humaneval", root=sys.argv[2], backend="openai", base_url=sys.argv[1], greedy=True)
print("took", time.monotonic() - began)
"""


@contextmanager
def served(gguf: Path, port: int) -> Iterator[str]:
    """The wheel's server with one slot; its base URL."""
    command = [
        sys.executable,
        "-m",
        "bench.servers.xllamacpp_server",
        "-m",
        str(gguf),
        "-c",
        str(CONTEXT),
        "-np",
        "1",
        "-t",
        "1",
    ]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not healthy(port):
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait()


def healthy(port: int) -> bool:
    """Whether the server has loaded its model."""
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=1).ok
    except requests.RequestException:
        return False


def theirs(url: str, folder: Path) -> float:
    """Seconds that evalplus.codegen takes, its start not counted."""
    command = [sys.executable, "-c", CODEGEN, url, str(folder)]
    environment = {**os.environ, "OPENAI_API_KEY": "none"}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return float(ran.stdout.rsplit("took ", 1)[1])


def ours(folder: Path, gguf: Path, slots: int) -> tuple[float, float]:
    """Seconds with that many slots in flight, and those in which the server computed for one request or another."""
    folder.mkdir()
    (folder / "profiles.toml").write_text(
        f'[defaults]\nmax_tokens = 768\ncontext = {CONTEXT}\nslots = {slots}\n[server]\nkind = "process"\n'
        f'[paths]\nmodels = "{gguf.parent}"\n[profiles.m]\nmodel = "{gguf.name}"\nplacement = ["-t", "1"]\n'
    )
    config = load(folder / "profiles.toml")
    generate(config.profile("m"), config, "humaneval")
    files = config.layout.run("m", "humaneval")
    computed = sum(
        completion.prompt_tokens / completion.speeds["prompt"]
        + completion.completion_tokens / completion.speeds["generation"]
        for completion in Journal(files.journal).completions
    )
    return float(json.loads(files.provenance.read_bytes())["totals"]["seconds"]), computed


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--port", type=int, default=18431)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        os.environ["BENCH_LOCKS"] = name
        gguf = root / "model.gguf"
        known_answers.build(gguf, Path(os.environ["HUMANEVAL_OVERRIDE_PATH"]), size=4, load_layers=chosen.layers)
        with served(gguf, chosen.port) as url:
            reference = theirs(url, root / "codegen")
        rows = [f"{'evalplus.codegen':<18}{reference:7.1f} s   1.00"]
        for slots in SLOTS:
            seconds, computed = ours(root / f"slots-{slots}", gguf, slots)
            share = f"   client {100 * (1 - computed / seconds):.1f} %" if slots == 1 else ""
            rows.append(f"{f'{slots} slots':<18}{seconds:7.1f} s   {reference / seconds:.2f}{share}")
        print("\n".join(rows))


if __name__ == "__main__":
    main()
