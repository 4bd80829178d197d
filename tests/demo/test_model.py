import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench import datasets, gguf
from bench.datasets.problem import Problem, scripted
from bench.demo.bundled_answers import DATASETS, Reply, bundled, reply
from bench.demo.model import build, build_answers
from bench.errors import MissingPrerequisite
from bench.generate.http import Client
from bench.generate.prompt import body, messages
from bench.profiles import Config
from bench.servers.start import serve
from tests.demo.conftest import Profiles

Ask = Callable[[Problem], Reply]
PROBLEMS = [problem for name in DATASETS for problem in datasets.load(name).problems.values()]


@contextmanager
def serving(config: Config, model: Path) -> Iterator[Ask]:
    """The real server with that model; asks it one problem."""
    pytest.importorskip("xllamacpp")
    profile = config.profile("demo")
    with serve(profile, config, model, model.with_suffix(".log")) as endpoint:

        def ask(problem: Problem) -> Reply:
            chat = messages(problem, profile.sampling)
            request = body(profile.sampling, chat, None, model=endpoint.model, llama=endpoint.llama)
            answer = Client(endpoint, profile, 1.0).complete(request, lambda _: None)
            return Reply(answer.text, answer.finish_reason, answer.completion_tokens)

        yield ask


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The demo's model."""
    pytest.importorskip("gguf")
    build(tmp_path / "demo.gguf")
    return tmp_path / "demo.gguf"


def made(prompt: str) -> Problem:
    """A problem with that prompt."""
    return Problem("Made/0", prompt, "f", "", (), scripted(prompt))


@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 8])
def test_the_model_gives_the_bundled_answers(slots: int, model: Path, profiles: Profiles) -> None:
    """The model answers each problem token for token as the bundled answers say, one at a time and eight at once."""
    with serving(profiles(f"slots = {slots}"), model) as ask, ThreadPoolExecutor(slots) as threads:
        replies = list(threads.map(ask, PROBLEMS))
    assert replies == [reply(messages(problem, profiles().profile("demo").sampling), 256) for problem in PROBLEMS]


def test_the_file_is_small_and_always_the_same(model: Path) -> None:
    """The file holds a few MB, and building it again gives the same bytes."""
    before = model.read_bytes()
    build(model)
    assert model.read_bytes() == before
    assert len(before) < 5_000_000
    assert [path.name for path in model.parent.iterdir()] == ["demo.gguf"]


def test_its_header(model: Path) -> None:
    """The header names the model, its architecture and its quantization."""
    facts = gguf.facts(model)
    assert (facts["name"], facts["architecture"], facts["quantization"]) == ("demo", "llama", "F16")


@pytest.mark.slow
def test_any_keys_and_answers(tmp_path: Path, profiles: Profiles) -> None:
    """A model is built for any keys and answers: long, empty, not ASCII; without a key it says the default."""
    pytest.importorskip("gguf")
    long = " ".join(f"word{number}" for number in range(500))
    answers = {"def long(": long, "def none(": "", "def greek(": "Ä → λ\n", "import x": "```\n{'a': 1}\n```"}
    build_answers(tmp_path / "m.gguf", answers.items(), default="nothing", load_layers=2, load_width=64)
    with serving(profiles(), tmp_path / "m.gguf") as ask:
        replies = {key: ask(made(f"# before\n{key}): # after")) for key in [*answers, "other"]}
    assert {key: one.text for key, one in replies.items() if key != "def long("} == {
        **{key: text for key, text in answers.items() if key != "def long("}, "other": "nothing"
    }  # fmt: skip
    assert long.startswith(replies["def long("].text)
    assert replies["def long("].finish_reason == "length"


def test_a_key_may_occur_once(tmp_path: Path) -> None:
    """Two answers to one key are refused."""
    pytest.importorskip("gguf")
    with pytest.raises(ValueError, match="occurs twice"):
        build_answers(tmp_path / "m.gguf", [("key", "a"), ("key", "b")])


def test_without_gguf_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where gguf is not installed, the error says what to install, and no file appears."""
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(MissingPrerequisite, match="pip install gguf"):
        build(tmp_path / "demo.gguf")
    assert not list(tmp_path.iterdir())


def test_some_answers_waver() -> None:
    """Some problems of the bundled sets have more than one answer, so that samples differ."""
    assert sum(len(answer.texts) > 1 for answer in bundled().values()) == 3
