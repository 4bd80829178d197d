"""The 164 real problems: a model with known answers through the whole graph, and real models' solutions."""

import json
import subprocess
from pathlib import Path

import pytest

from bench import process_identity
from bench.sandbox.kinds import available
from tests import images, known_answers
from tests.e2e.conftest import Project, servers


@pytest.fixture(scope="session")
def oracle(unpacked: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with a GGUF that answers three of four HumanEval problems rightly."""
    folder = tmp_path_factory.mktemp("oracle")
    known_answers.build(folder / "oracle.gguf", unpacked["HUMANEVAL_OVERRIDE_PATH"], wrong_every=4)
    return folder


@pytest.fixture(scope="session")
def engine() -> None:
    """Docker, with the two images that stand in for those of a registry."""
    if reason := available("docker"):
        pytest.skip(f"no Docker: {reason}")
    images.sandbox()
    images.server()


def left(project: Project) -> list[str]:
    """The containers that a project's doit left: its server, and sandboxes whose process is gone."""
    form = ["docker", "ps", "--all", "--format"]
    server = [*form, "{{.Names}}", "--filter", f"label=bench.results={project.results}"]
    found = subprocess.run(server, capture_output=True, text=True, check=True).stdout.split()
    owners = [*form, '{{.Label "bench.sandbox"}}', "--filter", "label=bench.sandbox"]
    whose = subprocess.run(owners, capture_output=True, text=True, check=True).stdout.splitlines()
    return [*found, *(process for process in whose if not process_identity.lives(process))]


@pytest.mark.docker
@pytest.mark.usefixtures("real_datasets", "engine")
@pytest.mark.parametrize("kind", ["compose", "process"])
def test_three_of_four_are_right(project: Project, oracle: Path, kind: str) -> None:
    """Served through compose or as a process and graded in Docker, the model scores 75.0, and nothing is left."""
    project.write(f"""
[defaults]
context = 4096
max_tokens = 1024
slots = 4
[server]
kind = "{kind}"
image = "{images.SERVER}"
[sandbox]
kind = "docker"
image = "{images.SANDBOX}"
[paths]
models = "{oracle}"
[profiles.oracle]
title = "Known answers"
model = "oracle.gguf"
placement = ["-t", "1"]
""")
    ran = project.doit()
    assert ran.code == 0, ran.out
    assert "HumanEval 75.0   HumanEval+ 75.0 (67.9 to 81.0)" in ran.out
    assert project.scores("oracle", "humaneval") == (0.75, 0.75)
    assert "75.0" in project.report()
    run = json.loads(project.file("oracle", "run.json", "humaneval").read_bytes())
    assert run["server"]["slots"] == 4
    assert run["totals"]["outcomes"] == {"stop": 164}
    assert run["totals"]["speed"]["generation"] > 0
    assert left(project) == []
    assert not [line for line in servers() if str(oracle) in line]


@pytest.mark.corpus
@pytest.mark.usefixtures("real_datasets")
@pytest.mark.parametrize("kind", ["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def test_real_models_solutions(project: Project, shared: Path, kind: str, request: pytest.FixtureRequest) -> None:
    """Three models imported by a few lines each are graded as EvalPlus grades them."""
    if kind == "docker":
        request.getfixturevalue("engine")
    elif reason := available(kind):
        pytest.skip(f"no {kind}: {reason}")
    models = ("deepcoder-14b", "llama3.3-70b", "deepseek-coder-1.3b")
    profiles = "".join(
        f'[profiles."{model}"]\nsolutions = "{shared / "corpus" / model}.jsonl"\npartial = true\n' for model in models
    )
    project.write(f'[sandbox]\nkind = "{kind}"\nimage = "{images.SANDBOX}"\n{profiles}')
    ran = project.doit(seconds=400)
    assert ran.code == 0, ran.out
    for model in models:
        known = json.loads((shared / "corpus" / "verdicts" / f"{model}.json").read_bytes())
        found = json.loads(project.file(model, "eval_results.json", "humaneval").read_bytes())["eval"]
        for task_id, (base, plus) in known["verdicts"].items():
            if task_id in known["unstable"]:
                continue
            (row,) = found[task_id]
            assert (row["base_status"] == "pass") == (base == "pass"), (model, task_id)
            assert (row["base_status"] == row["plus_status"] == "pass") == (base == plus == "pass"), (model, task_id)
