"""The context of one read: what runs beside the first page, and how its waits end."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import CancelledError

import pytest

from salesmate_nb._api.waiting import Cancelled
from salesmate_nb._reading.read_context import ReadContext
from salesmate_nb._reading.server_profile import Support
from salesmate_nb._search.query import Query
from salesmate_nb.errors import Interrupted


def test_beside_first_page():
    """What runs beside the first page has ended before the read goes on; its waits end with the read."""
    go_on, done = threading.Event(), []
    context = open_context(concurrency=2)
    result = context.beside_first_page(lambda: done.append(go_on.wait(30)) or "order")
    assert not done
    timer = threading.Timer(0.05, go_on.set)
    timer.start()
    context.plan(500, 1)
    assert (done, result()) == ([True], "order")
    waits = context.beside_first_page(lambda: context.waiter.sleep(600, "rate limit"))
    context.__exit__(None, None, None)
    timer.join()
    with pytest.raises((Cancelled, CancelledError)):
        waits()


def test_one_request_at_a_time():
    """With SALESMATE_CONCURRENCY=1 nothing runs beside the first page."""
    done = []
    context = open_context(concurrency=1)
    result = context.beside_first_page(lambda: done.append(threading.current_thread()) or "order")
    assert done == [threading.main_thread()]
    assert result() == "order"
    context.__exit__(None, None, None)


def test_interrupt_says_how_far():
    """An interrupted read is a KeyboardInterrupt that says in a sentence how far the read was."""
    context = open_context(concurrency=1)
    context.plan(1_000, 3)
    interrupt = KeyboardInterrupt()
    with pytest.raises(Interrupted) as caught:
        context.__exit__(KeyboardInterrupt, interrupt, None)
    assert isinstance(caught.value, KeyboardInterrupt)
    assert caught.value.__cause__ is interrupt
    assert str(caught.value) == (
        "Reading deals was interrupted after 0 of 1,000. Run this again to read all of them."
    )


@pytest.mark.parametrize("server_time", [dt.datetime(2031, 3, 4, tzinfo=dt.UTC), None])
def test_time_of_a_read(server_time):
    """A read is dated by the server's clock, or by this machine's if the server does not say."""
    context = open_context(concurrency=1)
    context._api_client.server_time = server_time
    assert abs(context.read_at() - (server_time or dt.datetime.now(dt.UTC))) < dt.timedelta(minutes=1)


def open_context(*, concurrency):
    """Open a read whose API has no rate limit."""

    class Unlimited:
        def request(self, *_, **__):
            raise AssertionError("no request is needed")

        def plan(self, *_):
            return 0.0

    return ReadContext(Unlimited(), "deals", Query(), Support(), concurrency)
