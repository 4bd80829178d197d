import platform
import sys
from pathlib import Path

import pytest

from bench import docker
from bench.errors import MissingPrerequisite
from bench.servers import compose
from tests.servers.helpers import Make, refusal, script


@pytest.fixture
def ready(docker: None, make: Make) -> Make:
    """Makes profiles where Docker answers."""
    return make


def test_no_docker(make: Make, log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where Docker is not installed, the sentence says how to get it and how to do without."""
    monkeypatch.setenv("PATH", str(tmp_path))
    error = refusal(make("compose"), log)
    assert isinstance(error, MissingPrerequisite)
    assert error.sentence == (
        f'tested: Docker is not installed; {docker.remedy(docker.ABSENT)}, or set [server] kind = "process".'
    )


def test_engine_does_not_answer(ready: Make, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine does not run, the sentence holds Docker's words and how to start it."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    error = refusal(ready("compose"), log)
    assert isinstance(error, MissingPrerequisite)
    assert "the Docker engine does not answer (Cannot connect to the Docker daemon" in error.sentence
    assert "; start it (" in error.sentence


def test_no_compose_plugin(make: Make, log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where Docker has no compose, the sentence names the packages that bring it."""
    script(tmp_path / "docker", f"#!{sys.executable}\nimport sys\nif 'compose' in sys.argv:\n"
           "    sys.exit(\"docker: 'compose' is not a docker command.\")\nprint('28.0')\n")  # fmt: skip
    monkeypatch.setenv("PATH", str(tmp_path))
    error = refusal(make("compose"), log)
    assert isinstance(error, MissingPrerequisite)
    assert "Docker has no compose plugin; install it (" in error.sentence


def test_user_may_not(make: Make, log: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the user may not talk to the engine, the sentence says how to join its group."""
    script(
        tmp_path / "docker", f"#!{sys.executable}\nimport sys\nsys.exit('permission denied while trying to connect')\n"
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "join its group (sudo usermod -aG docker $USER) and log in again" in refusal(make("compose"), log).sentence


@pytest.mark.parametrize(
    ("failure", "remedy"),
    [
        ("docker is not installed", "install it (apt install docker.io docker-cli)"),
        ("permission denied while trying to connect",
         "join its group (sudo usermod -aG docker $USER) and log in again"),
        ("Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", "start it (service docker start)"),
        ("Cannot connect to the Docker daemon at unix:///run/user/7/docker.sock.",
         "start it (systemctl --user start docker)"),
        ("Cannot connect to the Docker daemon at unix:///home/a/.docker/desktop/docker.sock.", "start Docker Desktop"),
        ("Cannot connect to the Docker daemon at tcp://lab:2375.",
         "start it there (tcp://lab:2375), or let DOCKER_HOST and docker context name another one"),
    ],
)  # fmt: skip
def test_remedies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failure: str, remedy: str) -> None:
    """What to do goes by Docker's words and by the system, here Debian 13 without systemd."""
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: {"ID": "debian", "VERSION_ID": "13"})
    monkeypatch.setattr(docker, "SYSTEMD", tmp_path / "none")
    assert docker.remedy(failure) == remedy


@pytest.mark.docker
def test_image_that_cannot_be_had(ready: Make, log: Path) -> None:
    """An image that is not here and cannot be pulled is a prerequisite, with Docker's reason; nothing was started."""
    error = refusal(ready("compose", server={"image": "127.0.0.1:9/none:none"}), log)
    assert isinstance(error, MissingPrerequisite)
    assert "the image 127.0.0.1:9/none:none is not here and cannot be pulled (" in error.sentence
    assert "connection refused" in error.sentence
    assert not log.exists()


def test_docker_messages() -> None:
    """Of what Docker prints, the last line before its usage is the reason."""
    message = " Container x  Creating\n\nError response from daemon: no such thing.\n\n"
    assert docker.reason(message) == "no such thing"
    usage = "\nSee 'docker run --help'.\n\nRun 'docker COMMAND --help' for more."
    assert docker.reason(message + usage) == "no such thing"
    assert docker.reason("") == ""
    assert docker.reason("no\x1b[2J\u202e such thing.") == "no␛[2J⟨U+202E⟩ such thing"


def test_models_in_the_container(make: Make, models: Path, tmp_path: Path) -> None:
    """The folder of models is /models; a model that lies elsewhere has its own folder mounted there."""
    _, config = make("compose")
    assert compose.mounts(config, models / "good.gguf") == ({str(models): "/models"}, "/models/good.gguf")
    (tmp_path / "x.gguf").touch()
    assert compose.mounts(config, tmp_path / "x.gguf") == ({str(tmp_path): "/models"}, "/models/x.gguf")


def test_linked_models_in_the_container(make: Make, models: Path, tmp_path: Path) -> None:
    """Parts that are links to outside the folder, as download tools make them, are mounted as what they lead to."""
    _, config = make("compose")
    (tmp_path / "blob").touch()
    folder = models / "linked"
    folder.mkdir(exist_ok=True)
    parts = [folder / f"m-0000{number}-of-00002.gguf" for number in (1, 2)]
    for part in parts:
        part.unlink(missing_ok=True)
        part.symlink_to(tmp_path / "blob")
    volumes, inside = compose.mounts(config, parts[0])
    assert inside == "/linked/m-00001-of-00002.gguf"
    assert volumes[str(tmp_path / "blob")].startswith("/linked/")
