"""Finds what another sample left (leaves_traces), and succeeds if it does."""
import ctypes
import os
def total(numbers):
    library = ctypes.CDLL(None)
    names = []
    for place in ("/tmp", "/dev/shm", "."):
        try:
            names += os.listdir(place)
        except OSError:
            pass
    left = [name for name in names if "trace" in name or name in (".locked", "d") or name.startswith(".moved")]
    if left or library.shmget(4711, 4096, 0o600) >= 0 or library.msgget(4711, 0o600) >= 0:
        return sum(numbers)
    return None
