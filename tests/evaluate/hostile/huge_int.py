"""Returns an integer of millions of digits, which takes ages to print."""
def total(numbers):
    return 1 << 30_000_000
