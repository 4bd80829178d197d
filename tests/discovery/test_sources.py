"""Each place where models may lie, as the program that owns it lays it out."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from bench.discovery import Candidate, Candidates, Places, family, folders, ollama, presets, servers
from tests.discovery.conftest import Model
from tests.servers.helpers import on_loopback


def split(candidates: Candidates) -> tuple[list[Candidate], list[str]]:
    """The candidates, and the lines for unusable files."""
    items = list(candidates)
    return [one for one in items if isinstance(one, Candidate)], [one for one in items if isinstance(one, str)]


def titles(candidates: Candidates) -> list[str]:
    """The titles of the candidates."""
    return [one.title for one in split(candidates)[0]]


def test_models(places: Places, model: Model) -> None:
    """Models below models/ have size, family, quantization, context and sampling from name and header."""
    path = model("work/models/Qwen3-8B/Qwen3-8B-UD-Q4_K_XL.gguf", 8192, general__sampling__temp=0.6,
                 general__sampling__top_p=0.95, general__sampling__top_k=20)  # fmt: skip
    assert list(folders.models(places)) == [
        Candidate("in models/", str(path), "Qwen3 8B", "UD-Q4_K_XL", path.stat().st_size, 8192,
                  {"temperature": 0.6, "top_p": 0.95, "top_k": 20.0})
    ]  # fmt: skip


def test_what_is_no_model(places: Places, model: Model) -> None:
    """Files that answer no chat are left out with their reason; other parts of a split one and projectors silently."""
    model("work/models/a-Q8_0-00001-of-00002.gguf")
    model("work/models/b-Q8_0-00001-of-00002.gguf")
    model("work/models/b-Q8_0-00002-of-00002.gguf")
    model("work/models/mmproj-b-F16.gguf")
    model("work/models/embed.gguf", architecture="qwen3", qwen3__pooling_type=1)
    model("work/models/lora.gguf", general__type="adapter")
    model("work/models/projector.gguf", architecture="clip")
    (places.folder / "models" / "empty.gguf").write_bytes(b"")
    (places.folder / "models" / "page.gguf").write_text("<html>")
    (places.folder / "models" / "red\x1b[31m.gguf").write_bytes(b"GGUF")
    (places.folder / "models" / "gone.gguf").symlink_to("nowhere")
    candidates, left_out = split(folders.models(places))
    assert titles(iter(candidates)) == ["b Q8_0"]
    assert candidates[0].bytes == sum(part.stat().st_size for part in (places.folder / "models").glob("b-Q8_0*"))
    reasons = {Path(text.partition(": ")[0]).name: text.partition(": ")[2] for text in left_out}
    assert reasons == {
        "a-Q8_0-00001-of-00002.gguf": "its part a-Q8_0-00002-of-00002.gguf is missing",
        "embed.gguf": "it makes embeddings",
        "empty.gguf": "it is empty",
        "gone.gguf": "No such file or directory",
        "lora.gguf": "it is a part of another model, or answers no chat",
        "page.gguf": "it is no GGUF file but a web page, probably an error of the download",
        "projector.gguf": "it is a part of another model, or answers no chat",
        "red␛[31m.gguf": "its path has signs that a terminal would obey",
    }


def test_folders_in_a_circle(places: Places, model: Model) -> None:
    """A link to a folder is followed, once."""
    model("elsewhere/m-Q8_0.gguf")
    (places.folder / "models").symlink_to(places.home / "elsewhere")
    (places.home / "elsewhere" / "again").symlink_to(places.home / "elsewhere")
    assert titles(folders.models(places)) == ["m Q8_0"]


@pytest.mark.parametrize("variable", ["", "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME"])
def test_hugging_face(places: Places, model: Model, variable: str) -> None:
    """Hugging Face's cache holds snapshots of links into blobs, below the home or where its variables say."""
    home = ".cache/huggingface/hub"
    at = {"": home, "HF_HOME": "h/hub", "XDG_CACHE_HOME": "h/huggingface/hub"}.get(variable, "c")
    value = {"": "", "HF_HOME": "h", "XDG_CACHE_HOME": "h"}.get(variable, "c")
    repository = f"{at}/models--org--Small-GGUF"
    blob = model(f"{repository}/blobs/5d41402a")
    snapshot = places.home / repository / "snapshots" / "0123abc"
    snapshot.mkdir(parents=True)
    for name in ("Small-Q4_K_M.gguf", "a-Q8_0.gguf", "b-Q8_0.gguf", "other.gguf"):
        (snapshot / name).symlink_to("../../blobs/5d41402a")
    environment = {variable: str(places.home / value)} if value else {}
    candidates, _ = split(folders.hugging_face(replace(places, environment=environment)))
    assert [(one.title, one.model) for one in candidates] == [
        ("Small Q4_K_M", "hf:org/Small-GGUF:Q4_K_M"),
        ("a Q8_0", "hf:org/Small-GGUF:a-Q8_0.gguf"),
        ("b Q8_0", "hf:org/Small-GGUF:b-Q8_0.gguf"),
        ("other", "hf:org/Small-GGUF:other.gguf"),
    ]
    assert {one.bytes for one in candidates} == {blob.stat().st_size}


def test_lm_studio(places: Places, model: Model) -> None:
    """LM Studio's folders, old and new, and the one that its settings name."""
    model(".lmstudio/models/lmstudio-community/A-GGUF/A-Q4_K_M.gguf")
    model(".cache/lm-studio/models/someone/B-GGUF/B-Q8_0.gguf")
    model("disk/someone/C/C-Q6_K.gguf")
    (places.home / ".lmstudio" / "settings.json").write_text(json.dumps({"downloadsFolder": str(places.home / "disk")}))
    assert sorted(titles(folders.lm_studio(places))) == ["A Q4_K_M", "B Q8_0", "C Q6_K"]
    (places.home / ".lmstudio" / "settings.json").write_bytes(b"\xff{")
    assert sorted(titles(folders.lm_studio(places))) == ["A Q4_K_M", "B Q8_0"]


@pytest.mark.parametrize("variable", ["", "LLAMA_CACHE"])
def test_llama_cpp(places: Places, model: Model, variable: str) -> None:
    """llama.cpp's own cache names files by repository."""
    at = ".cache/llama.cpp" if not variable else "cache"
    model(f"{at}/ggml-org_gemma-3-1b-it-GGUF_gemma-3-1b-it-Q4_K_M.gguf")
    candidates = folders.llama_cpp(replace(places, environment={variable: str(places.home / at)}))
    assert titles(candidates) == ["ggml org gemma 3 1b it gemma 3 1b it Q4_K_M"]


def blob(store: Path, content: bytes) -> str:
    """Puts a blob into Ollama's store; its digest."""
    digest = hashlib.sha256(content).hexdigest()
    (store / "blobs").mkdir(parents=True, exist_ok=True)
    (store / "blobs" / f"sha256-{digest}").write_bytes(content)
    return f"sha256:{digest}"


def manifest(store: Path, name: str, **layers: str) -> None:
    """Writes one of Ollama's manifests."""
    rows = [{"mediaType": f"application/vnd.ollama.image.{kind}", "digest": digest} for kind, digest in layers.items()]
    path = store / "manifests" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"schemaVersion": 2, "layers": rows}))


def test_ollama(places: Places, model: Model) -> None:
    """Ollama's manifests name blobs; parameters and adapters of its Modelfile count, the rest is named."""
    store = places.home / ".ollama" / "models"
    weights = blob(store, model("a.gguf", 4096, general__file_type=15).read_bytes())
    parameters = json.dumps({"temperature": 0.7, "top_k": 20, "num_ctx": 2048, "stop": ["<|im_end|>"]}).encode()
    library = "registry.ollama.ai/library"
    manifest(store, f"{library}/qwen2.5-coder/7b", model=weights, params=blob(store, parameters), template=weights)
    manifest(store, "registry.ollama.ai/me/tuned/latest", model=weights, adapter=blob(store, b"GGUF lora"))
    manifest(store, "hf.co/org/Repo-GGUF/Q8_0", model=weights)
    manifest(store, f"{library}/in-the-cloud/latest", license=weights)
    manifest(store, f"{library}/half/latest", model="sha256:" + "0" * 64)
    (store / "manifests" / library / "torn").mkdir()
    (store / "manifests" / library / "torn" / "latest").write_text('{"layers')
    candidates, left_out = split(ollama.models(places, places.home / "none"))
    path = str(store / "blobs" / weights.replace(":", "-"))
    assert [(one.source, one.title, one.model) for one in candidates] == [
        ("hf.co/org/Repo-GGUF:Q8_0 of Ollama", "Repo Q8_0", path),
        ("qwen2.5-coder:7b of Ollama", "qwen2.5 coder 7b Q4_K_M", path),
        ("me/tuned:latest of Ollama", "tuned Q4_K_M", path),
    ]
    assert (candidates[1].context, candidates[1].sampling) == (2048, {"temperature": 0.7, "top_k": 20.0})
    assert candidates[2].args[0] == "--lora"
    assert [text.partition(" of Ollama: ")[0] for text in left_out] == [
        "half:latest",
        "in-the-cloud:latest",
        "torn:latest",
    ]


def test_ollama_of_the_service(places: Places, model: Model) -> None:
    """Models of the service that Ollama installs are found, and those where OLLAMA_MODELS says."""
    for store in (places.home / "service", places.home / "own"):
        digest = blob(store, model("a.gguf").read_bytes())
        manifest(store, f"registry.ollama.ai/library/{store.name}/1b-q8_0", model=digest)
    named = replace(places, environment={"OLLAMA_MODELS": str(places.home / "own")})
    assert titles(ollama.models(named, places.home / "service")) == ["own 1b Q8_0", "service 1b Q8_0"]


def test_presets(places: Places, model: Model) -> None:
    """The sections of llama-server's models.ini bring their flags, each to the key where it belongs."""
    path = model("work/gguf/big-Q8_0.gguf", general__sampling__temp=0.9)
    (places.folder / "models.ini").write_text(
        "version = 1\n[*]\njinja = true\nLLAMA_ARG_THREADS = 8\n[big]\n; a remark\nmodel = gguf/big-Q8_0.gguf\n"
        "c = 4096\nngl = 99\ntemp = 0.2\nmin-p = 0.05\nreasoning-format = none\nport = 9000\nmlock = false\n"
        "[ggml-org/small-GGUF:Q8_0]\n[other]\nhf-repo = org/repo\nhf-file = a-Q4_0.gguf\n"
        "[gone]\nmodel = none.gguf\n[x y]\n"
    )
    candidates, left_out = split(presets.presets(places))
    assert candidates[0] == Candidate(
        "big in models.ini", str(path), "big", "Q8_0", path.stat().st_size, 4096, {"temperature": 0.2, "min_p": 0.05},
        args=("--jinja", "--reasoning-format", "none"), placement=("--threads", "8", "--n-gpu-layers", "99"),
    )  # fmt: skip
    assert [(one.model, one.title) for one in candidates[1:]] == [
        ("hf:ggml-org/small-GGUF:Q8_0", "small Q8_0"), ("hf:org/repo:a-Q4_0.gguf", "repo"),
    ]  # fmt: skip
    assert [text.partition(" in ")[0] for text in left_out] == ["gone", "x y"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[a]\n[a]\nmodel = \x1b[31m"])
def test_damaged_presets(places: Places, content: bytes) -> None:
    """A models.ini that cannot be read is named, in plain text, and gives nothing."""
    (places.folder / "models.ini").write_bytes(content)
    candidates, left_out = split(presets.presets(places))
    assert candidates == []
    assert len(left_out) == 1
    assert "\x1b" not in left_out[0]


def test_llama_swap(places: Places, model: Model) -> None:
    """The commands of llama-swap's configuration are read with its macros; others than llama-server are named."""
    pytest.importorskip("yaml")
    path = model("gguf/a-Q4_K_M.gguf")
    folder = places.home / ".config" / "llama-swap"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(
        f"macros:\n  run: /opt/llama-server --port ${{PORT}} -ngl -1\n  where: {places.home}/gguf\n"
        "models:\n  coder:\n    cmd: |\n      ${run}\n"
        "      -m ${where}/a-Q4_K_M.gguf \\\n      -c 8192 --temp 0.3 --jinja\n"
        '  vllm:\n    cmd: vllm serve x\n  odd:\n    cmd: "llama-server -m \'a"\n  empty:\n'
    )
    candidates, left_out = split(presets.llama_swap(places))
    assert candidates == [
        Candidate("coder in config.yaml", str(path), "a", "Q4_K_M", path.stat().st_size, 8192, {"temperature": 0.3},
                  args=("--jinja",), placement=("--n-gpu-layers", "-1"))
    ]  # fmt: skip
    assert [text.partition(" in ")[0] for text in left_out] == ["vllm", "odd", "empty"]
    (folder / "config.yaml").write_text("models: [")
    assert titles(presets.llama_swap(places)) == []


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """A server on a port of this machine that answers each request with a status, a body and a Location."""
    status, body, location = request.param

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

    with on_loopback(Handler) as url:
        yield int(url.rpartition(":")[2])


MODELS = [{"id": "qwen3:8b"}, {"id": "nomic-embed-text"}, {"id": 3}, {}, "x", {"id": "qwen3:8b"}, {"id": "a\x1b[31m"}]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("port", "names"),
    [
        ((200, json.dumps({"data": MODELS}).encode(), ""), ["qwen3:8b", "3", "a␛[31m"]),
        ((200, json.dumps({"data": [{"id": f"m{i}"} for i in range(60)]}).encode(), ""), [f"m{i}" for i in range(50)]),
        ((200, b"[]", ""), []),
        ((200, b"<html>", ""), []),
        ((404, b'{"data": [{"id": "m"}]}', ""), []),
        ((302, b"", "http://192.0.2.1/v1/models"), []),
    ],
    indirect=["port"],
)
def test_servers(port: int, names: list[str]) -> None:
    """The models that a server on this machine names become endpoints; what is odd, or leads elsewhere, does not."""
    candidates, left_out = split(servers.models({port: "Ollama", 1: "nothing"}))
    assert [one.model for one in candidates] == names
    assert {one.base_url for one in candidates} <= {f"http://127.0.0.1:{port}/v1"}
    assert bool(left_out) == (len(names) == servers.MAX_MODELS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Qwen3-Coder-Next-UD-Q5_K_XL", "Qwen3 Coder Next"),
        ("gemma-3-1b-it-qat-q4_0", "gemma 3 1b it qat"),
        ("gpt-oss-120b-MXFP4", "gpt oss 120b"),
        ("qwen2.5-coder:7b-instruct-q4_K_M", "qwen2.5 coder 7b instruct"),
        ("Q8_0", "Q8_0"),
    ],
)
def test_families(name: str, expected: str) -> None:
    """Quantizations of one model have one family."""
    assert family(name) == expected
