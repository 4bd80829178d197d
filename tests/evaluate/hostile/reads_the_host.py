"""Reads what no sample may see: results, home, passwords, other processes."""
import io
import os
def total(numbers):
    for path in ("/root/.bashrc", "/home", "/etc/shadow", "/proc/1/environ", "/proc/1/mem", "/proc/1/maps", "/proc/1/fd/0",
                 "/srv", "/results", "../../results"):
        try:
            if os.listdir(path) if os.path.isdir(path) else io.open(path, "rb").read(1):
                return sum(numbers)
        except OSError:
            pass
    return None
