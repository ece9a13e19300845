"""The envelope of API responses."""

from __future__ import annotations

from salesmate_nb.sandbox._api.envelope import invalid, success


def test_success():
    """Data is under Status and Data."""
    assert success([1]).json == {"Status": "success", "Data": [1]}


def test_failure():
    """A failure has a code, a name and a message."""
    response = invalid("Wrong.").response()
    assert response.status_code == 400
    assert response.json == {
        "Status": "failure",
        "Error": {"Code": "4001", "Name": "ValidationError", "Message": "Wrong."},
    }
