"""Ctrl+C and requests to end wait until a refresh token that was sent is replaced."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from salesmate_nb import ConnectionFailed, sandbox
from salesmate_nb._auth.oauth import token_endpoint
from salesmate_nb._auth.oauth.token_endpoint import refresh_token
from salesmate_nb._auth.oauth.uninterrupted import _endings, let_work_end, uninterrupted
from tests.helpers import reach


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12: threads are there
@pytest.mark.parametrize("number", [signal.SIGTERM, getattr(signal, "SIGHUP", None)])
def test_process_ends_after_the_renewal(monkeypatch, tmp_path, number):
    """A signal that ends the process waits until another thread has stored the new token."""
    begun, begin = os.pipe()

    def renew(*arguments):
        renewed = refresh_token(*arguments)
        os.write(begin, b"x")  # from now on the old refresh token ends the login
        while not _endings._received:
            time.sleep(0.01)
        return renewed

    with sandbox.start(deals=3) as box:
        crm = reach(box, token_cache=tmp_path)
        box.expire_access_tokens()
        child = os.fork()
        if child == 0:
            signal.signal(number, signal.SIG_DFL)
            monkeypatch.setattr(token_endpoint, "refresh_token", renew)
            reading = threading.Thread(target=reach(box, token_cache=tmp_path).deals_df)
            reading.start()
            reading.join()
            os._exit(0)
        os.read(begun, 1)
        os.kill(child, number)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -number
        assert len(crm.deals_df()) == 3
        grants = [request.form.get("grant_type") for request in box.log]
        assert grants.count("refresh_token") == 1


def test_handlers_of_the_program_stay():
    """A handler of the program's own is not replaced, nor is a signal taken that it ignores."""
    for chosen in (signal.SIG_IGN, lambda *_: None):
        before = signal.signal(signal.SIGTERM, chosen)
        try:
            let_work_end()
            assert signal.getsignal(signal.SIGTERM) is chosen
        finally:
            signal.signal(signal.SIGTERM, before)


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
