"""Returns a list that holds itself."""
def total(numbers):
    value = []
    value.append(value)
    return value
