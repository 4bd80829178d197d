import re
from pathlib import Path

import pytest

from bench.errors import ProfilesError
from bench.profiles import THIS_MACHINE, Config
from bench.profiles.file import load

BOX = '[hosts.box]\ndocker = "ssh://me@box"\nmodels = "/srv/models"\n'
LAB = '[hosts.lab]\nendpoints = ["http://a:8080/v1", "https://b/v1"]\n'
ON_BOX = '[profiles.a]\nmodel = "a.gguf"\nhost = "box"\n'
ON_LAB = '[profiles.b]\nmodel = "b"\nhost = "lab"\n'


def read(tmp_path: Path, text: str) -> Config:
    """The profiles file with that text."""
    (tmp_path / "profiles.toml").write_text(text)
    return load(tmp_path / "profiles.toml")


def test_hosts_decide_where(tmp_path: Path) -> None:
    """A host makes its profiles run in containers there or at its endpoints, whatever [server] says for the others."""
    text = '[server]\nkind = "process"\nport = 9000\nretries = 7\n' + BOX + LAB + ON_BOX + ON_LAB
    config = read(tmp_path, text + '[profiles.c]\nmodel = "c.gguf"\n')
    a, b, c = config.profiles
    assert [(p.server.kind, p.server.port, p.machine) for p in (a, b, c)] == [
        ("compose", 0, "box"), ("endpoint", 0, "lab"), ("process", 9000, THIS_MACHINE),
    ]  # fmt: skip
    assert [p.needs_file for p in (a, b, c)] == [False, False, True]
    assert a.server.retries == 7
    assert a.host
    assert (a.host.listen, a.host.port, a.host.addresses) == ("127.0.0.1", 8080, ("ssh://me@box",))
    assert b.host
    assert b.host.addresses == ("http://a:8080/v1", "https://b/v1")


def test_no_hosts(tmp_path: Path) -> None:
    """Without hosts, solutions, endpoints and programs take no turn on a machine; containers and processes do."""
    kinds = {
        "x": 'model = "x"\nserver = { kind = "endpoint", base_url = "http://a" }',
        "y": 'server = { kind = "command", command = ["cat"] }',
        "z": 'solutions = "z/"',
        "w": 'model = "w.gguf"',
    }
    text = "".join(f"[profiles.{name}]\n{keys}\n" for name, keys in kinds.items())
    assert [p.machine for p in read(tmp_path, text).profiles] == ["", "", "", THIS_MACHINE]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOX + ON_LAB, '[profiles.b] host = "lab" is not declared; add a section [hosts.lab]'),
        (BOX.replace("box", "bax", 1) + ON_BOX, 'host = "box" is not declared; did you mean "bax"?'),
        (
            BOX + ON_BOX + 'server = { kind = "process" }',
            'server.kind is for the host to decide; remove it, or host = "b',
        ),
        (LAB + ON_LAB + 'server = { base_url = "http://c" }', "server.base_url is for the host to decide"),
        (BOX + '[profiles.a]\nsolutions = "a/"\nhost = "box"\n', "solutions are imported on this machine"),
        (BOX + '[profiles.a]\nmodel = "builtin:demo"\nhost = "box"\n', "a builtin model runs on this machine"),
        (BOX + '[profiles.a]\nmodel = "a"\nhost = "box"\n', "name a file that ends in .gguf"),
        (BOX + ON_BOX.replace('"box"', "3"), "host = 3 is impossible; use one line of plain text"),
        ("[hosts]\nbox = 3\n" + ON_BOX, "[hosts.box] is not a table"),
        ('[hosts."this machine"]\ndocker = "x"\n' + ON_BOX, "a host's name has letters"),
        ('[hosts.box]\nmodels = "/srv"\n' + ON_BOX, "[hosts.box] has neither docker nor endpoints; set one of them"),
        (BOX + 'endpoints = ["http://a"]\n' + ON_BOX, "has both docker and endpoints; keep one of them"),
        (BOX + "modles = 3\n" + ON_BOX, 'unknown key "modles"; did you mean "models"?'),
        (BOX + 'name = "x"\n' + ON_BOX, 'unknown key "name"'),
        (
            BOX.replace("ssh:", "http:") + ON_BOX,
            "write ssh://user@host, tcp://host:port, or the name of a docker context",
        ),
        (BOX.replace("/srv", "srv") + ON_BOX, "name the host's own folder of models, from its root"),
        (BOX + 'listen = "box"\n' + ON_BOX, 'listen = "box" is impossible; write it as 127.0.0.1'),
        (BOX + 'listen = "0.0.0.0"\n' + ON_BOX, 'add url = "http://<how it is reached from here>:8080"'),
        (BOX + "port = 0\n" + ON_BOX, "port = 0 is impossible"),
        (BOX + 'url = "box:8080"\n' + ON_BOX, 'url = "box:8080" is impossible; write it as http://host:port/v1'),
        (LAB + "port = 1\n" + ON_LAB, "port is for a host with docker; remove it"),
        (LAB.replace("https://b/v1", "b:80") + ON_LAB, 'endpoints = "b:80" is impossible'),
        (LAB.replace("https://b/v1", "http://b:99999/v1") + ON_LAB, 'endpoints = "http://b:99999/v1" is impossible'),
        (LAB.replace("https://b/v1", "http://a:8080/v1") + ON_LAB, "name each of them once"),
        (LAB.replace("https://b", "https://me:secret@b") + ON_LAB, "put the key into the environment"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    """Each mistake gives one sentence with section, key, value and remedy."""
    with pytest.raises(ProfilesError, match=re.escape(message)) as caught:
        read(tmp_path, text)
    assert "\n" not in caught.value.sentence
    assert "profiles.toml" in caught.value.sentence
