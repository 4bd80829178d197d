import copy
from typing import Any

import pytest

from bench import datasets
from bench.datasets import source
from bench.demo.bundled_answers import DATASETS


@pytest.fixture(params=DATASETS)
def rows(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, evalplus_imports: None
) -> list[dict[str, Any]]:
    """A bundled dataset as EvalPlus itself reads it."""
    declared = datasets.known()[request.param]
    path = str(source.locations(declared)[0])
    # EvalPlus may be imported already, with another path in its modules; that is put back afterwards.
    from evalplus.data import humaneval, mbpp

    monkeypatch.setattr(humaneval, "HUMANEVAL_OVERRIDE_PATH", path)
    monkeypatch.setattr(mbpp, "MBPP_OVERRIDE_PATH", path)
    read = humaneval.get_human_eval_plus if declared.family == "humaneval" else mbpp.get_mbpp_plus
    return list(read(err_incomplete=False).values())


def test_evalplus_reads_the_bundled_sets(rows: list[dict[str, Any]]) -> None:
    """EvalPlus's own reader gives the same inputs: the sets are in its format, under ids that it gives no meaning."""
    prefix = rows[0]["task_id"].split("/")[0]
    known = datasets.load("demo" if prefix == "Demo" else "demo-mbpp").problems
    for row in rows:
        problem = known[row["task_id"]]
        assert (row["base_input"], row["plus_input"]) == tuple(problem.suite(name).inputs for name in ("base", "plus"))
    assert len(rows) == len(known)


def test_checks_and_contracts_hold(rows: list[dict[str, Any]]) -> None:
    """The canonical solution passes its `test` or `assertion`, and every input keeps to the contract."""
    for row in rows:
        name, code = row["entry_point"], row["prompt"] + row["canonical_solution"]
        names: dict[str, Any] = {}
        exec(f"{code}{row['test']}\ncheck({name})" if "test" in row else code + row["assertion"], names)
        head, _, body = row["canonical_solution"].lstrip("\n").partition("\n")
        bound = row["prompt"] + row["contract"] + row["canonical_solution"]
        exec(bound if "test" in row else f"{head}{row['contract']}{body}", names)
        for arguments in row["base_input"] + row["plus_input"]:
            names[name](*copy.deepcopy(arguments))
