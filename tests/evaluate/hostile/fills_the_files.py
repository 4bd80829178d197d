"""Makes a hundred thousand files, and a gigabyte in one."""
import io
import tempfile
def total(numbers):
    folder = tempfile.mkdtemp()
    for number in range(100_000):
        io.open(f"{folder}/{number}", "w").close()
    return sum(numbers)
