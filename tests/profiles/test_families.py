"""One section for several files of a model."""

import re
from pathlib import Path

import pytest

from bench.errors import ProfilesError
from bench.profiles import Profile
from bench.profiles.file import load


def profiles(folder: Path, text: str, *files: str) -> tuple[Profile, ...]:
    """The profiles of that text, with empty files of these names below models/."""
    for name in files:
        path = folder / "models" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (folder / "profiles.toml").write_text(f"[profiles.q]\n{text}\n")
    return load(folder / "profiles.toml").profiles


def named(expanded: tuple[Profile, ...]) -> list[tuple[str, str, str, str]]:
    """Ids, titles, families and models."""
    return [(one.id, one.title, one.family, one.model) for one in expanded]


def test_quants_of_a_repository(tmp_path: Path) -> None:
    """`quants` gives a profile for each quantization, in that order, of one family and with all other keys."""
    expanded = profiles(tmp_path, 'title = "Qwen3 8B"\nmodel = "hf:org/Q-GGUF"\nquants = ["Q8_0", "Q4_K_M"]\nslots = 2')
    assert named(expanded) == [
        ("q-q8_0", "Qwen3 8B Q8_0", "Qwen3 8B", "hf:org/Q-GGUF:Q8_0"),
        ("q-q4_k_m", "Qwen3 8B Q4_K_M", "Qwen3 8B", "hf:org/Q-GGUF:Q4_K_M"),
    ]
    assert {(one.sampling.slots, one.hub) for one in expanded} == {(2, True)}


def test_patterns(tmp_path: Path) -> None:
    """A pattern gives a profile for each model that it matches, named after what its signs stand for."""
    files = (
        "Qwen3-4B/Qwen3-4B-Q4_0.gguf", "Qwen3-8B/Qwen3-8B-Q8_0-00001-of-00002.gguf", "Qwen3-8B/mmproj-F16.gguf",
        "Qwen3-8B/Qwen3-8B-Q8_0-00002-of-00002.gguf", "Other/Qwen3-8B-Q8_0.gguf",
    )  # fmt: skip
    expanded = profiles(tmp_path, 'model = "Qwen3-*/*-*.gguf"\nfamily = "Qwen3"', *files)
    assert named(expanded) == [
        ("q-4b-qwen3-4b-q4_0", "q 4B-Qwen3-4B-Q4_0", "Qwen3", files[0]),
        ("q-8b-qwen3-8b-q8_0", "q 8B-Qwen3-8B-Q8_0", "Qwen3", files[1]),
    ]
    one = profiles(tmp_path, 'model = "Qwen3-8B/Qwen3-8B-*.gguf"')
    assert named(one) == [("q-q8_0", "q Q8_0", "q", files[1])]
    assert [one.id for one in profiles(tmp_path, 'model = "**/Qwen3-8B-*.gguf"')] == ["q-other-q8_0", "q-qwen3-8b-q8_0"]


def test_patterns_elsewhere(tmp_path: Path) -> None:
    """A pattern may begin at the root, and a bracket in it is a bracket."""
    (tmp_path / "else [x]").mkdir()
    (tmp_path / "else [x]" / "a-Q8_0.gguf").touch()
    path = str(tmp_path / "else [x]" / "a-Q8_0.gguf")
    assert named(profiles(tmp_path, f'model = "{tmp_path}/else [x]/a-*.gguf"')) == [("q-q8_0", "q Q8_0", "q", path)]


def test_a_new_file_renames_nothing(tmp_path: Path) -> None:
    """A file that comes later leaves the ids of the others as they are."""
    text = 'model = "a-*.gguf"'
    before = named(profiles(tmp_path, text, "a-Q4_K_M.gguf"))
    assert named(profiles(tmp_path, text, "a-IQ2_M.gguf"))[1:] == before


def test_quants_among_files(tmp_path: Path) -> None:
    """`quants` chooses among the files of a pattern; one that is not there is a profile whose file is missing."""
    text = 'model = "*-*.gguf"\nquants = ["q8_0", "Q6_K"]'
    expanded = profiles(tmp_path, text, "a-Q4_K_M.gguf", "a-Q8_0.gguf")
    assert named(expanded) == [("q-q8_0", "q q8_0", "q", "a-Q8_0.gguf"), ("q-q6_k", "q Q6_K", "q", "*-*.gguf")]


def test_nothing_matches(tmp_path: Path) -> None:
    """A pattern without a match is one profile, whose file is missing."""
    assert named(profiles(tmp_path, 'model = "a-*.gguf"')) == [("q", "q", "", "a-*.gguf")]


def test_patterns_of_others(tmp_path: Path) -> None:
    """A star in the name of an endpoint's model is its own."""
    text = 'model = "vendor/*"\nserver = { kind = "endpoint", base_url = "http://a/v1" }'
    assert named(profiles(tmp_path, text)) == [("q", "q", "", "vendor/*")]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            'model = "a.gguf"\nquants = ["Q8_0"]',
            'quants = ["Q8_0"] is impossible; write model = "hf:<org>/<repo>", or a',
        ),
        ('model = "hf:o/r:Q4_0"\nquants = ["Q8_0"]', "[profiles.q] quants = "),
        ('model = "hf:o/r"\nquants = ["Q8_0", "q8_0"]', "would have the same ids"),
        ('model = "hf:o/r"\nquants = "Q8_0"', 'quants = "Q8_0" is impossible; use a list of texts'),
        ('model = "hf:o/r"', 'model = "hf:o/r" is impossible; write it as hf:<org>/<repo>:'),
        ('model = "hf:o/../r:x"', "write it as hf:<org>/<repo>:"),
        ('model = "hf:o/r:../x.gguf"', "write it as hf:<org>/<repo>:"),
        ('model = "*-*.gguf"\nquants = ["Q8_0"]', "it has 2 files of Q8_0: a-Q8_0.gguf, b-Q8_0.gguf"),
        ('model = "*.gguf"\nhost = "box"\n[hosts.box]\ndocker = "box"\nmodels = "/m"', "files on this machine"),
        ('model = "hf:o/r:x"\nhost = "box"\n[hosts.box]\ndocker = "box"\nmodels = "/m"', "is kept on this machine"),
        ('model = "b-*.gguf"\n[profiles.q-q8_0]\nmodel = "b"\ntitle = "B"', "there are two profiles q-q8_0"),
    ],
)
def test_what_cannot_be(tmp_path: Path, text: str, sentence: str) -> None:
    """What stands for no file, or for two of one name, is one sentence."""
    if text.endswith('"B"'):
        text = text.replace('"b"', '"b.gguf"')
    with pytest.raises(ProfilesError, match=re.escape(sentence)):
        profiles(tmp_path, text, "a-Q8_0.gguf", "b-Q8_0.gguf")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('model = "hf:o/r"\nquants = ["Q4_K_M", "Q8_0"]\nduel = "q-q8_0"', ()),
        ('model = "hf:o/r"\nquants = ["Q4_K_M", "Q8_0"]\nduel = "largest"', ()),
        ('model = "a-*.gguf"\nduel = "largest"', ("a-Q4_K_M.gguf", "a-Q8_0.gguf")),
    ],
)
def test_a_duel_with_one_of_the_family(tmp_path: Path, text: str, names: tuple[str, ...]) -> None:
    """In a section of several files, `duel` may name one of them or the largest: the others are against that one."""
    assert {one.id: one.duel for one in profiles(tmp_path, text, *names)} == {"q-q8_0": "", "q-q4_k_m": "q-q8_0"}
