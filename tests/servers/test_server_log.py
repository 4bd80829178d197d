from pathlib import Path

import pytest

from bench.errors import ServerError
from bench.servers import server_log


def add(log: Path, text: str) -> None:
    """What a server says."""
    with log.open("a") as file:
        file.write(text)


def test_starts_follow_each_other(tmp_path: Path) -> None:
    """Each start begins with its time and command; the last lines are those of the last start alone."""
    log = tmp_path / "new" / "server.log"
    server_log.begin(log, ["llama-server", "-ot", "a|b=CPU"])
    add(log, "first\n")
    server_log.begin(log, ["llama-server"])
    add(log, "second\nthird\n")
    assert log.read_text().splitlines()[0].endswith("  llama-server -ot 'a|b=CPU'")
    assert server_log.tail(log) == "second\nthird"


def test_last_lines_of_a_long_log(tmp_path: Path) -> None:
    """Of a log that is longer than what is looked at, the last 30 lines are shown."""
    log = tmp_path / "server.log"
    server_log.begin(log, ["x"])
    add(log, "".join(f"{number}\n" for number in range(50000)))
    assert server_log.tail(log).splitlines() == [str(number) for number in range(49970, 50000)]


def test_escape_codes(tmp_path: Path) -> None:
    """Colours, cursor moves and titles do not get into what people read."""
    log = tmp_path / "server.log"
    server_log.begin(log, ["x"])
    add(log, "\x1b[32mgreen\x1b[0m \x1b]0;title\x07end\x1b[2K\r\n")
    assert server_log.tail(log) == "green end"


def test_other_control_characters(tmp_path: Path) -> None:
    """What a terminal would obey and is no whole escape code is shown in the last lines."""
    log = tmp_path / "server.log"
    server_log.begin(log, ["x"])
    add(log, "a\b\u009b2J\tb\n")
    assert server_log.tail(log) == "a␈⟨U+009B⟩2J   b"


def test_no_log(tmp_path: Path) -> None:
    """Where there is no log, there are no last lines."""
    assert server_log.tail(tmp_path / "none") == ""


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    """A server's log that cannot be written is one sentence; a line of what is kept elsewhere too is left out."""
    with pytest.raises(ServerError) as caught:
        server_log.begin(tmp_path, ["x"])
    assert caught.value.sentence == f"{tmp_path} cannot be written (Is a directory); free space or make it writable."
    server_log.note(tmp_path, "a line")
    server_log.note(tmp_path / "log", "a line")
    assert (tmp_path / "log").read_text() == "a line\n"


@pytest.mark.parametrize(
    ("lines", "text", "hopeless"),
    [
        ("ggml_cuda: allocating 900 MiB on device 0: cudaMalloc failed: out of memory\nllama: error loading model: x",
         "cudaMalloc failed: out of memory", False),
        ("gguf_init: invalid magic characters: 'abcd', expected 'GGUF'\nfailed to load model",
         "invalid magic characters: 'abcd', expected 'GGUF'", True),
        ("load: error loading model: unknown model architecture: 'new'", "unknown model architecture: 'new'", True),
        ("llama-server: error while loading shared libraries: libgomp.so.1: cannot open shared object file",
         "libgomp.so.1: cannot open shared object file", True),
        ("error: invalid argument: --mlokc\nusage: …", "invalid argument: --mlokc", True),
        ("main: error: something else\nbye", "something else", False),
        ("all is well\nand it ends here.", "and it ends here", False),
        ("load_tensors: loading\n......................\n\n", "load_tensors: loading", False),
        ("warning: failed to mlock 7-byte buffer\n0.00.1 W srv: failed to see\nmain: exiting", "main: exiting", False),
        ("terminate called after throwing an instance of 'x'\n  what():  no parser for this template\n",
         "no parser for this template", False),
        ("", "", False),
    ],
)  # fmt: skip
def test_the_reason_in_a_log(tmp_path: Path, lines: str, text: str, *, hopeless: bool) -> None:
    """The most telling line gives the reason, whatever follows it, and whether another start may help."""
    log = tmp_path / "server.log"
    server_log.begin(log, ["llama-server"])
    add(log, lines)
    assert server_log.reason(log) == (text, hopeless)
