"""Returns a dict whose items never end, for whoever copies them."""
import itertools
class Endless(dict):
    def items(self):
        return ((n, n) for n in itertools.count())
    def __iter__(self):
        return itertools.count()
    def __len__(self):
        return 1
def total(numbers):
    return Endless()
