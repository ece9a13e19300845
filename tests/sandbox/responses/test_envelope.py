"""The envelope of API responses."""

from __future__ import annotations

import pytest

from salesmate_nb.sandbox._responses.envelope import ApiFailure, invalid, refused, success


def test_success():
    """Data is under Status and Data."""
    assert success([1]).json == {"Status": "success", "Data": [1]}


def test_failure():
    """A failure has a code, a name and a message, under lower-case keys as in live responses."""
    response = invalid("Wrong.").response()
    assert response.status_code == 400
    assert response.json == {
        "Status": "failure",
        "Error": {"code": "4001", "name": "ValidationError", "message": "Wrong."},
    }


def test_code():
    """A failure may have another code than the usual one of its name, and its own headers."""
    response = ApiFailure(401, "AuthenticationFailed", "", code="4002", headers={"Via": "x"}).response()
    assert response.json["Error"] == {"code": "4002", "name": "AuthenticationFailed", "message": ""}
    assert response.headers["Via"] == "x"


@pytest.mark.parametrize(
    ("status", "name"),
    [(400, "ValidationError"), (422, "ValidationError"), (403, "Forbidden"), (500, "Unknown"), (200, None)],
)
def test_refused(status, name):
    """A refusal has the given status, even 200, and is a failure in each case."""
    response = refused(status, "No.").response()
    assert (response.status_code, response.json["Status"]) == (status, "failure")
    assert response.json["Error"]["name"] == (name or "ValidationError")
