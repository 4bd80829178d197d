import os
import signal

import pytest

from bench.interrupts import ENDING, deferred_signals


def stopping(number: int, reached: list[str]) -> None:
    """Something that is being stopped while a signal comes twice."""
    with deferred_signals():
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
        reached.append("the end")


@pytest.mark.parametrize("number", ENDING)
def test_signals_wait(number: signal.Signals) -> None:
    """What is being stopped is stopped to the end, and the signal that came meanwhile counts afterwards."""
    reached: list[str] = []
    # Set here, for a job in the background has SIGINT ignored.
    before = {each: signal.signal(each, signal.default_int_handler) for each in ENDING}
    try:
        with pytest.raises(KeyboardInterrupt):
            stopping(number, reached)
        assert reached == ["the end"]
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_a_terminal_that_is_gone_is_told() -> None:
    """Of several signals, the one that says that the terminal is gone counts."""
    signals: list[int] = []
    before = {each: signal.signal(each, lambda number, _: signals.append(number)) for each in ENDING}
    try:
        with deferred_signals():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGHUP)
        assert signals == [signal.SIGHUP]
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_nothing_came() -> None:
    """Where no signal comes, the handlers are as before and nothing is raised."""
    before = signal.getsignal(signal.SIGINT)
    with deferred_signals():
        pass
    assert signal.getsignal(signal.SIGINT) is before
