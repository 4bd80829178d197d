"""Threads that never end, and a wrong answer."""
import threading
def spin():
    while True:
        pass
def total(numbers):
    for _ in range(8):
        threading.Thread(target=spin).start()
    return None
