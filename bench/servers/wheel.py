"""llama.cpp's own server out of the wheel xllamacpp, behind the flags of llama-server that profiles use.

Run as `python -m bench.servers.wheel -m MODEL.gguf --port 8080 …`. Flags about where a model runs that make no sense
for this build (tensor overrides, split modes) are refused by name.
"""

import argparse
import signal
import sys
from typing import Any


def parser() -> argparse.ArgumentParser:
    """The flags that this server knows, spelled as llama-server spells them."""
    flags = argparse.ArgumentParser(prog="bench.servers.wheel", allow_abbrev=False)
    flags.add_argument("-m", "--model", required=True)
    flags.add_argument("--host", default="127.0.0.1")
    flags.add_argument("--port", type=int, default=8080)
    flags.add_argument("-c", "--ctx-size", type=int, default=0)
    flags.add_argument("-np", "--parallel", type=int, default=1)
    flags.add_argument("-t", "--threads", type=int, default=-1)
    flags.add_argument("-b", "--batch-size", type=int)
    flags.add_argument("-ub", "--ubatch-size", type=int)
    flags.add_argument("-ngl", "--n-gpu-layers", type=int)
    flags.add_argument("-a", "--alias")
    flags.add_argument("--api-key", action="append", default=[])
    flags.add_argument("--metrics", action="store_true")
    flags.add_argument("--jinja", action="store_true")
    flags.add_argument("--no-context-shift", action="store_true")
    flags.add_argument("--no-warmup", action="store_true")
    flags.add_argument("--fit", choices=["on", "off"], default="off")
    flags.add_argument("--reasoning-format", choices=["none", "auto", "deepseek-legacy", "deepseek"])
    return flags


def params(argv: list[str]) -> Any:
    """The wheel's parameters for those flags."""
    import xllamacpp  # noqa: PLC0415 - heavy, and an optional extra

    flags = parser().parse_args(argv)
    found = xllamacpp.CommonParams()
    found.model.path = flags.model
    found.hostnames = [flags.host]
    found.port = flags.port
    found.n_ctx = flags.ctx_size
    found.n_parallel = flags.parallel
    found.kv_unified = False
    found.cpuparams.n_threads = flags.threads
    found.cpuparams_batch.n_threads = flags.threads
    found.fit_params = flags.fit == "on"
    found.warmup = not flags.no_warmup
    found.endpoint_metrics = flags.metrics
    found.use_jinja = True
    found.api_keys = flags.api_key
    for name, value in (("n_batch", flags.batch_size), ("n_ubatch", flags.ubatch_size), ("n_gpu_layers", flags.n_gpu_layers)):
        if value is not None:
            setattr(found, name, value)
    if flags.alias:
        found.model_alias = {flags.alias}
    if flags.reasoning_format:
        name = "COMMON_REASONING_FORMAT_" + flags.reasoning_format.replace("-", "_").upper()
        found.reasoning_format = getattr(xllamacpp.common_reasoning_format, name)
    return found


def main(argv: list[str]) -> None:
    """Serve until a signal ends the process."""
    import xllamacpp  # noqa: PLC0415 - heavy, and an optional extra

    server = xllamacpp.Server(params(argv))
    print("listening on", server.listening_address, flush=True)
    signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:])
