import os
import re
from pathlib import Path

import pytest

from bench.errors import ProfilesError
from bench.profiles import Config
from bench.profiles.file import load
from tests.running import run

GOOD = '[profiles.a]\ntitle = "A"\nmodel = "a.gguf"\n'


def read(tmp_path: Path, text: str) -> Config:
    """The profiles file with that text."""
    file = tmp_path / "profiles.toml"
    file.write_text(text)
    return load(file)


def test_inheritance(tmp_path: Path) -> None:
    """A profile takes defaults and the server's settings, and overrides both."""
    config = read(
        tmp_path,
        "[defaults]\nmax_tokens = 100\nslots = 2\n[server]\nkind = 'process'\n"
        + GOOD
        + "max_tokens = 200\n[profiles.a.server]\nport = 9000\n",
    )
    profile = config.profile("a")
    assert (profile.sampling.max_tokens, profile.sampling.slots) == (200, 2)
    assert (profile.server.kind, profile.server.port) == ("process", 9000)


def test_several_imported_samples(tmp_path: Path) -> None:
    """Several imported solutions of a problem need no temperature, since nothing is sampled."""
    config = read(tmp_path, '[profiles.a]\nsolutions = "x.jsonl"\nsamples = 10\n')
    assert config.profile("a").sampling.samples == 10


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """Models and results lie beside the profiles file unless it says otherwise."""
    config = read(tmp_path, '[paths]\nmodels = "m"\n' + GOOD)
    assert config.model_path(config.profile("a")) == tmp_path / "m" / "a.gguf"
    assert config.layout.root == tmp_path / "results"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "declares no profile"),
        ("[profiles", "not valid TOML"),
        ("[profile.a]\n", 'unknown key "profile"; did you mean "profiles"?'),
        (GOOD + "max_token = 5", r'[profiles.a] has the unknown key "max_token"; did you mean "max_tokens"?'),
        (GOOD + "max_tokens = '5'", 'max_tokens = "5" is impossible; use a whole number of 1 or more'),
        (GOOD + "max_tokens = true", "max_tokens = true is impossible; use a whole number of 1 or more"),
        (GOOD + "max_tokens = 99999999999999999999", "is impossible; use a whole number of 1 or more and up to"),
        (GOOD + "[profiles.a.server]\nkind = 'proces'\n", 'did you mean "process"? It is one of compose, process'),
        (GOOD + "server = 3", "[profiles.a.server] is not a table"),
        ("[[profiles.a]]\nmodel = 'a.gguf'\n", "[profiles.a] is not a table"),
        (GOOD + "x = " + "[" * 5000, "nested too deeply"),
        (GOOD + "max_tokens = 0", "max_tokens = 0 is impossible"),
        (GOOD + "request = { stream = false }", "request.stream = false is impossible; the client decides that"),
        (GOOD + "omit = ['messages']", 'omit = "messages" is impossible; without it nothing is asked'),
        (GOOD + "omit = 'top_p'", "omit"),
        (GOOD + "request = { until = 2026-01-01 }", "is impossible; use text, numbers, true, false, lists and tables"),
        (GOOD + "request = { min_p = nan }", "request.min_p = nan is impossible"),
        (
            GOOD + "[profiles.a.server]\nstall_timeout = inf\n",
            "stall_timeout = inf is impossible; use a number above 0",
        ),
        (GOOD + "max_tokens = 99999", "max_tokens = 99999 is impossible; it must be below context"),
        (GOOD + 'reasoning = "none"', 'reasoning = "none" is impossible; choose among off, low, medium, high'),
        (GOOD + "samples = 10", "greedy samples are all the same"),
        (
            GOOD + 'datasets = ["human"]',
            'datasets = "human" is impossible; did you mean "humaneval"?',
        ),
        ("[profiles.a]\ntitle = 'A'\n", "has no model"),
        (GOOD + 'solutions = "x"', "both model and solutions"),
        (GOOD + '[profiles.b]\ntitle = "A"\nmodel = "b.gguf"\n', 'title = "A" is that of [profiles.a] too'),
        ('[profiles."a/b"]\nmodel = "b.gguf"\n', "names a folder"),
        (GOOD + "[profiles.a.server]\nkind = 'ssh'\n", 'kind = "ssh" is impossible; choose among compose'),
        (GOOD + "[profiles.a.server]\nkind = 'endpoint'\n", "write it as http://"),
        ("defaults = 3\n" + GOOD, "[defaults] is not a table"),
        ("[sandbox]\nmemory = 1\n" + GOOD, "memory = 1 is impossible"),
        (
            '[evaluate]\nscheduler = "head:8786"\n' + GOOD,
            'scheduler = "head:8786" is impossible; write it as tcp://host:8786',
        ),
        ('[profiles.a]\nmodel = "a.bin"\n', "ends in .gguf"),
        ('[profiles.a]\nmodel = "builtin:demmo"\n', 'model = "builtin:demmo" is impossible; known: builtin:demo'),
        (
            '[profiles.a]\nmodel = "builtin:demo"\nserver = { kind = "endpoint", base_url = "http://a/v1" }\n',
            'server.kind = "endpoint" is impossible; a builtin model is served by a llama-server',
        ),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    """Each mistake gives one sentence with section, key, value and remedy."""
    with pytest.raises(ProfilesError, match=re.escape(message)) as caught:
        read(tmp_path, text)
    assert "\n" not in caught.value.sentence
    assert "profiles.toml" in caught.value.sentence


ESCAPE = "\\u001b[31m"
"""As TOML writes what turns a terminal red."""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'title = "A{ESCAPE}"', 'title = "A\\u001b[31m" is impossible; use one line of plain text'),
        ('title = "A\\nB"', r'title = "A\nB" is impossible; use one line of plain text'),
        ('note = """\nA note.\n"""', r'note = "A note.\n" is impossible'),
        ('note = "\\u202eA"', 'note = "⟨U+202E⟩A" is impossible'),
        (f'reference = "{ESCAPE}"', 'reference = "\\u001b[31m" is impossible'),
        (f'model = "{ESCAPE}.gguf"', 'model = "\\u001b[31m.gguf" is impossible'),
        (f'solutions = ["a", "{ESCAPE}"]', 'solutions = "\\u001b[31m" is impossible; use a list of texts'),
        (f'host = "{ESCAPE}"', 'host = "\\u001b[31m" is impossible'),
        (f'"{ESCAPE}" = 1', 'has the unknown key "␛[31m"'),
        (f'[profiles."b{ESCAPE}"]', "[profiles.b␛[31m]: an id has at most 100 letters"),
        (f'[hosts."b{ESCAPE}"]', "[hosts.b␛[31m]: a host's name has letters"),
        (f'["{ESCAPE}"]', 'has the unknown key "␛[31m"'),
    ],
)
def test_what_a_terminal_would_obey(tmp_path: Path, text: str, message: str) -> None:
    """What `doit list` and the lines of a run show is plain text, and so is the sentence that says that it is not."""
    with pytest.raises(ProfilesError, match=re.escape(message)) as caught:
        read(tmp_path, text if text.startswith("[") else f"[profiles.a]\n{text}\n")
    assert not set("\x1b\n\u202e") & set(caught.value.sentence)


def test_plain_titles(tmp_path: Path) -> None:
    """Letters of any script, signs and spaces are plain."""
    title = "Qwen3 Größe „π“ 模型 🙂"
    assert read(tmp_path, GOOD.replace('"A"', f'"{title}"')).profile("a").title == title


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is named, with the variable that names another."""
    with pytest.raises(ProfilesError, match="BENCH_PROFILES"):
        load(tmp_path / "none.toml")


@pytest.mark.parametrize("key", ["args", "placement"])
def test_flags_that_are_ours(tmp_path: Path, key: str) -> None:
    """A flag that moves the server to where nobody asks it is refused before anything starts."""
    with pytest.raises(ProfilesError, match=rf'\[profiles.a\] {key} = "--port" is impossible; leave it out'):
        read(tmp_path, f'{GOOD}{key} = ["--jinja", "--port", "80"]\n')


@pytest.mark.parametrize("key", ["args", "placement"])
def test_keys_of_servers_are_not_published(tmp_path: Path, key: str) -> None:
    """A server's own key among its flags, which reports show, is refused without being shown."""
    with pytest.raises(ProfilesError, match=f"{key} = .--api-key. is impossible; leave it out") as caught:
        read(tmp_path, f'{GOOD}{key} = ["--api-key", "s3cret"]\n')
    assert "s3cret" not in caught.value.sentence


@pytest.mark.parametrize(
    "address",
    [
        "http://ann:s3cret@127.0.0.1:80/v1",
        "http://s3cret@127.0.0.1/v1",
        "http://ann:s3cret@[::1/v1",
        "http://ann:s3c/ret@host/v1",
        "http://ann: s3cret@host/v1",
        "https://host/v1?key=s3cret",
        "https://host/v1?s3cret",
        "https://host/v1?api-version=1&k=s3cret",
        "https://host/v1?api-version=s3cret012345678901234567",
        "https://host/v1?api-version=1&api_key=s3cret#x",
        "ftp://ann:s3cret@host",
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        '[server]\nbase_url = "{}"\nkind = "endpoint"\n[profiles.a]\nmodel = "a"\n',
        '[profiles.a]\nmodel = "a"\nserver = {{ kind = "endpoint", base_url = "{}" }}\n',
        '[hosts.lab]\nendpoints = ["{}"]\n[profiles.a]\nmodel = "a"\nhost = "lab"\n',
        '[hosts.box]\ndocker = "box"\nmodels = "/m"\nurl = "{}"\n[profiles.a]\nmodel = "a.gguf"\nhost = "box"\n',
        '[evaluate]\nscheduler = "{}"\n[profiles.a]\nmodel = "a.gguf"\n',
        '[profiles.a]\nmodel = "a"\nserver = {{ kind = "endpoint", base_url = "http://a", api_key_env = "{}" }}\n',
    ],
)
def test_no_secret_in_an_address(tmp_path: Path, text: str, address: str) -> None:
    """An address with a password or a key is refused in every section, and the sentence shows neither."""
    with pytest.raises(ProfilesError, match="is impossible; ") as caught:
        read(tmp_path, text.format(address))
    assert "s3c" not in caught.value.sentence
    assert "ret@" not in caught.value.sentence


@pytest.mark.parametrize(
    "text",
    ["args = ['--x', '{}']\nmodel = 'a.gguf'", "placement = ['{}']\nmodel = 'a.gguf'",
     "server = {{ kind = 'command', command = ['curl', '{}'] }}"],
)  # fmt: skip
def test_no_password_in_a_command(tmp_path: Path, text: str) -> None:
    """An address among flags, which stand in reports, has no password; a user without one may stand there."""
    with pytest.raises(ProfilesError, match="read the password from the environment") as caught:
        read(tmp_path, "[profiles.a]\n" + text.format("http://ann:s3cret@host/v1"))
    assert "s3cret" not in caught.value.sentence
    assert read(tmp_path, "[profiles.a]\n" + text.format("ssh://ann@host:22/x")).profiles


def test_no_password_for_an_engine(tmp_path: Path) -> None:
    """The address of a Docker engine has no password; it stands in reports."""
    text = '[hosts.box]\ndocker = "{}"\nmodels = "/m"\n[profiles.a]\nmodel = "a.gguf"\nhost = "box"\n'
    with pytest.raises(ProfilesError, match="let ssh log in by a key") as caught:
        read(tmp_path, text.format("ssh://me:s3cret@box"))
    assert "s3cret" not in caught.value.sentence
    assert read(tmp_path, text.format("ssh://me@box:22")).profiles


@pytest.mark.parametrize(
    "name", ["REPORT.md", "report.MD", "report.html", "report.json", "history.jsonl", "NOTES_max_tokens.md",
             "humaneval_prompts.json"],
)  # fmt: skip
def test_names_of_the_results_folder(tmp_path: Path, name: str) -> None:
    """A profile whose folder would stand where a file of the results belongs is refused."""
    with pytest.raises(ProfilesError, match="belongs in the results folder; rename the profile"):
        read(tmp_path, f'[profiles."{name}"]\nmodel = "a.gguf"\n')


def test_long_ids(tmp_path: Path) -> None:
    """An id that is too long for the name of a folder is one sentence."""
    with pytest.raises(ProfilesError, match="an id has at most 100 letters"):
        read(tmp_path, f'[profiles.{"a" * 300}]\nmodel = "a.gguf"\n')
    assert read(tmp_path, f'[profiles.{"a" * 100}]\nmodel = "a.gguf"\n').profiles


@pytest.mark.parametrize(("named", "actual"), [("mine.toml", "mine"), ("../mine.toml", "outside"), ("", "shipped")])
def test_profiles_are_named_from_where_one_stands(tmp_path: Path, named: str, actual: str) -> None:
    """A relative BENCH_PROFILES counts from the folder in which doit is started, not from that of dodo.py."""
    places = {"mine": "work", "outside": ".", "shipped": "program"}
    for name, place in places.items():
        (tmp_path / place).mkdir(exist_ok=True)
        file = tmp_path / place / ("profiles.toml" if name == "shipped" else "mine.toml")
        file.write_text(f'[profiles.{name}]\nmodel = "a.gguf"\n')
    program = (
        "from pathlib import Path\nfrom bench.profiles.file import chosen, load\n"
        "found = load(chosen(Path(__file__).with_name('profiles.toml'))).profiles[0].id\n"
        "def task_it():\n    return {'actions': [lambda: print(found)], 'verbosity': 2}\n"
    )
    (tmp_path / "program" / "dodo.py").write_text(program)
    ran = run(
        "-f", "../program/dodo.py", "--db-file", str(tmp_path / "db"), cwd=tmp_path / "work",
        environment=os.environ | {"BENCH_PROFILES": named},
    )  # fmt: skip
    assert ran.stdout.splitlines()[-1:] == [actual], ran.stderr


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('duel = "c"', 'duel = "c" is impossible; '),
        ('duel = "b"', 'duel = "b" is impossible; '),
        ('duel = "a"\nsamples = 2\ntemperature = 0.8', "set samples = 1"),
        ('duel = "a"\ndatasets = ["humaneval", "mbpp"]', "a is not asked for mbpp"),
        ('duel = "a"\n[profiles.d]\nmodel = "d.gguf"\nduel = "b"', "b has a duel itself"),
        ('duel = "largest"', "give the profiles of one model the same family"),
        ("duel = 3", "duel = 3 is impossible; use one line"),
    ],
)
def test_duels_that_cannot_be(tmp_path: Path, text: str, sentence: str) -> None:
    """A duel is with another profile that asks every problem of the same datasets."""
    with pytest.raises(ProfilesError, match=re.escape(sentence)):
        read(tmp_path, f'{GOOD}[profiles.b]\nmodel = "b.gguf"\n{text}\n')
    with pytest.raises(ProfilesError, match="remove duel"):
        read(tmp_path, f'{GOOD}[profiles.b]\nsolutions = "x.jsonl"\nduel = "a"\n')
    assert read(tmp_path, f'{GOOD}[profiles.b]\nmodel = "b.gguf"\nduel = "a"\n').profile("b").duel == "a"
