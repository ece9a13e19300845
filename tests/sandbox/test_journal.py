"""The log of calls, and answers that tests script."""

from __future__ import annotations

import time

import pytest
import requests

from salesmate_nb.sandbox import Answer, Call


def test_every_call_is_logged(visitor):
    """Tests see what the server got: method, path, query, headers in any case, body and answer."""
    visitor.search(rows=3, sort={"fieldName": "deal.id", "order": "asc"})
    visitor.deals("wrong", rows="7")
    search, listing = visitor.box.log
    assert (search.method, search.path, search.status) == ("POST", "/apis/deal/v4/search", 200)
    assert search.query == {"rows": "3", "from": "0"}
    assert search.json["sort"]["order"] == "asc"
    assert search.headers["accessToken"] == search.headers["ACCESSTOKEN"] == "sandbox-key"
    assert "x-linkname" in search.headers
    assert "authorization" not in search.headers
    assert (listing.headers.get("Authorization"), listing.headers.get("Cookie", "none")) == (
        "Bearer wrong",
        "none",
    )
    assert (listing.status, listing.json, listing.form) == (401, None, {})


def test_forms_are_logged(visitor):
    """The fields of a token request are there to be looked at."""
    visitor.log_in()
    authorize, token = visitor.box.log
    assert authorize.query["response_type"] == "code"
    assert token.form["grant_type"] == "authorization_code"


def test_the_log_is_a_snapshot(visitor):
    """What was read does not change with later calls."""
    visitor.search()
    log = visitor.box.log
    visitor.search()
    assert (len(log), len(visitor.box.log)) == (1, 2)


def test_the_log_shows_no_secrets(visitor):
    """A call's repr tells method, path and status only."""
    tokens = visitor.log_in()
    visitor.deals(tokens["access_token"])
    visitor.get("/v1/deals")
    assert repr(visitor.box.log) == (
        "[Call(method='GET', path='/oauth/authorize', status=302), "
        "Call(method='POST', path='/oauth/token', status=200), "
        "Call(method='GET', path='/v1/deals', status=200), "
        "Call(method='GET', path='/v1/deals', status=200)]"
    )
    assert isinstance(visitor.box.log[0], Call)


def test_scripted_answers_come_in_turn(visitor):
    """The next calls to a path get the scripted answers, then the real ones again; other paths do not."""
    limited = Answer(status=429, headers={"Retry-After": "3"}, body=b'{"a": 1}')
    visitor.box.script(
        "/v1/deals", limited, Answer(status=200, body=b"<p>", headers={"Content-Type": "text/html"})
    )
    assert visitor.search().status_code == 200
    first, second, third = (visitor.get("/v1/deals") for _ in range(3))
    assert (first.status_code, first.headers["Retry-After"], first.json()) == (429, "3", {"a": 1})
    assert first.headers["Content-Type"] == "application/json"
    assert (second.text, second.headers["Content-Type"]) == ("<p>", "text/html")
    assert third.json()["Status"] == "success"
    assert [call.status for call in visitor.box.log] == [200, 429, 200, 200]


def test_a_path_may_lack_its_slash(visitor):
    """Clients name paths without one, so tests may."""
    visitor.box.script("v1/deals", Answer(status=503))
    assert visitor.get("/v1/deals").status_code == 503


@pytest.mark.parametrize("keep_alive", [True, False])
def test_a_connection_dropped_before_any_answer(visitor, keep_alive):
    """The client sees the connection end without a byte; the call after it is answered."""
    if keep_alive:
        visitor.get("/v1/deals")
    visitor.box.script("/v1/deals", Answer(drop="before"))
    with pytest.raises(requests.ConnectionError):
        visitor.get("/v1/deals")
    assert visitor.box.log[-1].status == 0
    assert visitor.get("/v1/deals").status_code == 200


@pytest.mark.parametrize("body", [b'{"Status": "success"}', b""])
def test_a_connection_dropped_in_the_body(visitor, body):
    """The client gets a head that promises more than comes."""
    visitor.box.script("/v1/deals", Answer(body=body, drop="in-body"))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        visitor.get("/v1/deals")
    assert visitor.get("/v1/deals").status_code == 200


def test_a_real_answer_can_be_dropped(visitor):
    """With real=True the call does its work, and only its answer breaks off."""
    visitor.box.script("/v1/deals", Answer(real=True, drop="in-body"), Answer(real=True))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        visitor.get("/v1/deals")
    assert visitor.get("/v1/deals").json()["Data"]["totalRows"] == 5


def test_an_answer_can_be_late(visitor):
    """A delay makes a client's timeout happen; the call is logged before."""
    visitor.box.script("/v1/deals", Answer(delay=30))
    with pytest.raises(requests.ReadTimeout):
        visitor.http.get(f"{visitor.box.url}/v1/deals", timeout=0.1)
    assert visitor.box.log[-1].path == "/v1/deals"
    start = time.perf_counter()
    visitor.box.stop()
    assert time.perf_counter() - start < 2
