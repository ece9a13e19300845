"""Reading answers: every shape that was seen, and the error each failure stands for."""

from __future__ import annotations

import json

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._api import response as api
from salesmate_nb._redaction import Secret
from salesmate_nb.errors import ApiError, BadResponse, LoginRequired, NotFound, RateLimited, SalesmateError

URL = "https://acme.salesmate.io/apis/deal/v4/search?rows=250&email=jo@example.com"


def response(content: object, status: int = 200, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url = status, URL
    made._content = content if isinstance(content, bytes) else json.dumps(content).encode()
    made.headers.update(headers)
    return made


def failure(name: str, message: str = "No.") -> dict[str, object]:
    return {"Status": "failure", "Error": {"Code": "4001", "Name": name, "Message": message}}


@pytest.mark.parametrize(
    "payload", [[], [{"id": 1}], {}, {"Status": "success", "Data": None}, {"anything": 1}]
)
def test_a_list_or_an_object_is_returned_as_it_came(payload):
    """The JSON is not changed on its way."""
    assert api.decode(response(payload)) == payload


@pytest.mark.parametrize(
    ("content", "status", "kind", "words"),
    [
        (failure("ValidationError", "rows"), 200, ApiError, r"answered 200 \(ValidationError: rows\)"),
        (
            {"Status": "failure", "Error": {"name": "ValidationError", "message": "m"}},
            400,
            ApiError,
            "ValidationError: m",
        ),
        (failure("AuthenticationFailed"), 401, LoginRequired, "connect"),
        (failure("AuthenticationFailed"), 200, LoginRequired, "connect"),
        (b"", 401, LoginRequired, "connect"),
        (failure("AuthorizationFailed"), 403, ApiError, "not allowed"),
        (b"", 403, ApiError, "not allowed"),
        (failure("ObjectNotFound"), 404, NotFound, "id"),
        (failure("NoSuchLinkExist"), 404, NotFound, "SALESMATE_LINKNAME"),
        (b"<html>", 404, NotFound, "path"),
        (b"", 429, RateLimited, "used up"),
        (failure("Unknown"), 500, ApiError, "Try again"),
        (b"<html>", 503, ApiError, "Try again"),
        ({"error": "bad things"}, 400, ApiError, "bad things"),
        ({"Error": {"Message": ["rows", 251]}}, 400, ApiError, r"\(\['rows', 251\]\)"),
        ({"Error": {"Name": None, "Message": None}}, 400, ApiError, "answered 400: "),
        (b"<!doctype html><p>Sign in", 200, BadResponse, "HTML"),
        (b"", 200, BadResponse, "nothing"),
        (b"", 204, BadResponse, "nothing"),
        (b'{"Status": "success", "Da', 200, BadResponse, "no whole JSON"),
        (b"[" * 200_000, 200, BadResponse, "no whole JSON"),
        (b"\xff\xfe\xff", 200, BadResponse, "no whole JSON"),
        (b"7", 200, BadResponse, "no rows"),
        (b"null", 200, BadResponse, "no rows"),
        (b'"text"', 200, BadResponse, "no rows"),
        (b"", 302, BadResponse, "redirect"),
        ([{"id": 1}], 302, BadResponse, "redirect"),
    ],
)
def test_a_failure_becomes_the_error_it_stands_for(content, status, kind, words):
    """Each failure has its class, and says what happened, where and what to do next."""
    with pytest.raises(SalesmateError, match=words) as caught:
        api.decode(response(content, status))
    assert type(caught.value) is kind
    assert "https://acme.salesmate.io/apis/deal/v4/search" in str(caught.value)
    assert "jo@example.com" not in str(caught.value)


def test_an_api_error_carries_its_details():
    """Status, code, message and the address without its query can be asked for."""
    with pytest.raises(ApiError) as caught:
        api.decode(response(failure("ValidationError", "rows is 251"), 400))
    error = caught.value
    assert (error.status, error.code, error.message) == (400, "ValidationError", "rows is 251")
    assert error.url == "https://acme.salesmate.io/apis/deal/v4/search"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("Fri, 01 Jan 2021 00:00:00 GMT", 0),
        ("soon", None),
        (None, None),
        ("9" * 5000, None),
        ("Fri, 31 Dec 99999999999 23:59:59 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(header, seconds):
    """The server's wish comes as seconds or as a date; nonsense counts as none."""
    with pytest.raises(RateLimited) as caught:
        api.decode(response(b"", 429, **({"Retry-After": header} if header else {})))
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [
        '{"Status": "failure", "Error": {"Message": %s}}',
        '{"Status": %s}',
        '{"totalRows": %s}',
        '{"Data": %s}',
    ],
)
@pytest.mark.parametrize("nested", [('{"Data":', "1", "}"), ("[", "", "]")])
@pytest.mark.parametrize("depth", [400, 900, 1020])
def test_what_nests_as_deep_as_a_parser_goes_is_read(body, nested, depth):
    """orjson parses 1,024 levels, which is more than Python can write out again or go down."""
    begin, middle, end = nested
    made = response((body % (begin * depth + middle + end * depth)).encode())
    try:
        payload = api.decode(made)
    except (ApiError, BadResponse) as err:
        assert len(str(err)) < 400  # noqa: PT017 - how deep json itself goes differs from version to version
    else:
        assert api.find_total(payload) is None
        assert api.find_rows(payload) in (None, payload.get("Data"))


@pytest.mark.parametrize("error", ["x" * 5000, {"Name": "x" * 5000, "Message": "y" * 5000}])
def test_a_long_speech_of_the_servers_is_cut(error):
    """A message stays one that can be read."""
    with pytest.raises(ApiError) as caught:
        api.decode(response({"Error": error}, 400))
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"Error": {"Code": "4001", "Name": "N", "Message": "M"}}, ("N", "M")),
        ({"error": {"code": "4001", "name": "", "message": "m"}}, ("4001", "m")),
        ({"Error": None, "error": "invalid_grant", "error_description": "d"}, ("invalid_grant", "d")),
        ({"error": "invalid_grant"}, ("invalid_grant", None)),
        ({"error": "invalid_grant", "error_description": None}, ("invalid_grant", None)),
        ({"Error": "no such thing"}, (None, "no such thing")),
        ({"Error": {"Message": {"rows": [251, None]}}}, (None, "{'rows': [251, None]}")),
        ({"Error": ["x"]}, (None, None)),
        ({"Error": {}}, (None, None)),
        ([], (None, None)),
        (None, (None, None)),
    ],
)
def test_error_words(payload, words):
    """Salesmate's and OAuth's errors give a name and a message, each only if the server sent it."""
    assert api.error_words(payload, []) == words


@pytest.mark.parametrize("before", ["", "x" * (api.EXCERPT - 5)])
@pytest.mark.parametrize("shape", [str, lambda text: [text], lambda text: {text: {"a": text}}])
@pytest.mark.parametrize("secret", ["s3cret/" * 9, Secret("s3cret'\\" * 9)])
def test_error_words_are_redacted(before, shape, secret):
    """A secret is replaced before the text is cut or shortened, so that no part of it is left."""
    text = f"{before}{secret.reveal() if isinstance(secret, Secret) else secret} is not valid"
    for payload in (
        {"Error": {"Name": shape(text), "Message": shape(text)}},
        {"error": text, "error_description": shape(text)},
        {"error": Secret(text), "error_description": Secret(text)},
    ):
        words = api.error_words(payload, [None, "", secret])
        assert all(len(word) <= api.EXCERPT for word in words)
        assert "s3cret" not in repr(words)


@pytest.mark.parametrize(
    "payload",
    [
        [{"id": 1}],
        {"Data": {"data": [{"id": 1}], "totalRows": 1}},
        {"Data": [{"id": 1}]},
        {"data": [{"id": 1}]},
        {"deals": [{"id": 1}]},
        {"results": [{"id": 1}]},
        {"data": {"deals": [{"id": 1}]}},
    ],
)
def test_rows_are_found_wherever_they_stand(payload):
    """Each place the list was seen at is looked at."""
    assert api.find_rows(payload) == [{"id": 1}]


@pytest.mark.parametrize("payload", [{}, {"Data": {}}, {"Data": None}, {"other": [1]}, 7, None])
def test_no_rows_is_not_an_empty_list(payload):
    """An answer without a list is told from one with an empty list."""
    assert api.find_rows(payload) is None


@pytest.mark.parametrize(
    ("said", "total"),
    [
        *((7, 7), ("7", 7), (0, 0), (None, None), ("many", None), (-1, None), (1.5, None), (True, None)),
        pytest.param("9" * 5000, None, id="huge"),
    ],
)
def test_the_total_is_read_as_number_or_text(said, total):
    """A total that is no whole number counts as none."""
    assert api.find_total({"Status": "success", "Data": {"data": [], "totalRows": said}}) == total
    assert api.find_total({"data": [], "totalRows": said}) == total


@pytest.mark.parametrize(
    "body",
    [
        b'{"Data": {"data": [{"id": 9007199254740993, "dealValue": NaN}]}}',
        b'{"a": "\\ud800", "b": 1e400, "c": 123456789012345678901234567890}',
        b'{"a": 1, "a": 2}',
        b"[" * 100_000,
        b'{"a": 1',
        b'\xff{"a": 1}',
        b'\xef\xbb\xbf{"a": 1}',
    ],
)
def test_both_parsers_read_the_same(body, monkeypatch):
    """With orjson and without it: the same objects, exact ids, and the same refusals."""
    response = requests.Response()
    response.status_code, response._content, response.url = 200, body, "https://acme.salesmate.io/x"

    def outcome():
        try:
            return repr(api.decode(response))
        except BadResponse as err:
            return str(err)

    fast = outcome()
    monkeypatch.setattr(api, "orjson", None)
    slow = outcome()
    assert fast.replace("1.2345678901234568e+29", "123456789012345678901234567890") == slow


SEEDS = [
    b'{"Status": "success", "Data": {"data": [{"id": 1, "title": "A"}], "totalRows": 1}}',
    b'{"Status": "failure", "Error": {"Code": "400", "Name": "ValidationError", "Message": "no"}}',
    b'[{"id": 1}, {"id": "2"}]',
    b'{"deals": {"results": [{"id": 1}]}, "totalRows": "17"}',
]
PIECES = [b"null", b"NaN", b"1e999", b"-0", b"\xff", b"\\ud800", b'"', b"{"]
PIECES += [b"[" * 5000, b'{"Data":' * 3000, b"9" * 5000]


@st.composite
def mangled(draw):
    """Return an answer with pieces taken out, doubled, or put in."""
    body = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(body)))
        stop = draw(st.integers(start, min(start + 12, len(body))))
        body[start:stop] = draw(st.sampled_from([b"", bytes(body[start:stop]) * 3, *PIECES]))
    return bytes(body)


@settings(max_examples=3000, derandomize=True, deadline=None)
@given(mangled(), st.sampled_from([200, 200, 200, 201, 204, 301, 400, 401, 404, 429, 500]))
def test_no_answer_can_crash_the_reader(body, status):
    """Whatever comes is data or a SalesmateError, and neither rows nor total break on it."""
    response = requests.Response()
    response.status_code, response._content, response.url = status, body, "https://acme.example/x?key=s3cret"
    try:
        payload = api.decode(response)
    except SalesmateError as err:
        assert "s3cret" not in str(err)  # noqa: PT017 - most answers raise nothing
        return
    found = api.find_rows(payload)
    assert found is None or isinstance(found, list)
    assert api.find_total(payload) is None or api.find_total(payload) >= 0
    api.unwrap(payload)
