"""Recurses until the C stack is gone."""
import sys
sys.setrecursionlimit(10**9)
def total(numbers):
    class Deep:
        def __getattr__(self, name):
            return getattr(self, name + "x")
    return [total(numbers), Deep().a]
