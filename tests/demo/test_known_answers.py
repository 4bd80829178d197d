from pathlib import Path

import pytest

from bench import samples
from bench.evaluate.run import evaluate
from bench.files import read_json
from bench.generate.requests import completions_of
from bench.generate.run import generate
from bench.profiles.file import load
from bench.sample_info import read_sample_info
from bench.sandbox.kinds import available
from tests import known_answers

PROFILES = """
[sandbox]
kind = "bubblewrap"
[paths]
models = "."
[profiles.known]
model = "known.gguf"
max_tokens = 512
context = 4096
slots = 8
placement = ["-t", "1"]
[profiles.known.server]
kind = "process"
"""


@pytest.mark.slow
def test_three_of_four_real_problems_are_solved(real_datasets: dict[str, Path], tmp_path: Path) -> None:
    """A model that solves all but every fourth of the 164 problems, asked eight at once, scores 75.0 and 75.0."""
    pytest.importorskip("gguf")
    pytest.importorskip("xllamacpp")
    if reason := available("bubblewrap"):
        pytest.skip(f"no bubblewrap: {reason}")
    wrong = known_answers.build(tmp_path / "known.gguf", real_datasets["HUMANEVAL_OVERRIDE_PATH"])
    (tmp_path / "profiles.toml").write_text(PROFILES)
    config = load(tmp_path / "profiles.toml")
    profile, files = config.profile("known"), config.layout.run("known", "humaneval")
    generate(profile, config, "humaneval")
    samples.from_completions(profile, config, "humaneval", completions_of(profile, config, "humaneval"))
    summary = evaluate(files, "humaneval", config.sandbox, config.layout.cache)
    failed = [task_id for task_id, rows in read_json(files.results)["eval"].items() if rows[0]["plus_status"] != "pass"]
    assert failed == wrong
    assert (summary.n_problems, summary.base_passed, summary.plus_passed) == (164, 123, 123)
    assert {info.lost for info in read_sample_info(files.sample_info).values()} == {""}
