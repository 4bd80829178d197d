"""Returns a gigabyte."""
def total(numbers):
    return "x" * (1 << 30)
