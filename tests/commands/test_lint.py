"""`doit lint`: why a score may be low."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFWriter

from bench.commands.lint import lint, rendered
from bench.errors import BenchError
from bench.profiles.file import load
from bench.records import Completion
from tests.running import DODO, run

TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}<|assistant|>"
Lint = Callable[..., str]


@pytest.fixture
def linted(tmp_path: Path) -> Lint:
    """What lint says of a profile with these keys, a file with these metadata, and these completions."""

    def made(keys: str = "", *done: dict[str, Any], template: str = TEMPLATE, **metadata: float) -> str:
        (tmp_path / "models").mkdir(exist_ok=True)
        writer = GGUFWriter(tmp_path / "models" / "m.gguf", "llama")
        writer.add_context_length(32768)
        writer.add_file_type(18)
        if template:
            writer.add_chat_template(template)
        for name, value in metadata.items():
            writer.add_float32(f"general.sampling.{name}", value)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        (tmp_path / "profiles.toml").write_text(
            f'[profiles.m]\nmodel = "m.gguf"\ndatasets = ["demo"]\nserver = {{ kind = "process" }}\n{keys}\n'
        )
        journal = tmp_path / "results" / "m" / "demo" / "raw.jsonl"
        journal.parent.mkdir(parents=True, exist_ok=True)
        base = Completion(key="k", task_id="Demo/0", sample=0, outcome="stop", answer="```python\nx = 1\n```")
        rows = [asdict(base) | {"task_id": f"Demo/{i}"} | one for i, one in enumerate(done)]
        journal.write_text("".join(json.dumps(row) + "\n" for row in rows))
        config = load(tmp_path / "profiles.toml")
        text = "\n".join(lint(config, config.profile("m")))
        head, _, rest = text.partition("\nFirst prompt")
        return re.sub(r"\n {36}", " ", head) + "\nFirst prompt" + rest

    return made


@pytest.mark.parametrize(
    ("keys", "done", "metadata", "line"),
    [
        ("", [], {}, "answers none on demo yet → doit generate:m"),
        ("", [{}], {}, "answers 1 answer on demo, 1 of them ended"),
        ("max_tokens = 768", [{"outcome": "truncated"}, {"completion_tokens": 700}], {},
         "truncated 1 cut off at 768 tokens; the longest that ended has 700 → max_tokens = 1536, or less thinking"),
        ("", [{"outcome": "looping"}], {}, "looping 1 repeated themselves and were stopped → the sampling"),
        ("", [{"outcome": "empty", "reasoning": "hm"}], {}, "empty 1 without a word, 1 of them after thoughts →"),
        ("", [{"outcome": "error", "error": "no credit"}], {}, "failed 1 requests; the last: no credit → doit -a"),
        ("", [{"server": {"build": "b1"}}, {"server": {"build": "b2"}}], {}, "builds answers of 2 builds of llama.cpp"),
        ("context = 65536", [], {}, "65536 tokens asked for a slot, trained on 32768 → context = 32768: beyond"),
        ("", [{"server": {"context": 4096}}], {}, "asked for a slot, 4096 granted, trained on 32768 → take"),
        ("context = 4200", [{"prompt_tokens": 500}], {}, "longest prompt has 500, max_tokens is 4096 → context = 4596"),
        ("", [], {}, "template from the file"),
        ("", [], {"template": ""}, "the file has none, so llama-server guesses → --chat-template-file in args"),
        ('args = ["--chat-template", "chatml"]', [], {}, "template named in args: chatml"),
        ("", [{"server": {"chat_template": "x"}}], {}, "template the server uses another one than the file has → look"),
        ('reasoning = "off"', [], {}, 'thinking reasoning = "off" → the template has no switch for it'),
        ('reasoning = "off"', [{"reasoning": "hm"}], {"template": "{{ enable_thinking }}"},
         "1 of 1 answers came with thoughts; the template knows enable_thinking → this model thinks all the same"),
        ("", [], {"temp": 0.6, "top_p": 0.95},
         "its file recommends temperature 0.6, top_p 0.95 → if answers loop: temperature = 0.6"),
        ("temperature = 0.6", [], {"temp": 0.6}, "sampling temperature 0.6, top_p 0.95; its file recommends"),
        ('placement = ["-ctk", "q4_0", "--cache-type-v=q8_0"]', [], {},
         "KV cache K q4_0, V q8_0 → without -ctk and -ctv answers are more exact"),
        ("", [], {}, "KV cache K f16, V f16"),
        ("", [], {}, "weights Q6_K"),
    ],
)  # fmt: skip
def test_findings(linted: Lint, keys: str, done: list[dict[str, Any]], metadata: dict[str, Any], line: str) -> None:
    """Each cause of a low score is found, with what to do about it."""
    assert line in " ".join(linted(keys, *done, **metadata).split())


def test_prompt_and_answer_in_full(linted: Lint) -> None:
    """The first prompt stands as the template renders it, the answer as it came, without what a terminal would obey."""
    text = linted("", {"answer": "```\nred \x1b[31m\n```", "reasoning": "first I think"})
    assert "  | <|system|>You are a helpful assistant good at coding.<|user|>Please provide" in text
    assert "<|assistant|>" in text
    assert "  | first I think" in text
    assert "  | red ␛[31m" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ raise_exception('no system') }}", "cannot be rendered here: ValueError: no system"),
        ("{{ ''.__class__.__mro__ }}", "cannot be rendered here: jinja2.exceptions.SecurityError"),
        ("{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}", "cannot be rendered here"),
        ("{{ 'x' * 2000000000 }}", "cannot be rendered here"),
        ("{% if %}", "cannot be rendered here: jinja2.exceptions.TemplateSyntaxError"),
    ],
)
def test_hostile_templates(template: str, message: str) -> None:
    """A template that fails, runs on, or asks for too much is a line, and harms nobody."""
    assert message in rendered(template, {"messages": []})


def test_an_imported_profile(tmp_path: Path) -> None:
    """A profile whose solutions were made elsewhere is one sentence."""
    (tmp_path / "profiles.toml").write_text('[profiles.a]\nsolutions = "x.jsonl"\n')
    config = load(tmp_path / "profiles.toml")
    with pytest.raises(BenchError, match="a: its solutions were made elsewhere"):
        list(lint(config, config.profile("a")))


@pytest.mark.slow
def test_as_a_user_gives_it(tmp_path: Path) -> None:
    """`doit lint` prints what there is about a profile; a name that is missing or wrong is one line and exit code 1."""
    (tmp_path / "profiles.toml").write_text('[profiles.d]\nmodel = "builtin:demo"\nserver = { kind = "process" }\n')
    environment = os.environ | {"BENCH_PROFILES": str(tmp_path / "profiles.toml")}

    def lines(*names: str) -> tuple[int, list[str]]:
        ran = run("-f", DODO, "lint", *names, cwd=tmp_path, environment=environment)
        return ran.returncode, (ran.stdout + ran.stderr).splitlines()

    code, actual = lines("d")
    assert (code, actual[0].split()[:2]) == (0, ["note", "answers"])
    assert lines() == (1, ["doit lint takes a profile: doit lint <profile>; doit list has them."])
    assert lines("e") == (1, ['There is no profile "e"; doit list has them.'])
