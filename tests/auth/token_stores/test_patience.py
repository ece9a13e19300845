"""What a disk refuses for a short time is repeated."""

from __future__ import annotations

import errno

import pytest

from salesmate_nb._auth.token_stores import patience


@pytest.mark.parametrize(("code", "calls"), [(errno.EIO, 4), (errno.ENOSPC, 1), (None, 1)])
def test_patiently(monkeypatch, code, calls):
    """What may pass is repeated three times; what does not pass is raised at once."""
    monkeypatch.setattr(patience, "_PAUSE", 0.0)
    made = []

    def action():
        made.append(1)
        raise OSError(code, "refused")

    with pytest.raises(OSError, match="refused"):
        patience.patiently(action)
    assert len(made) == calls
