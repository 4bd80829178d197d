import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bench import datasets
from bench.errors import MissingPrerequisite, SamplesError
from bench.imports.collection import Imported, collect
from bench.profiles.file import load

PROGRAM = "def triangle_area(a, h):\n    return a * h / 2\n"
BODY = "    return a * h / 2\n"
CHAT = f"Half of it:\n\n```python\n{PROGRAM}```\nDone."
ASKED = """

def triangle_area(a, h):
    \"\"\"Given length of a side and high return area for a triangle.
    >>> triangle_area(5, 3)
    7.5
    \"\"\"
"""
ROW = {"task_id": "HumanEval/45", "solution": PROGRAM}
LINE = json.dumps(ROW) + "\n"
pytestmark = [pytest.mark.corpus, pytest.mark.usefixtures("real_datasets")]


def imported(root: Path, name: str, *, dataset: str = "humaneval", samples: int = 1) -> Imported:
    """What a profile imports from a file or folder."""
    (root / "profiles.toml").write_text(
        f'[profiles.x]\nsolutions = {json.dumps(name)}\ndatasets = ["{dataset}"]\npartial = true\nsamples = {samples}\n'
    )
    config = load(root / "profiles.toml")
    return collect(config.profile("x"), config, dataset)


def write(root: Path, name: str, content: Any) -> None:
    """A file of bytes, text, or a JSON value."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


FORMS: Mapping[str, Any] = {
    "EvalPlus's results": {"date": "", "eval": {"HumanEval/45": [{**ROW, "base_status": "pass"}]}},
    "a map to code": {"HumanEval/45": PROGRAM},
    "a map to several": {"HumanEval/45": [BODY]},
    "an inspect log": {"version": 2, "eval": {}, "samples": [{"id": "HumanEval/45", "output": {"completion": CHAT}}]},
    "OpenCompass": {"0": {"origin_prompt": "…", "prediction": CHAT, "gold": "HumanEval/45"}},
    "lm-evaluation-harness": {"doc_id": 45, "doc": {"task_id": "HumanEval/45"}, "resps": [[BODY]]},
    "its results in one file": {"results": {}, "samples": {"humaneval": [{"doc": ROW, "resps": [[BODY]]}]}},
    "evalscope": {"index": 0, "choices": [{"message": {"content": CHAT}}], "raw_input": {"task_id": "HumanEval/45"}},
    "a batch of OpenAI's": {
        "id": "batch_1", "custom_id": "HumanEval/45",
        "response": {"status_code": 200, "body": {"choices": [{"message": {"role": "assistant", "content": CHAT}}]}},
    },
    "a chat": {"task_id": "HumanEval/45", "messages": [{"role": "user"}, {"role": "assistant", "content": CHAT}]},
    "parts of a message": {
        "task_id": "HumanEval/45", "content": [{"type": "thinking", "thinking": "…"}, {"type": "text", "text": CHAT}],
    },
    "HumanEvalPack": {"task_id": "Python/45", "prompt": "def f():", "canonical_solution": "x", "generation": PROGRAM},
    "LiveCodeBench": [{"question_id": "HumanEval/45", "output_list": [CHAT], "code_list": [PROGRAM]}],
    "records in an object": {"model": "x", "results": [{"task_id": "HumanEval/45", "completion": BODY}]},
    "ShareGPT": {"id": "45", "conversations": [{"from": "human", "value": "?"}, {"from": "gpt", "value": CHAT}]},
    "Gemini": {
        "task_id": "HumanEval/45",
        "response": {"candidates": [{"content": {"parts": [{"text": "Hm.", "thought": True}, {"text": CHAT}]}}]},
    },
    "Gemini's batch": {"key": "HumanEval/45", "response": {"candidates": [{"content": {"parts": [{"text": CHAT}]}}]}},
    "Anthropic's batch": {
        "custom_id": "HumanEval_45",
        "result": {"type": "succeeded", "message": {"content": [{"type": "thinking"}, {"type": "text", "text": CHAT}]}},
    },
    "MultiPL-E's results": {"name": "HumanEval_45_triangle_area", "language": "py", "results": [{"program": PROGRAM}]},
    "promptfoo": {"results": {"results": [{"vars": {"task_id": "HumanEval/45"}, "response": {"output": CHAT}}]}},
    "a table by columns": {"task_id": {"0": "HumanEval/45"}, "solution": {"0": PROGRAM}},
    "a table by lists": {"task_id": ["HumanEval/45"], "solution": [PROGRAM]},
    "a table by rows": {"columns": ["task_id", "solution"], "index": [0], "data": [["HumanEval/45", PROGRAM]]},
    "a key in another spelling": {"Task ID": "HumanEval/45", "solution": PROGRAM},
    "a name in an object": {"task_id": {"dataset": "HumanEval", "id": 45}, "solution": PROGRAM},
    "a number before it": {"task_id": "0-shot/HumanEval/45", "solution": PROGRAM},
    "what was asked": {"prompt": f"Complete:\n{ASKED}", "completion": BODY},
    "objects behind each other": json.dumps(ROW) * 2,
    "JSON in JSON": json.dumps(json.dumps(ROW)),
    "a text of RFC 7464": f"\x1e{LINE}",
    "padding": f"{LINE}\x1a\0\0",
    "line ends of old": f"{json.dumps(ROW)}\r{json.dumps(ROW)}\r",
    "a number from a table": {"doc_id": 45.0, "solution": PROGRAM},
    "a name from an address": {"task_id": "HumanEval%2F45", "solution": PROGRAM},
    "a model's answer": {"task_id": "HumanEval/45", "model": "x", "model_name": "y", "model_response": CHAT},
    "a key of one's own": {"task_id": "HumanEval/45", "my_model_says": CHAT},
    "a verdict beside it": {"task_id": "HumanEval/45", "outcome": "passed", "answer": "42", "generation": PROGRAM},
    "an error beside it": {"task_id": "HumanEval/45", "outcome": "error", "answer": CHAT},
    "a body as a solution": {"task_id": "HumanEval/45", "solution": BODY},
    "a chat answer as a solution": {"task_id": "HumanEval/45", "solution": f"Half of it:\n\n{PROGRAM}"},
    "a chat answer as a completion": {"task_id": "HumanEval/45", "completion": CHAT},
    "a program as a completion": {"task_id": "HumanEval/45", "completion": PROGRAM},
    "a number of thousands of digits": json.dumps({**ROW, "n": 0}).replace(": 0}", f": {'9' * 6000}}}"),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("indent", [None, 1])
def test_forms(tmp_path: Path, form: str, indent: int | None) -> None:
    """Every form that a harness writes is read, on a line or indented, and gives the function that is in it."""
    value = FORMS[form]
    write(tmp_path, "x.json", value if isinstance(value, str) else json.dumps(value, indent=indent))
    ((task_id, (sample,)),) = imported(tmp_path, "x.json").solutions.items()
    assert task_id == "HumanEval/45"
    assert "return a * h / 2" in sample.code
    assert sample.info.lost == ""


@pytest.mark.parametrize(
    ("value", "phrase"),
    [
        ({"config": {"a": 1}}, "names no problem (it has config)"),
        ({"date": "x", "eval": {"HumanEval/45": {"base": [["success", []]]}}}, "results without the solutions"),
        ([["def f(): pass"]] * 3, "one of 3 lists without names, as bigcode-evaluation-harness writes them"),
        ({"task_id": 45, "solution": "def other(): pass"}, 'names its problem "45" alone'),
        ({"task_id": "HumanEval/164", "solution": PROGRAM}, 'solves the unknown problem "HumanEval/164"'),
        ({"task_id": "Mbpp/975", "solution": PROGRAM}, 'solves the unknown problem "Mbpp/975"'),
        ({"solution": "def other(): pass"}, "names no problem, and defines the function of none"),
        (
            {"task_id": "HumanEval/45", "prompt": ASKED, "canonical_solution": BODY},
            "names problems and has no solutions",
        ),
    ],
)
def test_errors_of_other_forms(tmp_path: Path, value: Any, phrase: str) -> None:
    """What is read in no form is named for what it is, and valid JSON is never called anything else."""
    write(tmp_path, "x.json", value)
    with pytest.raises(SamplesError) as caught:
        imported(tmp_path, "x.json")
    assert phrase in caught.value.sentence


def test_generations_by_position(tmp_path: Path) -> None:
    """A list without names is read by position where its texts define the functions, in MBPP's test split too."""
    write(tmp_path, "he.json", [[f"def f{n}(): pass"] if n != 45 else [PROGRAM] for n in range(164)])
    collected = imported(tmp_path, "he.json")
    assert len(collected.solutions) == 164
    assert collected.summary.startswith("found 164 of 164 problems in 1 file, 163 without their function")
    entries = {int(p.task_id[5:]): p.entry_point for p in datasets.load("mbpp").problems.values()}
    write(tmp_path, "mbpp.json", [[f"def {entries.get(n, 'f')}(*a): return 0"] for n in range(11, 511)])
    collected = imported(tmp_path, "mbpp.json", dataset="mbpp")
    assert set(collected.solutions) == {f"Mbpp/{n}" for n in entries if 11 <= n <= 510}


NAMES = [
    45, "45", "HumanEval_45", "humaneval/45", "HUMANEVAL-045", " HumanEval/45 ", "Python/45", "test_45",
    "HumanEval_45_triangle_area", "openai_humaneval/45", "human-eval/45", "HumanEval.45", "task 45",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_names(tmp_path: Path, name: str | int) -> None:
    """A name is taken however it is spelled, as long as it can mean one problem only."""
    write(tmp_path, "x.jsonl", {"task_id": name, "solution": PROGRAM})
    assert list(imported(tmp_path, "x.jsonl").solutions) == ["HumanEval/45"]


@pytest.mark.parametrize(
    "name", ["45.py", "HumanEval_045.py", "my_HumanEval_45.py", "45/0.py", "task-45/solution.py", "humaneval45.py"]
)
def test_names_of_files(tmp_path: Path, name: str) -> None:
    """A Python file is of the problem that it or its folder is called after; a number alone has to fit its function."""
    write(tmp_path, f"import/{name}", PROGRAM)
    write(tmp_path, "import/46.py", PROGRAM)
    collected = imported(tmp_path, "import")
    assert list(collected.solutions) == ["HumanEval/45"]
    assert collected.summary.endswith("not read: 46.py")


def test_numbers_of_another_dataset(tmp_path: Path) -> None:
    """Numbers whose texts define the functions of another dataset are left out."""
    write(tmp_path, "x.jsonl", {"task_id": 3, "solution": "def is_not_prime(n):\n    return n > 1"})
    with pytest.raises(MissingPrerequisite, match="no solutions of HumanEval yet"):
        imported(tmp_path, "x.jsonl")
    assert list(imported(tmp_path, "x.jsonl", dataset="mbpp").solutions) == ["Mbpp/3"]


def test_problems_that_a_dataset_left_out(tmp_path: Path) -> None:
    """MBPP has problems that MBPP+ has not: they are counted, in a file and as files."""
    write(
        tmp_path,
        "import/a.jsonl",
        "".join(json.dumps({"task_id": f"Mbpp/{n}", "solution": "x"}) + "\n" for n in (1, 3)),
    )
    write(tmp_path, "import/Mbpp_83/0.py", "x = 1")
    collected = imported(tmp_path, "import", dataset="mbpp")
    assert list(collected.solutions) == ["Mbpp/3"]
    assert collected.summary.endswith("2 of problems that the dataset does not have left out")


def zipped(members: Mapping[str, str]) -> bytes:
    """A zip archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return data.getvalue()


def tarred(members: Mapping[str, str], mode: Any) -> bytes:
    """A tar archive, packed as `mode` says."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as archive:
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return data.getvalue()


def sparse(size: int) -> bytes:
    """A tar archive of a few kilobytes whose only member has so many bytes, nearly all of them a hole."""
    data, info = io.BytesIO(), tarfile.TarInfo("samples.jsonl")
    info.size, info.pax_headers = 1, {"GNU.sparse.map": "0,1", "GNU.sparse.size": str(size)}
    with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(b"{"))
    return data.getvalue()


SAMPLE = {"id": "HumanEval/45", "epoch": 1, "output": {"completion": CHAT}}
MEMBERS = {"m/HumanEval_45/0.py": PROGRAM, "m/README.md": "x", "__MACOSX/m/._x.jsonl": "x"}
PACKED = {
    "x.zip": zipped(MEMBERS),
    "x.ZIP": zipped({"samples.jsonl": LINE}),
    "x.eval": zipped({"header.json": "{}", "samples/45.json": json.dumps(SAMPLE)}),
    "x.tar": tarred(MEMBERS, "w"),
    "x.tar.gz": tarred(MEMBERS, "w:gz"),
    "x.tgz": tarred({"samples.jsonl": LINE}, "w:gz"),
    "x.tar.bz2": tarred(MEMBERS, "w:bz2"),
    "x.tar.xz": tarred(MEMBERS, "w:xz"),
    "x.jsonl.gz": gzip.compress(LINE.encode()),
    "x.jsonl.bz2": bz2.compress(LINE.encode()),
    "x.jsonl.xz": lzma.compress(LINE.encode()),
    "x.jsonl": "\ufeff".encode("utf-16-le") + LINE.encode("utf-16-le"),
}  # fmt: skip


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("named", [True, False], ids=["by name", "in a folder"])
def test_archives(tmp_path: Path, name: str, named: bool) -> None:  # noqa: FBT001 - a table
    """An archive is read as the folder that it holds, and a packed file as itself."""
    write(tmp_path, f"import/{name}", PACKED[name])
    assert list(imported(tmp_path, f"import/{name}" if named else "import").solutions) == ["HumanEval/45"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "phrase"),
    [
        ("x.jsonl.zst", b"\x28\xb5\x2f\xfd....", "is a zstd file, which is not read; unpack it (zstd -d)."),
        ("x.7z", b"7z\xbc\xaf\x27\x1c....", "is a 7-Zip archive, which is not read; unpack it (7z x)."),
        ("x.jsonl", PACKED["x.zip"], "is a zip archive by another name; let its name end in .zip."),
        ("x.parquet", b"PAR1....", "is a Parquet file, which is not read"),
        ("x.jsonl", b"\x04\x22\x4d\x18....", "is an LZ4 file, which is not read; unpack it (lz4 -d)."),
        (
            "x.json",
            zipped({"[Content_Types].xml": "", "xl/workbook.xml": ""}),
            "is an Office document, which is not read",
        ),
        ("x.csv", b'task_id,solution\nHumanEval/45,"x"\n', "is a CSV table, which is not read; save it as JSON lines"),
        ("x.jsonl", b"<!DOCTYPE html>\n<html>", "is a web page; download the file itself."),
        (
            "x.jsonl",
            b"version https://git-lfs.github.com/spec/v1\noid",
            "is a Git LFS pointer; git lfs pull fetches the file.",
        ),
        ("x.zip", b"PK\3\4....", "is a damaged archive; copy or write it again."),
        ("x.tar", sparse(1 << 40), "is too large an archive"),
        ("x.tar.gz", PACKED["x.tar.gz"][:-20], "is a damaged gzip file; copy or write it again."),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "content",
)
def test_archives_that_are_not_read(tmp_path: Path, name: str, content: bytes, phrase: str) -> None:
    """What is not read, damaged, or a bomb is named as what it is."""
    write(tmp_path, name, content)
    with pytest.raises(SamplesError) as caught:
        imported(tmp_path, name)
    assert phrase in caught.value.sentence


def test_files_that_others_were_made_of(tmp_path: Path) -> None:
    """What was derived from samples, or is another name for them, makes no further samples."""
    two = LINE + json.dumps({**ROW, "solution": PROGRAM + "# 2\n"}) + "\n"
    write(tmp_path, "import/a.jsonl", two)
    for name in (
        "a.jsonl_results.jsonl", "a_eval_results.json", "a.eval_results.json", "a.jsonl.gz", "a (1).jsonl",
        "a copy.jsonl", "a - Copy (2).jsonl", "a-sanitized-calibrated.jsonl", "humaneval_prompts.json",
    ):  # fmt: skip
        write(tmp_path, f"import/{name}", gzip.compress(two.encode()) if name.endswith("gz") else two)
    write(tmp_path, "import/eval_results.json", {"eval": {"HumanEval/45": [ROW]}})
    (tmp_path / "import/b.jsonl").symlink_to("a.jsonl")
    (tmp_path / "import/c.jsonl").hardlink_to(tmp_path / "import/a.jsonl")
    collected = imported(tmp_path, "import", samples=9)
    assert len(collected.solutions["HumanEval/45"]) == 2
    write(tmp_path, "import/a-sanitized.jsonl", LINE)
    (tmp_path / "import/b.jsonl").unlink()
    (tmp_path / "import/c.jsonl").unlink()
    assert len(imported(tmp_path, "import", samples=9).solutions["HumanEval/45"]) == 1


@pytest.mark.parametrize("test", ["test_HumanEval_45.py", "HumanEval_45_test.py"])
def test_tests_beside_solutions(tmp_path: Path, test: str) -> None:
    """A file that tests a solution beside it is none."""
    write(tmp_path, "import/HumanEval_45.py", PROGRAM)
    write(tmp_path, f"import/{test}", "def test_area():\n    pass\n")
    assert imported(tmp_path, "import").solutions["HumanEval/45"][0].code == PROGRAM


@pytest.mark.parametrize("name", ["HumanEval_45.json", "HumanEval_45/output.json"])
def test_json_named_after_a_problem(tmp_path: Path, name: str) -> None:
    """A JSON file of one text without a name is of the problem that it or its folder is called after."""
    write(tmp_path, f"import/{name}", {"code": PROGRAM})
    assert list(imported(tmp_path, "import").solutions) == ["HumanEval/45"]


def test_texts_without_names(tmp_path: Path) -> None:
    """As many texts without names as there are problems are in their order; fewer go by what they define."""
    problems = list(datasets.load("humaneval").problems.values())
    texts = [{"solution": problem.prompt + problem.reference} for problem in problems]
    write(tmp_path, "all.json", texts)
    assert len(imported(tmp_path, "all.json").solutions) == 164
    write(tmp_path, "some.json", texts[:1] + texts[12:13])
    assert list(imported(tmp_path, "some.json").solutions) == ["HumanEval/0", "HumanEval/12"]


def test_a_request_that_failed(tmp_path: Path) -> None:
    """A row of a batch whose request failed is an answer without code."""
    failed = {"custom_id": "HumanEval/53", "result": {"type": "errored", "error": {"message": "x"}}}
    text = {
        "custom_id": "HumanEval/45",
        "result": {"type": "succeeded", "message": {"content": [{"type": "text", "text": CHAT}]}},
    }
    write(tmp_path, "x.json", [text, failed])
    collected = imported(tmp_path, "x.json")
    assert collected.solutions["HumanEval/53"][0].code == ""
    assert "1 without code" in collected.summary


def test_unicode_without_its_mark(tmp_path: Path) -> None:
    """UTF-16 and UTF-32 are known by their zeros, too."""
    for encoding in ("utf-16-le", "utf-16-be", "utf-32"):
        write(tmp_path, "x.jsonl", LINE.encode(encoding))
        assert list(imported(tmp_path, "x.jsonl").solutions) == ["HumanEval/45"]


def test_an_archive_of_a_run_of_ours(tmp_path: Path) -> None:
    """Of results that came from another machine the samples that were graded count, once."""
    row = {"key": "k", "task_id": "HumanEval/45", "sample": 0, "outcome": "stop", "answer": "def other(): pass"}
    run = {
        "samples.jsonl": LINE,
        "samples_info.jsonl": json.dumps(SAMPLE),
        "raw.jsonl": json.dumps(row),
        "eval_results.json": json.dumps({"eval": {"HumanEval/45": [ROW]}}),
        "run.json": json.dumps({"schema": 1}),
    }
    write(tmp_path, "other.zip", zipped({f"results/m/humaneval/{name}": text for name, text in run.items()}))
    assert imported(tmp_path, "other.zip").solutions["HumanEval/45"][0].code == PROGRAM


def test_a_folder_in_which_nothing_is_read(tmp_path: Path) -> None:
    """The sentence says how many files there are, names some, and says what is read."""
    for name in ("a.csv", "b.csv", "c.csv", "d.csv", "e.csv"):
        write(tmp_path, f"import/{name}", "x")
    with pytest.raises(MissingPrerequisite) as caught:
        imported(tmp_path, "import")
    assert "none of the 5 files in import (a.csv, b.csv, c.csv and 2 more) is read; what is read: *.jsonl" in str(
        caught.value
    )


def test_texts_without_their_function(tmp_path: Path) -> None:
    """Texts that define nothing in any reading are counted and said, with the keys that they could have."""
    write(tmp_path, "x.jsonl", {"task_id": "HumanEval/45", "solution": "def area(a, h):\n    return a * h"})
    assert (
        "1 without its function (the key of chat answers is `answer`, of bodies `completion`)"
        in imported(tmp_path, "x.jsonl").summary
    )


def test_another_reading_is_reported(tmp_path: Path) -> None:
    """Where a key is not taken at its word, the line about what was found says so."""
    write(tmp_path, "x.jsonl", {"task_id": "HumanEval/45", "solution": BODY})
    assert "1 by extraction, solution read as bodies of functions" in imported(tmp_path, "x.jsonl").summary


CASES = {
    "f01-removed-problems.jsonl": 1, "f01-removed-problems-folder": 1, "f02-completion-is-chat-answer.jsonl": 2,
    "f02-solution-is-body.jsonl": 2, "f06-folder-of-json": 1, "f06-folder-of-ndjson": 1, "f06-folder-of-other-names": 2,
    "f06-folder-of-upper": 1, "f07-stub-wins.jsonl": 4, "f08-thoughts-of-other-models.jsonl": 11,
    "f09-readable-code-lost-some.jsonl": 8, "f11-import-multiprocessing.jsonl": 2, "f12-equal-objects.jsonl": 4,
    "f12-mutated-input.jsonl": 1, "f15-twins": 2, "f15-twins-sanitized": 1,
    **{f"f03-ids/{name}": 1 for name in (
        "digits.jsonl", "files-numbered", "files-padded", "files-prefixed", "int.jsonl", "lower-underscore.jsonl",
        "lower.jsonl", "named.jsonl", "padded.jsonl", "python.jsonl", "spaces.jsonl", "test.jsonl", "underscore.jsonl",
    )},
    **{f"f04-formats/{name}": 1 for name in (
        "eval_results-pretty.json", "eval_results.json", "inspect-log.json", "key-code.jsonl", "key-generation.jsonl",
        "lm-eval-samples.jsonl", "map-pretty.json", "map.json", "messages.jsonl", "opencompass.json",
    )},
    "f04-formats/list-of-completions.jsonl": 2,
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_cases(shared: Path, tmp_path: Path, case: str) -> None:
    """Of each case that was found in the wild all samples define their function."""
    place = shared / "cases" / "imports" / case
    if not place.exists():
        pytest.skip("no cases here")
    dataset = "mbpp" if case.startswith("f01") else "humaneval"
    collected = imported(tmp_path, str(place), dataset=dataset, samples=20)
    assert sum(map(len, collected.solutions.values())) == CASES[case]
    assert "without" not in collected.summary
    assert all("return" in one.code for each in collected.solutions.values() for one in each)
