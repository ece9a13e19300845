"""JSON within a limit of memory: what would fill it is refused before it is parsed."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from salesmate_nb import BadResponse, Salesmate, Settings
from salesmate_nb._api import json_body
from salesmate_nb._api.json_body import TooManyValues, memory_of, parse_json


def repeat(value, size):
    """Return a JSON list of about so many bytes."""
    return f"[{f'{value},' * (size // (len(value) + 1))}0]".encode()


@pytest.mark.parametrize("value", ["{}", '{"":0}'])
def test_hostile_json(value):
    """32 MB of small values, which would take up to 1.1 GB, are refused before they are parsed."""
    body = repeat(value, 32 * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(TooManyValues, match="more than 320 MB"):
            parse_json(body)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", ["{}", "[]", "[[]]", '{"":0}', '"ab"', "1.5", '{"id":1234567}'])
def test_memory_of(value):
    """The estimate is no less than what small values take, but for a third."""
    body = repeat(value, 2**17)
    tracemalloc.start()
    try:
        parsed = parse_json(body)
        assert tracemalloc.get_traced_memory()[0] < 4 / 3 * memory_of(body)
        assert parsed
    finally:
        tracemalloc.stop()


def test_usual_page():
    """A page that is forty times as large as usual is read."""
    deal = {"id": 7, "title": "A deal, and more", "owner": {"id": 1, "name": "Ann"}, "tags": [], "x": None}
    page = json.dumps([deal] * 10_000).encode()
    assert len(parse_json(page)) == 10_000


def test_response_of_too_many_values(server, monkeypatch):
    """The error of a response says what to do next, and that fewer rows may be read."""
    monkeypatch.setattr(json_body, "MAX_MEMORY", 2**20)
    server.body = repeat("[[]]", 2**16)
    settings = Settings(linkname="acme", session_key="key-s3cret", api_url=server.url)
    with pytest.raises(
        BadResponse, match=r"very many values: .*\. Ask for fewer rows or fields\.$"
    ) as caught:
        Salesmate(settings).get("x")
    assert caught.value.is_too_large
