"""Finish what must not be left half done: a refresh token that was sent, and the one that replaces it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Generic, TypeVar

from salesmate_nb.errors import ConnectionFailed

_Result = TypeVar("_Result")
_Handler = Callable[[int, FrameType | None], object] | int | None

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def uninterrupted(work: Callable[[], _Result]) -> _Result:
    """Return what `work` returns; Ctrl+C, or a request to end the process, takes effect once it is done.

    In the main thread signals wait until then. Other threads receive none; but a daemon thread ends with the
    process, so that `work` runs in a thread that the process waits for.

    Parameters
    ----------
    work : callable
        It must end by itself within a bounded time.

    Raises
    ------
    ConnectionFailed
        If the process is ending already; nothing was begun.
    """
    if threading.current_thread() is threading.main_thread():
        with _signals_held():
            return work()
    if not threading.current_thread().daemon:
        return work()
    if not threading.main_thread().is_alive():
        raise ConnectionFailed("This process is ending, so that no token is refreshed any more.")
    running = _Running(work)
    running.start()
    running.join()
    return running.result()


class _Running(threading.Thread, Generic[_Result]):
    """A thread that the process waits for, which keeps what its work returns or raises."""

    def __init__(self, work: Callable[[], _Result]) -> None:
        super().__init__(name="salesmate_nb-finish", daemon=False)
        self._work = work
        self._results: list[_Result] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as err:  # noqa: BLE001 - raised by result(), in the thread that waits
            self._error = err

    def result(self) -> _Result:
        """Return what the work returned, or raise what it raised."""
        if self._error is not None:
            raise self._error
        return self._results[0]


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Hold back the signals that would interrupt the main thread or end the process."""
    process, received = os.getpid(), []
    handlers: dict[int, _Handler] = {}

    def receive(number: int, frame: FrameType | None) -> None:
        del frame
        if os.getpid() == process:
            received.append(number)
        else:  # a child that another thread has forked
            signal.signal(number, handlers[number])
            signal.raise_signal(number)

    for number in _SIGNALS:
        if signal.getsignal(number) is not None:  # one that Python did not set cannot be set again
            with contextlib.suppress(ValueError):  # an interpreter that cannot set any, as in some servers
                handlers[number] = signal.signal(number, receive)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in received:
            signal.raise_signal(number)
