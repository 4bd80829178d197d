"""What a user can do wrong: one sentence, an exit code that is not 0, no traceback, and no good result harmed."""

import json
import os
from pathlib import Path

import pytest

from tests.e2e.conftest import Project, Ran

IMPORT = (
    '[defaults]\ndatasets = ["demo"]\n[sandbox]\nkind = "bubblewrap"\n[profiles.b]\nsolutions = "solutions.jsonl"\n'
)


def fails(ran: Ran, said: str) -> None:
    """The run failed with that sentence and nothing like a traceback."""
    assert ran.code != 0
    assert said in ran.out
    assert "Traceback" not in ran.out


def rows() -> list[dict[str, str]]:
    """Canonical solutions of the demo's problems."""
    from bench import datasets

    found = datasets.load("demo").problems.values()
    return [{"task_id": p.task_id, "solution": p.reference} for p in found]


def write(project: Project, lines: list[str]) -> None:
    """Write the import's file."""
    (project.root / "solutions.jsonl").write_text("".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "profiles.toml declares no profile; add a section"),
        ("[profiles.x\n", "profiles.toml is not valid TOML"),
        (
            '[profiles.x]\nmodel = "x.gguf"\nmax_token = 5\n',
            'has the unknown key "max_token"; did you mean "max_tokens"?',
        ),
    ],
)
def test_a_wrong_profiles_file(project: Project, text: str, said: str) -> None:
    """A broken or empty profiles file is named before anything starts."""
    project.write(text)
    fails(project.doit(), said)
    fails(project.doit("list"), said)


def test_a_missing_model_asked_for_by_name(served: Project) -> None:
    """A profile without its model file is skipped in a whole run, and an error with the path when asked for by name."""
    served.edit("[profiles.a]", '[profiles.x]\nmodel = "none/x.gguf"\n[profiles.a]')
    fails(served.doit("eval:x"), "x: no model file models/none/x.gguf")
    whole = served.doit()
    assert whole.code == 0, whole.out
    assert "no model file models/none/x.gguf" in whole.out


def test_a_broken_model_beside_good_ones(served: Project) -> None:
    """One broken model hides neither the others' scores nor the report; its row says why; the exit code is not 0."""
    (served.root / "models" / "broken.gguf").write_bytes(b"GGUF" + (3).to_bytes(4, "little") + bytes(16))
    served.edit("[profiles.a]", '[profiles.x]\ntitle = "Broken"\nmodel = "broken.gguf"\n[profiles.a]')
    served.write((served.root / "profiles.toml").read_text() + '[profiles.c]\nmodel = "a.gguf"\nsystem_prompt = ""\n')
    ran = served.doit()
    fails(ran, "x: llama-server ended while loading")
    assert served.scores("a") == served.scores("c")
    assert "llama-server ended while loading" in served.report()
    assert "1 failed" in ran.out


def test_a_port_that_is_taken(served: Project) -> None:
    """A port that somebody has is named with the command that finds who."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        served.edit('kind = "process"', f'kind = "process"\nport = {port}')
        fails(served.doit("generate:a"), f"port {port} on 127.0.0.1 is taken; find the process (ss -ltnp")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda lines: [*lines[:-1], lines[-1][:30]], "solutions.jsonl:"),
        (lambda lines: [*lines, '{"task_id": "Demo/999", "solution": "x"}'], 'solves the unknown problem "Demo/999"'),
        (lambda lines: lines[:-1], "17 of 18 problems are solved, 1 is missing, next is Demo/17"),
        (lambda lines: [*lines, json.dumps(json.loads(lines[0]) | {"solution": "other"})], "two different solutions"),
        (lambda lines: [*lines, "not JSON"], "is not JSON"),
    ],
)
def test_a_wrong_import(project: Project, spoil: object, said: str) -> None:
    """A torn line, an unknown task, a missing one, one twice: each is named, and the old result stays as it was."""
    project.write(IMPORT)
    lines = [json.dumps(row) for row in rows()]
    write(project, lines)
    assert project.doit().code == 0
    good = project.file("b", "eval_results.json").read_bytes()
    write(project, spoil(lines))  # type: ignore[operator]
    fails(project.doit(), said)
    assert project.file("b", "eval_results.json").read_bytes() == good


def test_no_sandbox(project: Project, tmp_path: Path) -> None:
    """Without Docker and bubblewrap model code is refused with the remedy, and no result is written."""
    project.write(IMPORT.replace("bubblewrap", "auto"))
    write(project, [json.dumps(row) for row in rows()])
    fails(project.doit(PATH=str(tmp_path)), "No sandbox for model code: start Docker, or install bubblewrap")
    assert not project.file("b", "eval_results.json").exists()


def test_a_damaged_dataset(project: Project) -> None:
    """A dataset file that is damaged is named with the remedy."""
    project.write('[sandbox]\nkind = "bubblewrap"\n[profiles.b]\nsolutions = "solutions.jsonl"\n')
    write(project, ['{"task_id": "HumanEval/0", "solution": "x"}'])
    (project.root / "set.jsonl").write_text('{"task_id": "HumanEval/0", "pro')
    ran = project.doit("eval:b", HUMANEVAL_OVERRIDE_PATH=str(project.root / "set.jsonl"))
    fails(ran, "The dataset HumanEval in")


@pytest.mark.skipif(os.getuid() == 0, reason="root writes everywhere")
def test_read_only_results(project: Project) -> None:
    """A results directory that cannot be written is named with the remedy."""
    project.write(IMPORT)
    project.results.mkdir(mode=0o500)
    fails(project.doit(), "is not writable")


def test_results_below_a_file(project: Project) -> None:
    """A results directory that cannot be made is one sentence."""
    project.write(IMPORT + '[paths]\nresults = "profiles.toml/results"\n')
    fails(project.doit(), "cannot be made")
