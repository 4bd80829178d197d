import json
import os
import sys
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from bench.datasets import source
from bench.generate.journal import Journal
from bench.generate.run import generate
from bench.profiles import Config, Profile
from bench.profiles.file import load
from bench.records import Completion

FAULTY_SERVER = Path(__file__).with_name("faulty_server.py")
N = 6


class Bench:
    """One profile on six tiny problems, served by the faulty server; `plan` is what it does to each request."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "models").mkdir()
        (root / "models" / "m.gguf").write_bytes(b"GGUF")

    def plan(self, *behaviours: Any) -> None:
        (self.root / "plan.json").write_text(json.dumps(behaviours))

    def config(self, text: str = "", server: str = "", retries: int = 1) -> Config:
        (self.root / "profiles.toml").write_text(
            '[defaults]\nmax_tokens = 100\ncontext = 4096\n[profiles.m]\nmodel = "m.gguf"\ndatasets = ["demo"]\n'
            f'{text}\n[profiles.m.server]\nkind = "process"\nexecutable = "{FAULTY_SERVER}"\n'
            f"retries = {retries}\n{server}\n"
        )
        return load(self.root / "profiles.toml")

    def generate(self, text: str = "", server: str = "", retries: int = 1) -> list[Completion]:
        """Generate, and all that the journal then holds."""
        config = self.config(text, server, retries)
        generate(config.profile("m"), config, "demo")
        return self.journal()

    def journal(self) -> list[Completion]:
        return Journal(self.root / "results" / "m" / "demo" / "raw.jsonl").completions

    def profile(self, text: str = "", server: str = "") -> Profile:
        return self.config(text, server).profile("m")

    def count(self, name: str) -> int:
        """How many requests were `asked`, or servers `started`."""
        path = self.root / name
        return len(path.read_text()) if path.exists() else 0

    def flights(self) -> list[tuple[str, float]]:
        """When each answer began (+) and ended (-), in seconds."""
        lines = (self.root / "flights").read_text().split()
        return [(line[0], float(line[1:])) for line in lines]

    def widest(self) -> int:
        """The most answers that were in flight at once."""
        return max(accumulate(1 if sign == "+" else -1 for sign, _ in self.flights()))

    def last_request(self) -> dict[str, Any]:
        return json.loads((self.root / "last.json").read_text())

    def provenance(self) -> dict[str, Any]:
        return json.loads((self.root / "results" / "m" / "demo" / "run.json").read_text())


@pytest.fixture
def tiny_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Writes a dataset of so many problems in place of the bundled one."""

    def write(count: int) -> None:
        rows = [
            {
                "task_id": f"Demo/{i}", "prompt": f'def f{i}():\n    """Return {i}."""\n', "entry_point": f"f{i}",
                "canonical_solution": f"    return {i}\n", "base_input": [[]], "plus_input": [[]], "atol": 0,
            }
            for i in range(count)
        ]  # fmt: skip
        (tmp_path / "humaneval.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    monkeypatch.setattr(source, "BUNDLED", tmp_path)
    write(N)
    return write


@pytest.fixture
def faulty(tmp_path: Path, tiny_problems: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A profile whose server does to each request what the test plans."""
    monkeypatch.setenv("FAULTY", str(tmp_path))
    # A wrapper of another python3 on the PATH would take longer than that server.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setattr("bench.generate.http.PAUSE", 0.01)
    bench = Bench(tmp_path)
    bench.plan({})
    return bench
