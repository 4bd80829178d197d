"""Reads address zero."""
import ctypes
def total(numbers):
    return ctypes.string_at(0)
