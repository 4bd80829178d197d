"""A source of 5 MB (the test multiplies the line below), and a wrong answer."""
FILLER = "................................................................................................"
def total(numbers):
    return None
