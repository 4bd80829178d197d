"""Raises an exception whose own attributes raise."""
class Awful(BaseException):
    @property
    def __traceback__(self):
        raise self
    @property
    def __class__(self):
        raise self
    def __str__(self):
        raise self
def total(numbers):
    raise Awful
