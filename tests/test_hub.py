"""Models of a hub, imitated on loopback: chosen, downloaded, resumed, checked, and found again without the network."""

import errno
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import hub
from bench.errors import DownloadError
from tests.hub import COMMIT, Hub, serve

WEIGHTS = os.urandom(300_000)
FILES = {
    "README.md": b"# Small",
    "Small-Q4_K_M.gguf": WEIGHTS,
    "Small-Q8_0-00001-of-00002.gguf": b"first part",
    "Small-Q8_0-00002-of-00002.gguf": b"second part",
    "UD-Q4_K_XL/Small.gguf": b"in a folder",
    "mmproj-Small-F16.gguf": b"a projector",
    "a-BF16.gguf": b"a",
    "b-BF16.gguf": b"b",
}
MODEL = "hf:org/Small-GGUF:Q4_K_M"


@pytest.fixture
def loopback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub that HF_ENDPOINT names, and an empty cache."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)
    # It would wait for 23 s between its tries.
    monkeypatch.setattr("huggingface_hub.utils._http.time", SimpleNamespace(sleep=lambda _: None, time=time.time))
    with serve(Hub(dict(FILES))) as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        yield made


@pytest.mark.slow
@pytest.mark.parametrize(
    ("chosen", "contents"),
    [
        ("Q4_K_M", [WEIGHTS]),
        ("q4_k_m", [WEIGHTS]),
        ("Small-Q4_K_M.gguf", [WEIGHTS]),
        ("Q8_0", [b"first part", b"second part"]),
        ("Small-Q8_0-00001-of-00002.gguf", [b"first part", b"second part"]),
        ("Small-Q8_0.gguf", [b"first part", b"second part"]),
        ("UD-Q4_K_XL", [b"in a folder"]),
        ("UD-Q4_K_XL/Small.gguf", [b"in a folder"]),
        ("b-BF16.gguf", [b"b"]),
    ],
)
def test_downloaded(loopback: Hub, chosen: str, contents: list[bytes]) -> None:
    """A quantization or a file is downloaded with all its parts alone; it is found again without the hub."""
    model = f"hf:org/Small-GGUF:{chosen}"
    assert not hub.cached(model).exists()
    path = hub.download(model, "p")
    assert [part.read_bytes() for part in hub.gguf.expected(path)] == contents
    assert len([1 for method, name, _ in loopback.asked if method == "GET" and "/resolve/" in name]) == len(contents)
    loopback.status = 500
    assert hub.cached(model) == path
    assert COMMIT in path.parts


def test_read_by_other_programs(loopback: Hub) -> None:
    """What was downloaded lies where Hugging Face's own library looks for it."""
    from huggingface_hub import hf_hub_download

    path = hub.download(MODEL, "p")
    actual = hf_hub_download("org/Small-GGUF", "Small-Q4_K_M.gguf", cache_dir=hub.cache(), local_files_only=True)
    assert Path(actual) == path


def test_half_a_model_is_none(loopback: Hub) -> None:
    """A split model of which a part is missing is not there."""
    path = hub.download("hf:org/Small-GGUF:Q8_0", "p")
    hub.gguf.expected(path)[1].unlink()
    assert not hub.cached("hf:org/Small-GGUF:Q8_0").exists()
    assert hub.download("hf:org/Small-GGUF:Q8_0", "p") == path


@pytest.mark.slow
def test_resumed_in_a_run(loopback: Hub) -> None:
    """A connection that is cut in the middle is taken up where it ended."""
    loopback.cuts = [100_000]
    assert hub.download(MODEL, "p").read_bytes() == WEIGHTS
    assert [ranges for method, _, ranges in loopback.asked if method == "GET" and ranges] == ["bytes=100000-"]


def test_resumed_by_the_next_run(loopback: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run has downloaded before it ended is not downloaded again by the next one."""
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: setattr(loopback, "status", 500))
    loopback.cuts = [100_000]
    with pytest.raises(DownloadError, match="p: hf:org/Small-GGUF:Q4_K_M cannot be downloaded"):
        hub.download(MODEL, "p")
    assert not hub.cached(MODEL).exists()
    loopback.status = 0
    loopback.asked.clear()
    assert hub.download(MODEL, "p").read_bytes() == WEIGHTS
    assert [ranges for method, _, ranges in loopback.asked if method == "GET" and ranges] == ["bytes=100000-"]


def test_another_hash(loopback: Hub) -> None:
    """A file that is not what the hub describes is removed, and said to be so; the next try gets it anew."""
    loopback.hashes["Small-Q4_K_M.gguf"] = "b" * 64
    with pytest.raises(DownloadError, match=r"p: Small-Q4_K_M.gguf of org/Small-GGUF .* \(another SHA-256\)"):
        hub.download(MODEL, "p")
    assert not hub.cached(MODEL).exists()
    assert [path for path in hub.cache().rglob("*") if path.is_file() and path.stat().st_size > 1000] == []
    loopback.hashes.clear()
    assert hub.download(MODEL, "p").read_bytes() == WEIGHTS


@pytest.mark.parametrize("odd", ["../../../../outside", "", "z" * 64])
def test_a_hash_that_is_none(loopback: Hub, odd: str) -> None:
    """A hash becomes the name of a file; one that is none is refused."""
    loopback.hashes["Small-Q4_K_M.gguf"] = odd or " "
    with pytest.raises(DownloadError, match="names no hash of Small-Q4_K_M"):
        hub.download(MODEL, "p")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "the hub answers 401 for org/Small-GGUF, which is private, asks for a consent on its page, or"),
        (403, "the hub answers 403"),
        (404, "the hub has no repository org/Small-GGUF"),
        (500, "start again to go on where it ended"),
    ],
)
def test_refused(loopback: Hub, status: int, sentence: str) -> None:
    """What the hub refuses is one sentence with what to do."""
    loopback.status = status
    with pytest.raises(DownloadError) as caught:
        hub.download(MODEL, "p")
    assert sentence in caught.value.sentence
    assert "\n" not in caught.value.sentence


def test_the_token_of_the_environment(loopback: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """HF_TOKEN opens a repository that is not for everybody, and stands in no sentence."""
    loopback.token = "hf_s3cret"
    with pytest.raises(DownloadError, match="put a token that may read it into HF_TOKEN"):
        hub.download(MODEL, "p")
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(DownloadError, match="401") as caught:
        hub.download(MODEL, "p")
    assert "hf_wrong" not in caught.value.sentence
    monkeypatch.setenv("HF_TOKEN", "hf_s3cret")
    assert hub.download(MODEL, "p").read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        (
            "Q5_K_M",
            "p: org/Small-GGUF has no Q5_K_M; it has Q4_K_M, Q8_0, UD-Q4_K_XL, BF16; correct model",
        ),
        ("BF16", "has several files of BF16; name one of a-BF16.gguf, b-BF16.gguf"),
        (
            "Tiny.gguf",
            "has no Tiny.gguf; it has Small-Q4_K_M.gguf, Small-Q8_0.gguf, UD-Q4_K_XL/Small.gguf",
        ),
    ],
)
def test_no_such_quantization(loopback: Hub, chosen: str, sentence: str) -> None:
    """A quantization that the repository lacks is named with those that it has."""
    with pytest.raises(DownloadError) as caught:
        hub.download(f"hf:org/Small-GGUF:{chosen}", "p")
    assert sentence in caught.value.sentence


def test_room_is_looked_at_before(loopback: Hub) -> None:
    """A model for which the disk has no room is refused before a byte of it comes, with both sizes."""
    loopback.sizes["Small-Q4_K_M.gguf"] = 10**18
    with pytest.raises(DownloadError, match=r"p: the model needs 1000000.0 TB in .*cache, where .* free"):
        hub.download(MODEL, "p")
    assert not any("/resolve/" in path for _, path, _ in loopback.asked)


def test_a_disk_that_fills_up(loopback: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full in the middle is one sentence. What fills it is imitated: no disk here can be filled."""

    def full(*args: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("huggingface_hub.file_download.http_get", full)
    with pytest.raises(DownloadError, match=r"No space left on device in .*cache; free space, or let HF_HUB_CACHE"):
        hub.download(MODEL, "p")


def test_nobody_answers(loopback: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a way to the hub, the sentence says so."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(DownloadError, match=r"cannot be downloaded: .*refused"):
        hub.download(MODEL, "p")


def test_a_newer_commit_elsewhere(loopback: Hub) -> None:
    """A model stays found when another file of its repository was downloaded at a newer commit."""
    path = hub.download(MODEL, "p")
    newer = path.parent.with_name("f" * 40)
    shutil.copytree(path.parent, newer, ignore=lambda *_: ["Small-Q4_K_M.gguf"])
    (newer.parent.parent / "refs" / "main").write_text("f" * 40)
    assert hub.cached(MODEL) == path


@pytest.mark.parametrize(
    ("environment", "place"),
    [({}, ".cache/huggingface/hub"), ({"XDG_CACHE_HOME": "x"}, "x/huggingface/hub"), ({"HF_HOME": "h"}, "h/hub"),
     ({"HF_HUB_CACHE": "c", "HF_HOME": "h"}, "c")],
)  # fmt: skip
def test_where_the_cache_is(
    environment: dict[str, str], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache is where Hugging Face's programs have it."""
    for name in ("XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in environment.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    assert hub.cache() == tmp_path / place
