import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import console, machine
from bench.commands.doctor import report
from bench.commands.findings import Finding, render
from bench.files import write_json
from bench.profiles.file import load
from bench.servers import process
from tests.running import DODO, ROOT, run

EMPTY = b"GGUF" + (3).to_bytes(4, "little") + bytes(16)
"""A GGUF without entries and tensors."""

Doctor = Callable[[str], dict[str, Finding]]


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """What is found for a profiles file, by name, on a machine that has no program at all."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def findings(text: str) -> dict[str, Finding]:
        (tmp_path / "profiles.toml").write_text(text)
        return {finding.name: finding for finding in report(load(tmp_path / "profiles.toml"))}

    return findings


def program(folder: Path, name: str, text: str) -> None:
    """A program of that name, in Python."""
    path = folder / "bin" / name
    path.write_text(f"#!{sys.executable}\n{text}\n")
    path.chmod(0o755)


def test_shipped_profiles_on_a_bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With nothing installed it says within seconds what each profile lacks, in lines of 100 columns."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(ROOT)
    began = time.monotonic()
    text = render(report(load(ROOT / "profiles.toml")))
    assert time.monotonic() - began < 10
    assert max(map(len, text.splitlines())) <= 100
    lines = [line.split(maxsplit=2) for line in text.splitlines()]
    assert ["missing", "Docker", "engine             docker is not installed"] in lines
    assert ["missing", "bench-glm-flash", "no GLM-4.7-Flash-Q8_0.gguf in models/GLM-4.7-Flash; no Docker;"] in lines
    assert ["ok", "demo"] in [row[:2] for row in lines]


def test_a_reference_that_nobody_published(doctor: Doctor) -> None:
    """A reference that names no published score is pointed out with the nearest one, and stops nothing."""
    findings = doctor('[profiles.x]\nmodel = "builtin:demo"\nreference = "Claude Opus 4.55"\n')
    assert findings["x"].state == "note"
    assert 'no published score of "Claude Opus 4.55"' in findings["x"].text
    assert findings["x"].remedy == 'name a row of reference-scores.json; did you mean "Claude Opus 4.5"?'
    assert render([findings["x"]]).endswith("1 of 1 profiles can run on this machine.")
    assert doctor('[profiles.x]\nmodel = "builtin:demo"\nreference = "Claude Opus 4.5"\n')["x"].state == "ok"


def test_profiles_on_other_machines(doctor: Doctor) -> None:
    """A profile on another machine needs no engine here, and its host is named; an engine there is not asked."""
    findings = doctor(
        '[hosts.box]\ndocker = "ssh://me@box"\nmodels = "/srv/models"\n[hosts.lab]\nendpoints = ["http://a.invalid:1/v1"]\n'
        '[profiles.x]\nmodel = "x.gguf"\nhost = "box"\n[profiles.y]\nmodel = "y"\nhost = "lab"\n'
    )
    assert findings["Docker engine"].state == "note"
    assert "x.gguf on box (ssh://me@box), which is not asked here; no docker command with" in findings["x"].text
    assert findings["y"].text == "y on lab (http://a.invalid:1/v1); nobody answers at http://a.invalid:1/v1"


def test_endpoints(doctor: Doctor) -> None:
    """A profile can run if one of its endpoints answers; those where nobody does are named."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as other:
        one, two = (f"http://127.0.0.1:{each.getsockname()[1]}/v1" for each in (listener, other))
        text = (
            f'[hosts.lab]\nendpoints = ["{one}", "{two}"]\n[profiles.y]\nmodel = "y"\nhost = "lab"\n'
            f'[profiles.e]\nmodel = "x"\nserver = {{ kind = "endpoint", base_url = "{one}" }}\n'
        )
        assert [doctor(text)[name].state for name in "ye"] == ["ok", "ok"]
        other.close()
        findings = doctor(text)
    assert (findings["y"].state, findings["y"].text) == ("note", f"y on lab ({one}, {two}); nobody answers at {two}")
    assert findings["y"].remedy == "start that server, or fix its address"
    assert findings["e"].state == "ok"
    assert [doctor(text)[name].state for name in "ye"] == ["missing", "missing"]


def test_model_files(doctor: Doctor, tmp_path: Path) -> None:
    """A model's size is that of all its parts; of one that is incomplete, the first missing part is named."""
    (tmp_path / "models" / "big").mkdir(parents=True)
    for number in (1, 2):
        (tmp_path / "models" / "big" / f"m-0000{number}-of-00003.gguf").write_bytes(EMPTY + bytes(600_000))
    (tmp_path / "models" / "one.gguf").write_bytes(EMPTY + bytes(1234))
    text = (
        '[server]\nkind = "process"\nexecutable = "llama-server"\n'
        '[profiles.one]\nmodel = "one.gguf"\n[profiles.big]\nmodel = "big/m-00001-of-00003.gguf"\n'
    )
    program(tmp_path, "llama-server", "")
    findings = doctor(text)
    assert (findings["one"].state, findings["one"].text) == ("ok", "1 kB")
    folder = f"{tmp_path}/models/big".replace(str(Path.home()), "~")
    assert findings["big"].text == f"no m-00003-of-00003.gguf in {folder} (1 of 3 parts are missing)"
    assert findings["big"].remedy == "download it there, or set [paths] models"
    (tmp_path / "models" / "big" / "m-00003-of-00003.gguf").write_bytes(EMPTY + bytes(600_000))
    assert doctor(text)["big"].text == "2 MB in 3 parts"


def test_imports(doctor: Doctor, tmp_path: Path) -> None:
    """Of an import it says how many files there are, or where they are looked for."""
    text = '[profiles.made]\nsolutions = "made/"\n[profiles.none]\nsolutions = "none/*.jsonl"\n'
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "part-01.jsonl").touch()
    findings = doctor(text)
    assert (findings["made"].state, findings["made"].text) == ("ok", "1 file of solutions in made/")
    assert (findings["none"].state, findings["none"].text) == ("missing", "no solutions yet in none/*.jsonl")


def test_what_servers_need(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of server lacks what it needs: Docker and a GPU, a program, a key."""
    monkeypatch.delenv("MY_KEY", raising=False)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.gguf").write_bytes(EMPTY)
    findings = doctor(
        '[profiles.c]\nmodel = "m.gguf"\n[profiles.c.server]\nkind = "compose"\ngpu = true\n'
        '[profiles.p]\nmodel = "m.gguf"\n[profiles.p.server]\nkind = "process"\nexecutable = "my-server"\n'
        '[profiles.a]\n[profiles.a.server]\nkind = "command"\ncommand = ["agent", "-p"]\n'
        '[profiles.e]\nmodel = "x"\n[profiles.e.server]\nkind = "endpoint"\nbase_url = "http://h.invalid"\n'
        'api_key_env = "MY_KEY"\n'
    )
    assert {name: findings[name].text for name in "cpae"} == {
        "c": "24 B; no Docker; no compose; no GPU",
        "p": "24 B; no my-server",
        "a": "agent -p; no program agent",
        "e": "x at http://h.invalid; no key in MY_KEY; nobody answers at http://h.invalid",
    }
    assert all(findings[name].state == "missing" for name in "cpae")


def test_programs_that_are_there(doctor: Doctor, tmp_path: Path) -> None:
    """What a program says of itself is shown; images that are not here are said to be pulled later."""
    program(tmp_path, "nvidia-smi", "print('GPU 1, 24 GiB'); print('GPU 2, 16 GiB')")
    program(tmp_path, "docker", "import sys; sys.exit(1) if 'image' in sys.argv else print('28.0')")
    findings = doctor('[profiles.c]\nmodel = "m.gguf"\n[profiles.c.server]\nkind = "compose"\nimage = "i:t"\n')
    assert (findings["GPU"].state, findings["GPU"].text) == ("ok", "GPU 1, 24 GiB; GPU 2, 16 GiB")
    assert (findings["Docker engine"].text, findings["compose plugin"].text) == ("28.0", "28.0")
    assert findings["image"].text == "i:t is not here yet"
    assert findings["sandbox"].text == "code that models wrote runs in docker"
    program(tmp_path, "bwrap", "print('bubblewrap 0.8')")
    assert (
        doctor('[profiles.c]\nsolutions = "x.jsonl"\n')["sandbox"].text == "code that models wrote runs in bubblewrap"
    )


@pytest.mark.slow
def test_a_program_that_hangs(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a program that does not answer nothing is known: it is said to be slow, never to be missing."""
    monkeypatch.setattr(machine, "PATIENCE", 0.3)
    program(tmp_path, "docker", "import time; time.sleep(60)")
    program(tmp_path, "nvidia-smi", "import time; time.sleep(60)")
    findings = doctor('[profiles.a]\nmodel = "m.gguf"\nserver = { kind = "compose", gpu = true }\n')
    for name in ("Docker engine", "GPU"):
        assert (findings[name].state, findings[name].text) == (
            "note",
            "it did not answer in time (no answer within 0.3 s)",
        )
        assert findings[name].remedy == "ask again when the machine is less busy"
    assert "compose did not answer in time; GPU did not answer in time" in findings["a"].text
    assert "unknown" in findings["sandbox"].text


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        (
            "Got permission denied while trying to connect to the Docker daemon socket",
            "join its group (sudo usermod -aG",
        ),
        (
            "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
            "start it (",
        ),
    ],
)
def test_an_engine_that_refuses(doctor: Doctor, tmp_path: Path, message: str, remedy: str) -> None:
    """Of an engine that does not serve this user, Docker's words decide the remedy; nothing is to be installed."""
    program(tmp_path, "docker", f"import sys; sys.exit({message!r})")
    findings = doctor('[profiles.a]\nmodel = "m.gguf"\nserver = { kind = "compose" }\n')["Docker engine"]
    assert (findings.state, findings.text) == ("missing", message.rstrip("."))
    assert findings.remedy.startswith(remedy)


def test_bubblewrap_that_may_not(doctor: Doctor, tmp_path: Path) -> None:
    """Where bubblewrap is installed and can make no sandbox, as in a container, there is none, for its own reason."""
    program(tmp_path, "bwrap", "import sys; sys.exit('bwrap: No permissions' if len(sys.argv) > 2 else print('0.8'))")
    findings = doctor('[profiles.a]\nsolutions = "x.jsonl"\n')
    assert (findings["bubblewrap"].state, findings["bubblewrap"].text) == ("note", "bwrap: No permissions")
    assert findings["sandbox"].state == "missing"
    assert "docs/howto/docker.md" in findings["sandbox"].remedy


def test_a_gpu_whose_driver_fails(doctor: Doctor, tmp_path: Path) -> None:
    """The words of an nvidia-smi that fails are the reason."""
    program(tmp_path, "nvidia-smi", "print('Failed to initialize NVML: Driver/library version mismatch'); exit(18)")
    assert doctor('[profiles.a]\nsolutions = "x"\n')["GPU"].text.startswith("Failed to initialize NVML")


def test_damaged_models(doctor: Doctor, tmp_path: Path) -> None:
    """A model file that no server would load is missing, with what is wrong about it."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.gguf").write_bytes(b"<html>")
    findings = doctor('[profiles.a]\nmodel = "m.gguf"\n')["a"]
    assert findings.text.startswith("m.gguf is no GGUF file but a web page")
    assert "download it again" in findings.remedy


@pytest.mark.parametrize(
    ("library", "remedy"),
    [
        ("libgomp.so.1", "apt install libgomp1"), ("libstdc++.so.6", "apt install libstdc++6"),
        ("libgcc_s.so.1", "apt install libgcc-s1"), ("libopenblas.so.0", "apt install libopenblas0"),
        ("libcuda.so.1", "install the NVIDIA driver"), ("libnew.so.7", "install the package that has it"),
    ],
)  # fmt: skip
def test_a_wheel_that_cannot_be_loaded(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, library: str, remedy: str
) -> None:
    """A library that the wheel lacks is named with its package; the demo then has its bundled answers."""
    package = tmp_path / "site" / "xllamacpp"
    package.mkdir(parents=True)
    message = f"{library}: cannot open shared object file: No such file or directory"
    (package / "__init__.py").write_text(f"raise ImportError({message!r})")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    process.xllamacpp_failure.cache_clear()
    findings = doctor(
        '[server]\nkind = "process"\n[profiles.p]\nmodel = "m.gguf"\n[profiles.d]\nmodel = "builtin:demo"\n'
    )
    process.xllamacpp_failure.cache_clear()
    assert findings["llama-server"].text == f"the wheel xllamacpp: the system library {library} is missing"
    assert findings["llama-server"].remedy.startswith(remedy)
    assert remedy in findings["p"].remedy
    assert findings["d"].text == "its bundled answers, for no llama-server can be started here"


@pytest.mark.parametrize(
    ("kind", "state", "output"),
    [("auto", "missing", "none: code that models wrote is not run"), ("none", "note", "runs with your rights")],
)
def test_no_sandbox(doctor: Doctor, kind: str, state: str, output: str) -> None:
    """Without any sandbox nothing is graded; to do without one by name is noted."""
    findings = doctor(f'[sandbox]\nkind = "{kind}"\n[profiles.a]\nsolutions = "x.jsonl"\n')
    assert findings["sandbox"].state == state
    assert output in findings["sandbox"].text


def test_a_cluster(doctor: Doctor) -> None:
    """A scheduler that answers grades, whatever this machine has; one that does not is missing, with the remedy."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        text = f'[evaluate]\nscheduler = "{address}"\n[profiles.a]\nsolutions = "x.jsonl"\n'
        assert (doctor(text)["Dask"].state, address in doctor(text)["Dask"].text) == ("ok", True)
    assert doctor(text)["Dask"].state == "missing"
    assert "remove [evaluate] scheduler" in doctor(text)["Dask"].remedy


def test_datasets(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dataset that is not here says how to bring it, and one that is not the release says so."""
    text = '[profiles.a]\nsolutions = "x.jsonl"\n'
    monkeypatch.setenv("HUMANEVAL_OVERRIDE_PATH", str(tmp_path / "set.jsonl"))
    assert "let HUMANEVAL_OVERRIDE_PATH name the file" in doctor(text)["humaneval"].remedy
    (tmp_path / "set.jsonl").write_text("{}")
    assert "is not the release that published scores are for" in doctor(text)["humaneval"].text


def test_what_is_known_of_a_dataset(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its problems, its licence, where its tests run and whether they were proved; of a damaged one, the place."""
    monkeypatch.setenv("BENCH_DATASETS", str(tmp_path / "sets"))
    text = '[datasets.mine]\nfile = "tasks"\nformat = "tasks"\nlicense = "mine alone"\n'
    text += '[datasets.torn]\nfile = "torn.jsonl"\n[profiles.a]\nsolutions = "x.jsonl"\ndatasets = ["mine", "torn"]\n'
    (tmp_path / "tasks" / "one").mkdir(parents=True)
    (tmp_path / "tasks" / "one" / "prompt.md").write_text("Write f.")
    (tmp_path / "tasks" / "one" / "test_f.py").write_text("def test():\n    assert f()\n")
    (tmp_path / "torn.jsonl").write_text("{")
    findings = doctor(text)
    place = findings["mine"].text.rpartition("; ")[2]
    assert findings["mine"].text == (
        "1 problem, mine alone; tests of its own run in the solution's process, which could forge a pass; "
        f"not proved yet: doit selftest mine; {place}"
    )
    assert (findings["torn"].state, findings["torn"].remedy) == ("missing", "download the file again, or fix that line")
    assert "torn.jsonl, line 1 is not JSON" in findings["torn"].text
    assert findings["cruxeval-o"].text.startswith("not here yet: ")
    assert findings["cruxeval-o"].text.endswith("800 problems, 2024, MIT")
    proof = {"dataset": "mine", "sandbox": "docker", "plus": 1, "problems": 1, "date": "2026-01-02"}
    config = load(tmp_path / "profiles.toml")
    write_json(config.layout.selftests, {"mine docker": proof, "torn docker": "damaged"})
    assert "self-test passed on 2026-01-02 (docker, 1 of 1)" in doctor(text)["mine"].text


@pytest.mark.parametrize(
    ("count", "output"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (999_600, "1 MB"),
        (567_000_000, "567 MB"),
        (18_300_000_000, "18.3 GB"),
        (2 * 10**12, "2.0 TB"),
    ],
)
def test_sizes(count: int, output: str) -> None:
    """Sizes are said as disks are sold."""
    assert console.size(count) == output


@pytest.mark.slow
def test_as_a_user_runs_it(tmp_path: Path) -> None:
    """`doit doctor` prints the findings and succeeds, whatever they are."""
    (tmp_path / "profiles.toml").write_text('[profiles.a]\nsolutions = "x.jsonl"\n')
    environment = os.environ | {"BENCH_PROFILES": str(tmp_path / "profiles.toml")}
    ran = run("-f", DODO, "doctor", cwd=tmp_path, environment=environment)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("0 of 1 profiles can run on this machine.\n")
