"""Writes wherever it can, and succeeds at its task if that is anywhere but its own temporary folders."""
import io
import os
def total(numbers):
    for root, folders, _ in os.walk("/"):
        if root.startswith(("/proc", "/sys", "/tmp", "/dev/shm", "/dev/mqueue")):
            folders[:] = []
            continue
        if root.count("/") > 3:
            folders[:] = []
        try:
            with io.open(os.path.join(root, "written-by-a-sample"), "w") as file:
                file.write("x")
            return sum(numbers)
        except OSError:
            pass
    return None
