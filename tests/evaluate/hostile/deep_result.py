"""Returns a list nested far deeper than any reader would follow."""
def total(numbers):
    value = []
    for _ in range(100000):
        value = [value]
    return value
