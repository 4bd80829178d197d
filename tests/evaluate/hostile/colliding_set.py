"""Returns a large set whose items share one hash, which is slow to build again."""
def total(numbers):
    return {n * (2**61 - 1) for n in range(1, 400)}
