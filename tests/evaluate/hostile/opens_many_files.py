"""Opens a thousand files at once."""
import os
def total(numbers):
    kept = [os.open(os.__file__, os.O_RDONLY) for _ in range(1000)]
    return sum(numbers) if kept else None
