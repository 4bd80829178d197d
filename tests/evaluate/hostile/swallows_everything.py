"""A loop that swallows every exception, time-outs and interrupts too."""
def total(numbers):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
