import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench import datasets
from bench.commands import prompts
from bench.datasets import rows, source
from bench.datasets.declared import catalogue
from bench.errors import DatasetError
from bench.evaluate.run import evaluate
from bench.graph.report import Report
from bench.imports.collection import collect
from bench.layout import RunFiles
from bench.profiles import Sandbox
from bench.profiles.file import load
from bench.sandbox.kinds import available


@pytest.mark.slow
@pytest.mark.parametrize(("name", "first", "last"), [("humaneval", 0, 163), ("mbpp", 2, 809)])
def test_evalplus_datasets(real_datasets: dict[str, Path], name: str, first: int, last: int) -> None:
    """HumanEval+ and MBPP+ load whole, in their order, with the hash that EvalPlus writes into results."""
    dataset = datasets.load(name)
    declared = datasets.known()[name]
    prefix = declared.title.replace("MBPP", "Mbpp")
    assert list(dataset.problems)[:: len(dataset.problems) - 1] == [f"{prefix}/{first}", f"{prefix}/{last}"]
    assert (len(dataset.problems), dataset.hash) == (declared.count, declared.md5)
    assert all(one.suite("base").inputs and one.entry_point in one.reference for one in dataset.problems.values())


def test_mbpp_inputs_are_written_without_reading_the_dataset() -> None:
    """Results of MBPP+ are written by a process that has loaded no dataset, with EvalPlus's clients left out."""
    program = "from bench.datasets import evalplus; print(evalplus.mbpp_inputs('Mbpp/252', [[1 + 2j]]))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout == "[['(1+2j)']]\n"


def test_mbpp_inputs_have_their_types(real_datasets: dict[str, Path]) -> None:
    """Inputs that JSON cannot hold are what the functions take: tuples and complex numbers."""
    known = datasets.load("mbpp").problems
    assert isinstance(known["Mbpp/2"].suite("base").inputs[0][0], tuple)
    assert isinstance(known["Mbpp/252"].suite("base").inputs[0][0], complex)


def test_gzip(real_datasets: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable may name the file as it is published, gzipped."""
    packed = tmp_path / "HumanEvalPlus.jsonl.gz"
    packed.write_bytes(gzip.compress(real_datasets["HUMANEVAL_OVERRIDE_PATH"].read_bytes(), 1))
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(packed))
    assert len(datasets.load("humaneval").problems) == 164


def load_error(name: str = "humaneval") -> str:
    """The sentence of the error that loading raises."""
    with pytest.raises(DatasetError) as caught:
        datasets.load(name)
    assert "\n" not in caught.value.sentence
    return caught.value.sentence


@pytest.fixture
def override(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The path that HUMANEVAL_OVERRIDE_PATH names; nothing is there yet."""
    path = tmp_path / "mine.jsonl"
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(path))
    return path


def test_missing(override: Path) -> None:
    """A file that the variable names in vain is named, with both remedies."""
    assert load_error() == (
        f"The dataset HumanEval is not at {override}, which HUMANEVAL_OVERRIDE_PATH names; put it there, or unset it "
        "to have it downloaded."
    )
    assert datasets.fingerprint("humaneval") is None


def test_a_folder_is_no_dataset(override: Path) -> None:
    """A folder under the file's name is an error, not a traceback."""
    override.mkdir()
    assert f"in {override} cannot be read (IsADirectoryError" in load_error()
    assert datasets.fingerprint("humaneval") is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda lines: [*lines[:-1], lines[-1][:50]], "cannot be read (JSONDecodeError"),
        (lambda lines: lines[:100], "has 100 of 164 problems; let HUMANEVAL_OVERRIDE_PATH name a complete one."),
        (lambda lines: [], "has 0 of 164 problems"),
        (lambda lines: [*lines[:-1], lines[0]], "has 163 of 164 problems"),
        (lambda lines: [*lines[:-1], '{"task_id": "HumanEval/163"}'], 'lacks "prompt"'),
        (lambda lines: ["[1, 2]"], "cannot be read (TypeError"),
    ],
)
def test_damaged(real_datasets: dict[str, Path], override: Path, damage, message: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """A damaged, truncated or foreign file is one sentence with file, problem and remedy."""
    lines = real_datasets["HUMANEVAL_OVERRIDE_PATH"].read_text(encoding="utf-8").splitlines()
    override.write_text("\n".join(damage(lines)), encoding="utf-8")
    sentence = load_error()
    assert message in sentence
    assert str(override) in sentence


def test_no_network(tmp_path: Path) -> None:
    """A first use without a network says where the file would be, and the variable that names another."""
    code = "from bench import datasets\ntry:\n datasets.load('humaneval')\nexcept Exception as e: print(repr(e), e)"
    nowhere = {"https_proxy": "http://127.0.0.1:9", "XDG_CACHE_HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    ran = subprocess.run([sys.executable, "-c", code], env=nowhere, capture_output=True, text=True, check=True)
    assert f"is not at {tmp_path}/evalplus/HumanEvalPlus-v0.1.10.jsonl and cannot be fetched" in ran.stdout
    assert "let HUMANEVAL_OVERRIDE_PATH name the unpacked file." in ran.stdout
    assert "DatasetError" in ran.stdout


def test_fingerprint_follows_the_content(override: Path) -> None:
    """The fingerprint is the file's md5, and another after a change."""
    override.write_text("one\n")
    assert datasets.fingerprint("humaneval") == "5bbf5a52328e7439ae6e719dfe712200"
    override.write_text("another\n")
    assert datasets.fingerprint("humaneval") != "5bbf5a52328e7439ae6e719dfe712200"


def test_demo_datasets_are_bundled() -> None:
    """The demo's problems need nothing that is not here."""
    assert len(datasets.load("demo").problems) >= 10
    assert len(datasets.load("demo-mbpp").problems) >= 3


THIRD = [
    {
        "task_id": "Third/0", "prompt": 'def double(x):\n    """Twice x."""\n', "entry_point": "double",
        "canonical_solution": "    return 2 * x\n", "base_input": [[1], [0]], "plus_input": [[-5], [2.5]], "atol": 1e-6,
    },
    {
        "task_id": "Third/1", "prompt": '"""\nWrite a function to reverse a list.\n"""\n', "entry_point": "rev",
        "canonical_solution": "def rev(xs):\n    return xs[::-1]\n", "base_input": [[[1, 2]]], "plus_input": [[[]]],
        "atol": 0,
    },
]  # fmt: skip


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Adds the dataset `third` to those that are known by name."""

    def declared(**values: Any) -> None:
        third = datasets.Declaration("third", "Third", **{"format": "evalplus", **values})
        monkeypatch.setattr(datasets, "catalogue", lambda: {**catalogue(), "third": third})

    return declared


@pytest.fixture
def third(tmp_path: Path, declare: Callable[..., None]) -> Path:
    """A third dataset: a file of problems, and its declaration."""
    file = tmp_path / "third.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in THIRD))
    declare(files=(str(file),), count=len(THIRD))
    return file


@pytest.mark.slow
def test_a_third_dataset(third: Path, tmp_path: Path) -> None:
    """With those two, profiles may name it, and its canonical solutions pass in the sandbox."""
    (tmp_path / "profiles.toml").write_text('[profiles.x]\nsolutions = "s.jsonl"\ndatasets = ["third"]\n')
    assert load(tmp_path / "profiles.toml").profile("x").sampling.datasets == ("third",)
    if reason := available("bubblewrap"):
        pytest.skip(f"no bubblewrap: {reason}")
    files = RunFiles(tmp_path / "x", "third")
    files.root.mkdir(parents=True)
    rows = [{"task_id": row["task_id"], "solution": f"{row['prompt']}{row['canonical_solution']}"} for row in THIRD]
    files.samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    summary = evaluate(files, "third", Sandbox(kind="bubblewrap"), tmp_path / "cache")
    assert (summary.n_problems, summary.base_passed, summary.plus_passed) == (2, 2, 2)


@pytest.mark.slow
def test_names_of_problems_are_any(
    third: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declare: Callable[..., None]
) -> None:
    """Problems of a third dataset of the family mbpp are graded and reported, numbers in their names or not."""
    if reason := available("bubblewrap"):
        pytest.skip(f"no bubblewrap: {reason}")
    names = ["Third/twice it", "115"]
    third.write_text(
        "".join(json.dumps(row | {"task_id": name}) + "\n" for row, name in zip(THIRD, names, strict=True))
    )
    declare(files=(str(third),), family="mbpp")
    (tmp_path / "profiles.toml").write_text('[profiles.x]\nsolutions = "s.jsonl"\ndatasets = ["third"]\n')
    config = load(tmp_path / "profiles.toml")
    files = config.layout.run("x", "third")
    files.root.mkdir(parents=True)
    rows = [{"task_id": name, "solution": "def double(x): ...\ndef rev(xs): ...\n"} for name in names]
    files.samples.write_text("".join(json.dumps(row) + "\n" for row in rows))
    evaluate(files, "third", Sandbox(kind="bubblewrap"), tmp_path / "cache")
    content = json.loads(files.results.read_text())["eval"]
    assert [content[name][0]["base_fail_tests"] for name in names] == [[[1]], [[[1, 2]]]]
    assert Report(config, {}).make() is None
    assert f'"tasks":["{names[0]}","{names[1]}"]' in (config.layout.root / "report.html").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has 0 of 2 problems"),
        ("{", "line 1 is not JSON"),
        ('{"task_id": "a"}', 'lacks "prompt"'),
    ],
)
def test_a_damaged_third_dataset(third: Path, text: str, message: str) -> None:
    """A bundled file that is damaged is one sentence too."""
    third.write_text(text)
    assert message in load_error("third")


def test_a_third_dataset_of_a_known_family(
    third: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declare: Callable[..., None]
) -> None:
    """A family, names without numbers and a variable of its own do not make it EvalPlus's file."""
    other = tmp_path / "other.jsonl"
    other.write_text(
        "".join(json.dumps({**row, "task_id": f"Third/{name}"}) + "\n" for row, name in zip(THIRD, "ab", strict=True))
    )
    declare(files=(str(third),), family="mbpp", variable="THIRD_PATH")
    assert list(datasets.load("third").problems) == ["Third/0", "Third/1"]
    monkeypatch.setenv("THIRD_PATH", str(other))
    assert list(datasets.load("third").problems) == ["Third/a", "Third/b"]
    other.unlink()
    assert load_error("third") == (
        f"The dataset Third is not at {other}, which THIRD_PATH names; put it there, or unset it."
    )


@pytest.mark.parametrize("name", ["Third_a.py", "Third_a/0.py"])
def test_solutions_of_a_third_dataset(third: Path, tmp_path: Path, name: str) -> None:
    """Its problems are known by their names in imports and prompts, numbers or not."""
    rows = [{**row, "task_id": f"Third/{letter}"} for row, letter in zip(THIRD, "ab", strict=True)]
    third.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "profiles.toml").write_text(
        '[profiles.x]\nsolutions = "import"\ndatasets = ["third"]\npartial = true\n'
    )
    file = tmp_path / "import" / name
    file.parent.mkdir(parents=True)
    file.write_text("x = 1\n")
    config = load(tmp_path / "profiles.toml")
    assert collect(config.profile("x"), config, "third").summary.startswith("found 1 of 2 problems in 1 file, ")
    assert '"Third/b"' in prompts.write(config, "third").read_text()


def test_a_dataset_of_unknown_size(third: Path, declare: Callable[..., None]) -> None:
    """Without a count any number of problems is right, but for none."""
    declare(files=(str(third),))
    assert len(datasets.load("third").problems) == 2
    third.write_text("")
    assert load_error("third") == f"The dataset Third in {third} has no problems; put a complete file there."


def test_ids_that_collide(third: Path) -> None:
    """Two problems of one id are named, each by its file and line."""
    third.write_text("".join(json.dumps(row | {"task_id": "Third/0"}) + "\n" for row in THIRD))
    assert load_error("third") == (
        f"{third}, line 2 has the id Third/0, as has {third}, line 1; rename or remove one of the two."
    )


def test_tests_are_read_once_before_generation(
    tmp_path: Path, declare: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that nobody knows by its checksum is looked through when it is new, and not again."""
    monkeypatch.setenv("BENCH_DATASETS", str(tmp_path))
    row = {"task_id": "E/0", "prompt": "def f(a):\n", "canonical_solution": "    return a\n", "entry_point": "f"}
    file = tmp_path / "third.jsonl"
    declare(files=(str(file),), format="evoeval")
    file.write_text(json.dumps(row | {"inputs": ["1", "open('x')"]}) + "\n")
    assert (
        load_error("third")
        == f"{file}, line 1 has an input that is no Python literal (open('x') is no literal); fix that line."
    )
    file.write_text(json.dumps(row | {"inputs": ["'x' * 2 ** 20"] * 128}) + "\n")
    assert load_error("third") == f"{file}, line 1 has more than 128 MiB of tests; take it out."
    file.write_text(json.dumps(row | {"inputs": ["1"]}) + "\n")
    assert datasets.load("third").problems["E/0"].suites == ()
    assert len(list((tmp_path / "read").iterdir())) == 1


def test_a_line_that_is_too_long(third: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond the bound is one sentence, before it is read as JSON."""
    monkeypatch.setattr(rows, "MAX_ITEM", 100)
    assert load_error("third") == f"{third}, line 1 has more than 0 MiB; remove that line."


LATER = """
import sys
from bench.datasets import source
source.LARGE = 10
from bench.datasets.declared import Declaration
print(source.fingerprint(Declaration("third", "Third", "evalplus", (sys.argv[1],))))
"""


def test_a_large_file_is_read_once_for_its_digest(third: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its digest is kept beside the datasets, for as long as its size and time are the same."""
    monkeypatch.setattr(source, "LARGE", 10)
    monkeypatch.setenv("BENCH_DATASETS", str(tmp_path / "sets"))
    content = datasets.fingerprint("third")
    (memo,) = (tmp_path / "sets" / "read").iterdir()
    assert memo.read_text() == content == hashlib.md5(third.read_bytes(), usedforsecurity=False).hexdigest()
    memo.write_text("0" * 32)
    run = [sys.executable, "-c", LATER, str(third)]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip() == "0" * 32


def test_at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset is at hand where it is known, here and readable; none is downloaded for that."""
    assert datasets.at_hand("demo") is datasets.load("demo")
    assert datasets.at_hand("unknown") is None
    path = tmp_path / "HumanEvalPlus.jsonl"
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(path))
    assert datasets.at_hand("humaneval") is None
    path.write_text("{")
    assert datasets.at_hand("humaneval") is None
