"""Work on several things at once, results as they come; the threads die with the process, so Ctrl-C waits for none."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def each(
    jobs: Iterable[Job], work: Callable[[Job], Result], workers: int, *, buffer: int = 0
) -> Iterator[tuple[Job, Result]]:
    """Do `work` on each job in that many threads; yields jobs with results.

    At most `buffer` results wait for the caller (0: any number). Raises the exception of `work`, after the results
    before it: jobs in flight are abandoned, and none is begun any more, also when the caller stops iterating.
    """
    done: queue.Queue[tuple[Job, Result] | BaseException | None] = queue.Queue(buffer)
    waiting, lock, stop = iter(jobs), threading.Lock(), threading.Event()

    def put(item: tuple[Job, Result] | BaseException | None) -> None:
        while not stop.is_set():
            with contextlib.suppress(queue.Full):
                done.put(item, timeout=1)
                return

    def run() -> None:
        try:
            while not stop.is_set():
                with lock:
                    job = next(waiting, None)
                if job is None:
                    break
                put((job, work(job)))
            put(None)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            put(error)

    for _ in range(workers):
        threading.Thread(target=run, daemon=True).start()
    try:
        while workers:
            item = done.get()
            if item is None:
                workers -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item
    finally:
        stop.set()
