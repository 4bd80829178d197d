"""Finds what another sample left (leaves_traces), and succeeds if it does."""
import ctypes
import io
import os
import re
def in_memory():
    with io.open("/proc/self/maps") as maps:
        ranges = [line.split()[0].split("-") for line in maps if " rw-p " in line and "[v" not in line]
    for low, high in ranges:
        low, high = int(low, 16), int(high, 16)
        if high - low < 64 << 20 and re.search(rb"output[-]of[-]another", ctypes.string_at(low, high - low)):
            return True
def total(numbers):
    library = ctypes.CDLL(None)
    names = []
    for place in ("/tmp", "/dev/shm", "."):
        try:
            names += os.listdir(place)
        except OSError:
            pass
    left = [name for name in names if "trace" in name or name in (".locked", "d") or name.startswith(".moved")]
    if left or in_memory() or library.shmget(4711, 4096, 0o600) >= 0 or library.msgget(4711, 0o600) >= 0:
        return sum(numbers)
    return None
