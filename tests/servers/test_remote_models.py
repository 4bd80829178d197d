"""A host's Docker engine, its models and its llama-server; here, this machine's engine under another name."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import docker, gguf
from bench.errors import LockedError, MissingPrerequisite, ServerError
from bench.generate.model import fingerprint, identify
from bench.profiles import Config, Profile
from bench.profiles.file import load
from bench.servers import compose, model_files, process, remote_models, tunnel
from tests.e2e.conftest import UP_TO_DATE, Project
from tests.servers.helpers import IMAGE, refusal, say, serving

pytestmark = [pytest.mark.docker, pytest.mark.slow]
SOCKET = "unix:///var/run/docker.sock"


@pytest.fixture(params=["address", "context"])
def there(
    request: pytest.FixtureRequest, server_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """What names the engine: its address, or a context of Docker's."""
    if request.param == "address":
        yield SOCKET
        return
    plugins = Path.home() / ".docker" / "cli-plugins"
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    (tmp_path / "docker").mkdir()
    if plugins.exists():
        (tmp_path / "docker" / "cli-plugins").symlink_to(plugins)
    subprocess.run(
        ["docker", "context", "create", "box", "--docker", f"host={SOCKET}"], check=True, capture_output=True
    )
    yield "box"


@pytest.fixture
def engine_address(server_image: str) -> str:
    """The engine by its address alone."""
    return SOCKET


def free() -> int:
    """A port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configured(tmp_path: Path, docker: str, models: Path, model: str = "good.gguf", **host: object) -> Config:
    """One profile on a host whose folder of models this machine's [paths] does not name."""
    keys = {"docker": docker, "models": str(models), "port": free()} | host
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in keys.items())
    (tmp_path / "profiles.toml").write_text(
        f'[server]\nimage = "{IMAGE}"\nhealth_timeout = 60\n[hosts.box]\n{lines}\n'
        f'[profiles.tested]\nmodel = "{model}"\ncontext = 512\nmax_tokens = 64\nplacement = ["-t", "1"]\nhost = "box"\n'
    )
    return load(tmp_path / "profiles.toml")


def only(config: Config) -> Profile:
    """Its one profile."""
    return config.profiles[0]


def test_fingerprint_is_that_of_the_file(there: str, models: Path, tmp_path: Path) -> None:
    """A model has the same fingerprint on another machine as here, and no further look is needed to know it."""
    config = configured(tmp_path, there, models)
    assert fingerprint(config, only(config)) == gguf.fingerprint(models / "good.gguf", tmp_path / "cache")
    assert remote_models.cached(config, only(config)) == {
        "fingerprint": fingerprint(config, only(config)), "files": 1, "bytes": (models / "good.gguf").stat().st_size,
        "args": {},
    }  # fmt: skip


def test_a_full_disk(engine_address: str, models: Path, tmp_path: Path) -> None:
    """Where what was seen cannot be remembered, the host is looked at again."""
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / ".cache").touch()
    config = configured(tmp_path, engine_address, models)
    assert fingerprint(config, only(config)) == gguf.fingerprint(models / "good.gguf", tmp_path / "cache")
    assert remote_models.cached(config, only(config)) is None


@pytest.mark.parametrize("size", [0, 5, 70_000, gguf.HEADER + 7])
def test_fingerprint_of_parts(engine_address: str, tmp_path: Path, size: int) -> None:
    """A split model of parts of any size has the fingerprint that it has here."""
    folder = tmp_path / "there" / "big model"
    folder.mkdir(parents=True)
    for part in (1, 2):
        content = bytes((i * part) % 251 for i in range(1000)) * (size // 1000 + 1)
        (folder / f"m-{part:05d}-of-00002.gguf").write_bytes(content[: size * part])
    name = "big model/m-00001-of-00002.gguf"
    config = configured(tmp_path, engine_address, tmp_path / "there", name)
    assert remote_models.inspect(config, only(config))["fingerprint"] == gguf.fingerprint(
        tmp_path / "there" / name, tmp_path / "c"
    )


def test_a_file_that_args_name(engine_address: str, models: Path, tmp_path: Path) -> None:
    """An adapter on the host counts by its content as it would here, and one that is not there is named."""
    folder = tmp_path / "there"
    folder.mkdir()
    shutil.copy(models / "good.gguf", folder)
    config = configured(tmp_path, engine_address, folder)
    text = (tmp_path / "profiles.toml").read_text()
    (tmp_path / "profiles.toml").write_text(f'{text}args = ["--lora-scaled", "/models/lora.gguf:0.5"]\n')
    config = load(tmp_path / "profiles.toml")
    with pytest.raises(MissingPrerequisite, match=f"tested: no file {folder}/lora.gguf on box; put it there"):
        identify(config, only(config))
    (folder / "lora.gguf").write_bytes(b"GGUF" * 1000)
    remote_models._failures.clear()
    (digest,) = gguf.contents([folder / "lora.gguf"], tmp_path / "cache")
    assert identify(config, only(config)).args == ("--lora-scaled", f"/models/lora.gguf:0.5 ({digest[:12]})")


def test_missing_model(there: str, tmp_path: Path) -> None:
    """A model that is not on its host is named with folder and host; so is a part of it, and the folder itself."""
    (tmp_path / "there").mkdir()
    config = configured(tmp_path, there, tmp_path / "there")
    with pytest.raises(MissingPrerequisite, match=f"tested: no model file {tmp_path}/there/good.gguf on box; put it"):
        fingerprint(config, only(config))
    (tmp_path / "there" / "m-00001-of-00002.gguf").write_bytes(b"GGUF")
    config = configured(tmp_path, there, tmp_path / "there", "m-00001-of-00002.gguf")
    with pytest.raises(MissingPrerequisite, match=f"no model file {tmp_path}/there/m-00002-of-00002.gguf on box"):
        fingerprint(config, only(config))
    config = configured(tmp_path, there, tmp_path / "nowhere")
    with pytest.raises(MissingPrerequisite, match=f"no folder {tmp_path}/nowhere on box"):
        fingerprint(config, only(config))
    assert not (tmp_path / "nowhere").exists()


def test_no_engine_there(docker: None, models: Path, tmp_path: Path, log: Path) -> None:
    """Where no engine answers on the host, the sentence has Docker's words and names the host."""
    config = configured(tmp_path, "tcp://127.0.0.1:9", models)
    error = refusal((only(config), config), log)
    assert isinstance(error, MissingPrerequisite)
    assert "tested: the Docker engine of box does not answer (Cannot connect to the Docker daemon" in error.sentence
    with pytest.raises(remote_models.UnreachableError, match="the Docker engine of box does not answer"):
        fingerprint(config, only(config))


def test_no_image_there(engine_address: str, models: Path, tmp_path: Path) -> None:
    """An image that the host has not and cannot pull is named with the host, and with no remedy that a host has not."""
    config = configured(tmp_path, engine_address, models)
    text = (tmp_path / "profiles.toml").read_text().replace(IMAGE, "127.0.0.1:9/none:none")
    (tmp_path / "profiles.toml").write_text(text)
    config = load(tmp_path / "profiles.toml")
    with pytest.raises(remote_models.UnreachableError) as caught:
        fingerprint(config, only(config))
    assert "tested: the image 127.0.0.1:9/none:none is not on box and cannot be pulled (" in caught.value.sentence
    assert caught.value.sentence.endswith("fix server.image or the network, or build the image.")


def test_serves_there(there: str, models: Path, tmp_path: Path, log: Path) -> None:
    """The host's folder is mounted, the port is bound to its 127.0.0.1 alone, and the container is gone afterwards."""
    config = configured(tmp_path, there, models)
    host = only(config).host
    assert host
    with serving((only(config), config), log) as endpoint:
        assert endpoint.base_url == f"http://127.0.0.1:{host.port}/v1"
        assert say(endpoint, "two and two") == "It is 4."
        finding = compose.engine_of(only(config)).client().container.inspect(compose.NAME)
        assert finding.network_settings.ports["8080/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": str(host.port)}]
        assert [mount.source for mount in finding.mounts] == [str(models)]
    assert not compose.engine_of(only(config)).client().container.list(all=True, filters=[("name", compose.NAME)])


def test_listens_at_the_hosts_address(engine_address: str, models: Path, tmp_path: Path, log: Path) -> None:
    """Only a setting lets it listen beyond the host's 127.0.0.1, and there it is asked."""
    config = configured(tmp_path, engine_address, models, listen="127.0.0.2")
    with serving((only(config), config), log) as endpoint:
        assert endpoint.base_url.startswith("http://127.0.0.2:")
        assert say(endpoint, "two and two") == "It is 4."


def test_another_server_answers(engine_address: str, models: Path, tmp_path: Path, log: Path) -> None:
    """Where a tunnel leads to another llama-server, it is noticed before anything is asked."""
    other, far = configured(tmp_path, engine_address, models), free()
    shutil.copytree(models, tmp_path / "there" / "sub")
    with serving((only(other), other), log):
        at = f"http://127.0.0.1:{only(other).host.port}"  # type: ignore[union-attr]
        config = configured(tmp_path, engine_address, tmp_path / "there", "sub/good.gguf", port=far, url=at)
        profile, host = only(config), only(config).host
        assert host
        with pytest.raises(ServerError, match=f"the server at {at} serves /models/good.gguf and is not the llama"):
            tunnel.require_ours(profile, host, model_files.inside(profile))


def test_no_tunnel(tmp_path: Path, models: Path) -> None:
    """Where a host is reached by ssh and nothing forwards its port, the sentence is the command that does."""
    config = configured(tmp_path, "ssh://me@box", models, port=free())
    profile, host = only(config), only(config).host
    assert host
    with pytest.raises(MissingPrerequisite, match=r"nothing forwards 127\.0\.0\.1:") as caught:
        tunnel.require(profile, host)
    assert caught.value.sentence.endswith(f"ssh -S none -N -L {host.port}:127.0.0.1:{host.port} ssh://me@box")


def test_another_machines_container(engine_address: str, models: Path, tmp_path: Path, log: Path) -> None:
    """A container that another machine's doit has started there is left alone, though its process is not here."""
    config = configured(tmp_path, engine_address, models)
    labels = ["--label", f"{docker.OWNER}=1 1", "--label", f"{docker.MACHINE}=elsewhere 1234"]
    subprocess.run(["docker", "create", "--name", compose.NAME, *labels, IMAGE], check=True, capture_output=True)
    try:
        error = refusal((only(config), config), log)
        assert isinstance(error, LockedError)
        assert "A llama-server container of another machine (elsewhere 1234) is on box" in error.sentence
        assert f"docker --host {SOCKET} rm -f llama-server" in error.sentence
    finally:
        subprocess.run(["docker", "rm", "-f", compose.NAME], check=True, capture_output=True)


def test_a_run_skips_what_is_not_there(engine_address: str, tmp_path: Path) -> None:
    """A run says first which models are not on their hosts and skips them; asked for by name, it is an error."""
    (tmp_path / "there").mkdir()
    configured(tmp_path, engine_address, tmp_path / "there")
    with (tmp_path / "profiles.toml").open("a") as file:
        file.write('datasets = ["demo"]\n[profiles.demo]\nmodel = "builtin:demo"\ndatasets = ["demo"]\ncontext = 2048\n'
                   'max_tokens = 256\ncanary = false\nserver = { kind = "process" }\n')  # fmt: skip
    project = Project(tmp_path)
    whole = project.doit()
    assert whole.code == 0, whole.out
    phrase = f"no model file {tmp_path}/there/good.gguf on box"
    assert whole.out.startswith(f"skip      tested                    {phrase}\n")
    assert "1 done, 1 skipped, 0 failed" in whole.out
    assert phrase in project.report()
    assert project.doit().out == f"skip      tested                    {phrase}\n{UP_TO_DATE}"
    calls = project.doit("eval:tested")
    assert calls.code != 0
    assert f"tested: {phrase}; put it there, or change profiles.toml." in calls.out
    assert "Traceback" not in calls.out


def test_compose_names_a_taken_port_of_the_host(tmp_path: Path, models: Path) -> None:
    """The error for a port that somebody has on a host names both."""
    config = configured(tmp_path, SOCKET, models, port=4242)
    profile, host = only(config), only(config).host
    assert host
    assert "port 4242 on 127.0.0.1 of box is taken" in process.port_taken(profile).sentence
