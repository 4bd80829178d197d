from pathlib import Path

import pytest

from bench.graph import stale


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """A stamp and the output that it names."""
    output = tmp_path / "samples.jsonl"
    output.write_text("one\n")
    stamp = tmp_path / "stamp.json"
    stale.mark(stamp, {"max_tokens": 4096, "model": "a" * 32}, [output])
    return stamp, output


def test_first_run(tmp_path: Path) -> None:
    """Without a stamp the only reason is that this is the first run."""
    assert [r.kind for r in stale.reasons(tmp_path / "none.json", {"x": 1}, [])] == ["first run"]


def test_up_to_date(made: tuple[Path, Path]) -> None:
    """The same dependencies and the same output give no reason, whatever the file's time says."""
    stamp, output = made
    output.touch()
    assert stale.reasons(stamp, {"model": "a" * 32, "max_tokens": 4096}, [output]) == ()


@pytest.mark.parametrize(
    ("depends", "said"),
    [
        ({"max_tokens": 8192, "model": "a" * 32}, "max_tokens 4096 → 8192"),
        ({"max_tokens": 4096, "model": "b" * 32}, "model changed (aaaaaaaa → bbbbbbbb)"),
        ({"max_tokens": 4096, "model": "a" * 32, "seed": 1}, "seed absent → 1"),
        ({"max_tokens": 4096}, "model changed (aaaaaaaa → absent)"),
        ({"max_tokens": 4096, "model": "a" * 32, "results": "b" * 32}, "results changed"),
        ({"max_tokens": "", "model": "a" * 32}, "max_tokens 4096 → none"),
    ],
)
def test_changed(made: tuple[Path, Path], depends: dict[str, object], said: str) -> None:
    """A changed, new or dropped dependency is named, with both values, digests by their beginning."""
    assert [str(r) for r in stale.reasons(made[0], depends, [made[1]])] == [said]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("--jinja --temp 0.6", "--jinja --temp 0.7", "args --jinja --temp 0.6 → --jinja --temp 0.7"),
        ("--jinja " * 9 + "--temp 0.6", "--jinja " * 9 + "--temp 0.7", "args … --temp 0.6 → … --temp 0.7"),
        ("x" * 80, "y" + "x" * 79, f"args {'x' * 60}… → y{'x' * 59}…"),
        ("You are\n" * 20, "", f"args {('You are ' * 20)[:60]}… → none"),
        ("You are.\nBe brief.", "You are. Be brief.", "args changed"),
        ("x" * 80 + "1", "x" * 80 + "2", f"args … {'x' * 20}1 → … {'x' * 20}2"),
        (None, "b" * 32, "args changed"),
        ("long " * 20 + "first", "long " * 20 + "first and last", "args … long first → … long first and last"),
    ],
)
def test_long_values(old: str | None, new: str, said: str) -> None:
    """Of long texts the part is shown in which they differ, with the word before it, in one line."""
    assert str(stale.Reason("changed", "args", old, new)) == said


def test_output_missing_or_edited(made: tuple[Path, Path]) -> None:
    """An output that is gone, or that somebody edited, is a reason of its own."""
    stamp, output = made
    depends = {"max_tokens": 4096, "model": "a" * 32}
    output.write_text("two\n")
    assert [str(r) for r in stale.reasons(stamp, depends, [output])] == ["samples.jsonl was changed by hand"]
    output.unlink()
    assert [str(r) for r in stale.reasons(stamp, depends, [output])] == ["samples.jsonl is missing"]


def test_the_first_of_what_is_given() -> None:
    """What was not there before is none."""
    assert str(stale.Reason("changed", "solutions", None, "b" * 32)) == "solutions changed (none → bbbbbbbb)"


def test_begun(made: tuple[Path, Path]) -> None:
    """A step that did not come to its end says so, beside what changed since then."""
    stamp, output = made
    stale.begin(stamp, {"max_tokens": 4096})
    assert [str(r) for r in stale.reasons(stamp, {"max_tokens": 4096}, [output])] == ["it did not come to its end"]
    assert [str(r) for r in stale.reasons(stamp, {"max_tokens": 8192}, [output])] == [
        "max_tokens 4096 → 8192",
        "it did not come to its end",
    ]


def test_damaged_stamp(made: tuple[Path, Path]) -> None:
    """A stamp that is half a file counts as none."""
    made[0].write_text('{"depends"')
    assert [r.kind for r in stale.reasons(made[0], {}, [])] == ["first run"]
