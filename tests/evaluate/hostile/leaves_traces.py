"""Leaves files, deep folders, shared memory, a queue and an output in memory for the next sample (finds_traces)."""
import ctypes
import io
import os
def total(numbers):
    library = ctypes.CDLL(None)
    for place in ("/tmp", "/dev/shm", "."):
        try:
            with io.open(place + "/trace-of-a-sample", "w") as file:
                file.write("x")
            os.mkdir(place + "/.locked", 0)
        except OSError:
            pass
    path = b"/tmp"
    for _ in range(600):
        path += b"/d" * 3
        library.mkdir(path[:-4], 0o700)
        library.mkdir(path[:-2], 0o700)
        library.mkdir(path, 0o700)
    library.shmget(4711, 4096, 0o1600)
    library.msgget(4711, 0o1600)
    return "output-of-" + "another-sample" * 9
