"""Images that stand in for those of a registry, made of Debian packages and of what is installed here."""

import subprocess
import sys
from pathlib import Path

SANDBOX = "bench-sandbox:test"
SERVER = "bench-llama-server:test"

FOLDER = Path(__file__).parent


def sandbox() -> str:
    """A sandbox image; a running Docker engine is needed."""
    subprocess.run([FOLDER / "sandbox-image.sh", SANDBOX], check=True)
    return SANDBOX


def server() -> str:
    """llama.cpp's server; a running Docker engine is needed, and the wheel in this Python."""
    subprocess.run([FOLDER / "llama-server-image.sh", SERVER, sys.executable], check=True)
    return SERVER
