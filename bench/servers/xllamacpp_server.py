"""llama.cpp's own server from the wheel xllamacpp, with the flags of llama-server that profiles use.

Run as `python bench/servers/xllamacpp_server.py -m MODEL.gguf --port 8080 …`; it imports nothing of this
project. A flag that it does not know is refused by name, never ignored.
"""

import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

Setter = Callable[[Any, str], None]


def _field(name: str, convert: Callable[[str], Any] = str) -> Setter:
    return lambda params, value: setattr(params, name, convert(value))


def _enum(name: str, prefix: str) -> Setter:
    def put(params: Any, value: str) -> None:
        known = type(getattr(params, name))
        setattr(params, name, known[prefix + value.upper().replace("-", "_")])

    return put


def _threads(params: Any, value: str) -> None:
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(value)


def _flash_attention(params: Any, value: str) -> None:
    names = {"on": "ENABLED", "off": "DISABLED", "auto": "AUTO"}
    _enum("flash_attn_type", "LLAMA_FLASH_ATTN_TYPE_")(params, names[value])


VALUES: dict[tuple[str, ...], Setter] = {
    ("-m", "--model"): lambda params, value: setattr(params.model, "path", value),
    ("--host",): lambda params, value: setattr(params, "hostnames", [value]),
    ("--port",): _field("port", int),
    ("-c", "--ctx-size"): _field("n_ctx", int),
    ("-np", "--parallel"): _field("n_parallel", int),
    ("-t", "--threads"): _threads,
    ("-b", "--batch-size"): _field("n_batch", int),
    ("-ub", "--ubatch-size"): _field("n_ubatch", int),
    ("-ngl", "--gpu-layers", "--n-gpu-layers"): _field("n_gpu_layers", int),
    ("-sm", "--split-mode"): _enum("split_mode", "LLAMA_SPLIT_MODE_"),
    ("-ot", "--override-tensor"): _field("tensor_buft_overrides"),
    ("-fit", "--fit"): _field("fit_params", {"on": True, "off": False}.__getitem__),
    ("-fa", "--flash-attn"): _flash_attention,
    ("-ctk", "--cache-type-k"): _enum("cache_type_k", "GGML_TYPE_"),
    ("-ctv", "--cache-type-v"): _enum("cache_type_v", "GGML_TYPE_"),
    ("-a", "--alias"): _field("model_alias", lambda value: {value}),
    ("--api-key",): _field("api_keys", lambda value: [value]),
    ("--chat-template",): _field("chat_template"),
    ("--reasoning-format",): _enum("reasoning_format", "COMMON_REASONING_FORMAT_"),
}
"""Flags with a value, spelled as llama-server spells them."""

SWITCHES: dict[str, tuple[str, bool]] = {
    "--jinja": ("use_jinja", True),
    "--no-jinja": ("use_jinja", False),
    "--metrics": ("endpoint_metrics", True),
    "--no-warmup": ("warmup", False),
    "--context-shift": ("ctx_shift", True),
    "--no-context-shift": ("ctx_shift", False),
}
SETTERS = {spelling: setter for spellings, setter in VALUES.items() for spelling in spellings}
DEFAULTS = {"n_ctx": 0, "n_parallel": 1, "kv_unified": False, "fit_params": False, "use_jinja": True, "warmup": True}


class RefusedError(Exception):
    """A flag or a value that this server does not know."""


def unknown(argv: Sequence[str]) -> list[str]:
    """The flags in `argv` that this server does not know, with stray values."""
    flags: list[str] = []
    rest = list(argv)
    while rest:
        flag = rest.pop(0)
        if flag in SETTERS and rest:
            rest.pop(0)
        elif flag not in SWITCHES:
            flags.append(flag)
    return flags


def refusal(flags: Sequence[str]) -> str:
    """The sentence for unknown flags."""
    return (
        f"the wheel's llama.cpp server does not know {' '.join(flags)}; take it out of args or placement, or use a "
        "llama-server (server.executable)."
    )


def apply(params: Any, argv: Sequence[str]) -> None:
    """Set the wheel's parameters by the flags in `argv`. Raises RefusedError."""
    if unknown(argv):
        raise RefusedError(refusal(unknown(argv)))
    rest = list(argv)
    while rest:
        flag = rest.pop(0)
        if flag in SWITCHES:
            setattr(params, *SWITCHES[flag])
            continue
        value = rest.pop(0)
        try:
            SETTERS[flag](params, value)
        except (ValueError, KeyError, TypeError, OverflowError):
            raise RefusedError(f"{flag} {value} is impossible for the wheel's llama.cpp server; fix it.") from None


def main(argv: Sequence[str]) -> int:
    """Serve until a signal ends the process; 1 where the server does not start."""
    import xllamacpp  # noqa: PLC0415 - heavy, and an optional extra

    params = xllamacpp.CommonParams()
    for name, value in DEFAULTS.items():
        setattr(params, name, value)
    try:
        apply(params, argv)
        server = xllamacpp.Server(params)
    except (RefusedError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("listening on", server.listening_address, flush=True)
    signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
