"""Finish what must not be left half done: a refresh token that was sent, and the one that replaces it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Generic, TypeVar

from salesmate_nb._base.fork import renew_in_child
from salesmate_nb.errors import ConnectionFailed

_Result = TypeVar("_Result")
_Handler = Callable[[int, FrameType | None], object] | int | None

_ENDING_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
_SIGNALS = [signal.SIGINT, *_ENDING_SIGNALS]
_ENDING = "This process is ending, so that no token is refreshed any more."


def uninterrupted(work: Callable[[], _Result]) -> _Result:
    """Return what `work` returns; Ctrl+C, or a request to end the process, takes effect once it is done.

    In the main thread signals wait until then. Other threads receive none; but a daemon thread ends with the
    process, so that `work` runs in a thread that the process waits for. A signal that would end the whole
    process waits too, if :func:`let_work_end` was called before.

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
        with _signals_held(), _endings.delayed():
            return work()
    if not threading.current_thread().daemon:
        with _endings.delayed():
            return work()
    if not threading.main_thread().is_alive():
        raise ConnectionFailed(_ENDING)
    running = _Running(lambda: uninterrupted(work))
    running.start()
    running.join()
    return running.result()


def let_work_end() -> None:
    """Let SIGTERM and SIGHUP end the process only once no work is under way, in whichever thread.

    By default they end it at once, and only a handler can change that, which only the main thread can set: in
    another one this does nothing, nor where the program has a handler of its own or ignores the signal.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "pthread_kill"):
        return
    for number in _ENDING_SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            with contextlib.suppress(ValueError):  # an interpreter that cannot set any, as in some servers
                signal.signal(number, _endings.receive)


class _Endings:
    """Which work is under way, and which signals came to end the process during it.

    A handler can run between any two steps of the main thread, so that a lock would block for ever. Instead
    each side announces itself before it looks at the other.
    """

    def __init__(self) -> None:
        self._forget()
        renew_in_child(self, _Endings._forget)

    def _forget(self) -> None:
        self._under_way: set[object] = set()
        self._received: list[int] = []

    @contextlib.contextmanager
    def delayed(self) -> Iterator[None]:
        """Delay the end of the process until the block ends.

        Raises
        ------
        ConnectionFailed
            If the process is to end already.
        """
        this = object()
        self._under_way.add(this)
        try:
            if self._received:
                raise ConnectionFailed(_ENDING)
            yield
        finally:
            self._under_way.discard(this)
            if self._received and not self._under_way:
                signal.pthread_kill(threading.main_thread().ident or 0, self._received[0])

    def receive(self, number: int, frame: FrameType | None) -> None:
        """End the process as the signal does by default, now or once no work is under way."""
        del frame
        self._received.append(number)
        if not self._under_way:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


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


_endings = _Endings()
