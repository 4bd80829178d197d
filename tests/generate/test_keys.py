"""Request keys: answers in journals of version 0.1 are found again under the same settings."""

from pathlib import Path

import pytest

from bench.datasets.problem import Problem, scripted
from bench.generate.model import Model
from bench.generate.prompt import request_key
from bench.profiles.file import load

PROMPT = "def f(x):\n    '''Double x.'''\n"
PROBLEM = Problem("Demo/0", PROMPT, "f", f"{PROMPT}    return 2 * x\n", (), scripted(PROMPT))
MODEL = Model("0123456789abcdef0123456789abcdef", ("--jinja", "--grammar", "a b"))


@pytest.mark.parametrize(
    ("settings", "sample", "key"),
    [
        ("", 0, "f6e016d7caa03b4523e28775123ba089"),
        ("max_tokens = 512", 0, "f6e016d7caa03b4523e28775123ba089"),
        ("context = 8192\nslots = 4\nplacement = ['-t', '1']", 0, "f6e016d7caa03b4523e28775123ba089"),
        ("", 3, "4c5b69a38b7a0957c228f57a463351f3"),
        ("system_prompt = ''", 0, "34c3c4721d8b1cbcb21acd89c39ae143"),
        ("temperature = 1", 0, "06d1bc94838d78e06087af78f8d437b3"),
        ("temperature = 0.8\nsamples = 5", 4, "5414e773ecf84716d531be0c90258ece"),
        ("temperature = 0.8\ntop_p = 1\nseed = 7", 2, "326d29a0d247f553077840992e3afb60"),
        ("top_p = 0.5\nseed = 7", 0, "f6e016d7caa03b4523e28775123ba089"),
        ("reasoning = 'off'", 0, "ae33a547afdf956fb45e4322d442aa72"),
        ("reasoning = 'high'\ntemperature = 0.6", 1, "c4ffd8165e607414f259b8dcceae8e8b"),
        (
            "request = { top_k = 40, stop = ['a', 'b'], nested = { x = 1.5, y = true } }",
            0,
            "b7be179a93e53aa2727cb3c26d636561",
        ),
    ],
)
def test_keys_stay(tmp_path: Path, settings: str, sample: int, key: str) -> None:
    """The same settings give the key under which version 0.1 kept the answer."""
    (tmp_path / "profiles.toml").write_text(f"[profiles.a]\nmodel = 'a.gguf'\n{settings}\n")
    profile = load(tmp_path / "profiles.toml").profile("a")
    assert request_key(PROBLEM, profile, MODEL, sample) == key
