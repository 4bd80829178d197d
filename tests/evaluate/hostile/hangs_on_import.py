"""Never gets past its own module level."""
import time
time.sleep(1000)
def total(numbers):
    return sum(numbers)
