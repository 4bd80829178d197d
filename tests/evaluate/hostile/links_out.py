"""Symbolic links from its folder to the world, read and written through."""
import io
import os
def total(numbers):
    for number, target in enumerate(("/etc/passwd-", "/root", "/proc/1/root", "/proc/1/cwd", "/proc/self/root/box")):
        link = "/tmp/link%d" % number
        try:
            os.symlink(target, link)
            if target != "/proc/self/root/box" and os.path.isdir(link) and os.listdir(link):
                return sum(numbers)
            with io.open(link + "/x", "w"):
                return sum(numbers)
        except OSError:
            pass
    return None
