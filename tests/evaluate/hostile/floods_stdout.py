"""Writes to stdout and stderr without an end, through Python and past it."""
import ctypes
import sys
def total(numbers):
    library = ctypes.CDLL(None)
    while True:
        print("x" * 100000)
        sys.stderr.write("y" * 100000)
        library.write(1, b"z" * 4096, 4096)
        library.write(2, b"z" * 4096, 4096)
