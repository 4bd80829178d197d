"""Sleeps through its time."""
import time
def total(numbers):
    time.sleep(1000)
