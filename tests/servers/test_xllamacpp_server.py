import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.profiles.file import load
from bench.servers import xllamacpp_server
from tests.servers.helpers import Make, say, serving

TENSORS = r"blk\.([0-9]|1[01])\.=CPU,exps=CPU"


@pytest.fixture
def params() -> Any:
    """The parameters of llama.cpp's server."""
    return pytest.importorskip("xllamacpp").CommonParams()


def test_flags_are_set(params: Any) -> None:
    """Flags spelled as llama-server spells them set the wheel's parameters."""
    argv = (
        "-m x.gguf -c 4096 -np 2 -t 3 -b 128 -ub 64 -ngl 99 --fit off -fa on -ctk q8_0 --cache-type-v q8_0 -sm layer "
        f"--jinja --no-context-shift --reasoning-format none -ot {TENSORS} --api-key k -a name"
    )
    xllamacpp_server.apply(params, argv.split())
    assert (params.model.path, params.n_ctx, params.n_parallel, params.cpuparams.n_threads) == ("x.gguf", 4096, 2, 3)
    assert (params.n_batch, params.n_ubatch, params.n_gpu_layers, params.fit_params) == (128, 64, 99, False)
    assert (params.cache_type_k.name, params.cache_type_v.name) == ("GGML_TYPE_Q8_0", "GGML_TYPE_Q8_0")
    assert params.flash_attn_type.name.endswith("ENABLED")
    assert params.reasoning_format.name.endswith("NONE")
    assert (params.api_keys, params.model_alias) == (["k"], {"name"})


def test_flags_of_the_shipped_profiles() -> None:
    """The wheel's server, and with it every test here, knows all flags of the profiles that are shipped."""
    config = load(Path(__file__).parents[2] / "profiles.toml")
    flags = [flag for profile in config.profiles for flag in (*profile.args, *profile.placement)]
    assert "-ot" in flags
    assert xllamacpp_server.unknown(flags) == []


def test_flags_that_are_not_known() -> None:
    """A flag is known by its whole spelling: one that begins like another is not taken for it."""
    assert xllamacpp_server.unknown(["-m", "x", "-mg", "0", "--jinja", "-ctx", "--mlock", "-c"]) == [
        "-mg", "0", "-ctx", "--mlock", "-c",
    ]  # fmt: skip


@pytest.mark.parametrize("flag", ["-c many", "-fa perhaps", "-ctk q99", "--fit so", "-ot x=CUDA0", "--port 9999999999"])
def test_impossible_values(params: Any, flag: str) -> None:
    """A value that the server cannot take is refused with its flag."""
    with pytest.raises(xllamacpp_server.RefusedError, match=f"^{flag} is impossible for the wheel's"):
        xllamacpp_server.apply(params, flag.split())


def test_prints_one_line_where_it_cannot_start(tmp_path: Path) -> None:
    """Run by itself, without the rest of the project, it ends with one line and exit code 1, not a traceback."""
    pytest.importorskip("xllamacpp")
    program = tmp_path / "server.py"
    program.write_bytes(Path(xllamacpp_server.__file__).read_bytes())
    ended = subprocess.run([sys.executable, program, "--mlock"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: the wheel's llama.cpp server does not know --mlock;")
    assert "Traceback" not in ended.stderr


def test_serves_with_tensors_placed_by_hand(make: Make, log: Path) -> None:
    """A regex for tensors, with all its special characters, reaches the server and works."""
    with serving(make("process", placement=["-t", "1", "-ot", TENSORS]), log) as endpoint:
        assert say(endpoint, "two and two?") == "It is 4."
