"""A loop that never ends."""
def total(numbers):
    while True:
        pass
