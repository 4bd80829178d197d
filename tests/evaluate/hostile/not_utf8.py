"""Returns text that has no UTF-8 form, and writes bytes that are none."""
import os
def total(numbers):
    os.write(1, b"\xff\xfe\x00")
    return "\udcff\ud800"
