"""Outputs that are replaced in place."""

from __future__ import annotations

import IPython.display
import pytest

from salesmate_nb._display.output import Output, running_cell, running_kernel


@pytest.fixture
def published(monkeypatch):
    """Record what a kernel would send to its frontend, by the identity of the output."""
    sent = []

    class Handle:
        def update(self, data, *, raw):
            assert raw
            sent.append(("update", id(self), data))

    def display(data, *, raw, display_id):
        assert raw
        assert display_id
        handle = Handle()
        sent.append(("display", id(handle), data))
        return handle

    monkeypatch.setattr(IPython.display, "display", display)
    return sent


def test_show(published):
    """The first display makes the output, and each later one replaces it, with its plain text."""
    output = Output()
    output.show("<p>1</p>", "1")
    output.show("<p>2</p>", "2")
    (kind, first, data), (again, second, later) = published
    assert (kind, again) == ("display", "update")
    assert first == second
    assert data == {"text/html": "<p>1</p>", "text/plain": "1"}
    assert later == {"text/html": "<p>2</p>", "text/plain": "2"}


def test_clear(published):
    """Clearing leaves no data in the output; an output that was never shown stays so."""
    Output().clear()
    assert published == []
    output = Output()
    output.show("<p>1</p>", "1")
    output.clear()
    assert published[-1][0] == "update"
    assert published[-1][2] == {}


def test_no_kernel():
    """Outside a kernel there is no running cell."""
    assert running_kernel() is None
    assert running_cell() is None
