"""JSON bodies of requests and responses."""

from __future__ import annotations

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from salesmate_nb.sandbox._http.json_body import json_response, read_json


@pytest.mark.parametrize(
    ("body", "expected"), [(b'{"a": 1}', {"a": 1}), (b"", None), (b"{", None), (b"[" * 100_000, None)]
)
def test_read_json(body, expected):
    """A body that is not JSON, or is nested too deep, is None."""
    builder = EnvironBuilder(method="POST", data=body, content_type="application/json")
    assert read_json(Request(builder.get_environ())) == expected


def test_json_response():
    """A response is compact UTF-8 JSON."""
    response = json_response({"a": "é"}, 201, {"X-A": "b"})
    assert (response.status_code, response.data) == (201, '{"a":"é"}'.encode())
    assert (response.headers["X-A"], response.mimetype) == ("b", "application/json")
