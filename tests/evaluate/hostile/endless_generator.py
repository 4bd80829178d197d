"""Returns a generator without an end."""
def total(numbers):
    while True:
        yield 6
