"""Ctrl+C and requests to end wait until a refresh token that was sent is replaced."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from salesmate_nb import ConnectionFailed
from salesmate_nb._auth.oauth.uninterrupted import uninterrupted


def test_ctrl_c_waits():
    """Ctrl+C in the main thread takes effect once, when the work is done."""
    done = []

    def work():
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        uninterrupted(work)
    assert len(done) == 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_request_to_end_waits():
    """SIGTERM reaches the handler that was there before, when the work is done."""
    events = []
    before = signal.signal(signal.SIGTERM, lambda *_: events.append("handled"))
    try:
        uninterrupted(lambda: [signal.raise_signal(signal.SIGTERM), events.append("done")])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert events == ["done", "handled"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_child_can_be_interrupted():
    """A child that is forked during the work does not hold signals back."""

    def work():
        child = os.fork()
        if child == 0:
            try:
                signal.raise_signal(signal.SIGINT)
            except KeyboardInterrupt:
                os._exit(7)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert uninterrupted(work) == 7


@pytest.mark.parametrize("is_daemon", [True, False])
def test_other_threads(is_daemon):
    """In a daemon thread the work runs in one that the process waits for; results and errors come back."""
    seen = []

    def work():
        seen.append(threading.current_thread().daemon)
        if len(seen) > 1:
            raise ConnectionFailed("no response")
        return "result"

    def call():
        seen.append(uninterrupted(work))
        try:
            uninterrupted(work)
        except ConnectionFailed as err:
            seen.append(str(err))

    thread = threading.Thread(target=call, daemon=is_daemon)
    thread.start()
    thread.join()
    assert seen == [False, "result", False, "no response"]
