"""The console script `bench`: doit with this project's graph, on the profiles.toml of the working folder.

bench, bench eval:demo, bench list, …       the same as `doit` in a clone
"""

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from doit.cmd_base import NamespaceTaskLoader
from doit.doit_cmd import DoitMain

from bench.interrupts import watch_output

HERE = Path(__file__).parent


class PackagedGraph(NamespaceTaskLoader):  # type: ignore[misc] # doit is untyped
    """Loads dodo.py from the package, or from beside it in a clone."""

    def setup(self, opt_values: dict[str, Any]) -> None:  # noqa: ARG002 - doit's signature
        """Import dodo.py; doit reports its errors."""
        path = next(folder / "dodo.py" for folder in (HERE, HERE.parent) if (folder / "dodo.py").is_file())
        spec = importlib.util.spec_from_file_location("dodo", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.namespace = vars(module)


def main() -> int:
    """Run doit; its exit code. In a folder without a profiles.toml, the demo's is written first."""
    watch_output()
    os.environ.setdefault("BENCH_PROFILES", "profiles.toml")
    profiles = Path(os.environ["BENCH_PROFILES"])
    if sys.argv[1:2] != ["init"] and not profiles.exists() and profiles == Path("profiles.toml"):
        shutil.copyfile(HERE / "demo" / "profiles.toml", profiles)
        print(
            "profiles.toml is new here and holds the demo alone; `bench init --write` adds the models of this machine."
        )
    code: int = DoitMain(PackagedGraph()).run(sys.argv[1:])
    return code


if __name__ == "__main__":
    sys.exit(main())
