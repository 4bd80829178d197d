"""Takes all the memory that it can get and touches it."""
def total(numbers):
    held = []
    while True:
        held.append(bytearray(b"x") * (64 << 20))
