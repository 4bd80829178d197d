"""Writes to every setting of the kernel that it finds."""
import io
import os
def total(numbers):
    for folder, _, names in os.walk("/proc/sys"):
        for name in names:
            try:
                with io.open(f"{folder}/{name}", "r+") as file:
                    text = file.read()
                    file.seek(0)
                    file.write(text)
                return sum(numbers)
            except (OSError, ValueError, UnicodeDecodeError):
                pass
    return None
