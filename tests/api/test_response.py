"""Decoding responses: every shape that was seen, and the error each failure stands for."""

from __future__ import annotations

import json

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from salesmate_nb._api.response import EXCERPT, decode, error_words, find_rows, find_total, unwrap
from salesmate_nb._base.secret.text import Secret
from salesmate_nb.errors import (
    ApiError,
    BadResponse,
    KeyRefused,
    LoginRequired,
    NotFound,
    RateLimited,
    SalesmateError,
)

URL = "https://acme.salesmate.io/apis/deal/v4/search?rows=250&email=jo@example.com"


def response(content: object, status: int = 200, sent=None, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url = status, URL
    if sent:
        made.request = requests.Request("GET", URL, headers=sent).prepare()
    made._content = content if isinstance(content, bytes) else json.dumps(content).encode()
    made.headers.update(headers)
    return made


def failure(name: str, message: str = "No.") -> dict[str, object]:
    return {"Status": "failure", "Error": {"Code": "4001", "Name": name, "Message": message}}


@pytest.mark.parametrize(
    "payload", [[], [{"id": 1}], {}, {"Status": "success", "Data": None}, {"anything": 1}]
)
def test_decode(payload):
    """A list or object is returned as received."""
    assert decode(response(payload)) == payload


@pytest.mark.parametrize(
    ("content", "status", "kind", "words"),
    [
        (failure("ValidationError", "rows"), 200, ApiError, r"returned HTTP 200 \(ValidationError: rows\)"),
        (
            {"Status": "failure", "Error": {"name": "ValidationError", "message": "m"}},
            400,
            ApiError,
            "ValidationError: m",
        ),
        (failure("AuthenticationFailed"), 401, LoginRequired, "connect"),
        (failure("AuthenticationFailed"), 200, LoginRequired, "connect"),
        (b"", 401, LoginRequired, "connect"),
        (failure("AuthorizationFailed"), 403, ApiError, "access denied"),
        (b"", 403, ApiError, "access denied"),
        (failure("ObjectNotFound"), 404, NotFound, "id"),
        (failure("NoSuchLinkExist"), 404, NotFound, "SALESMATE_LINKNAME"),
        (b"<html>", 404, NotFound, "path"),
        (b"", 429, RateLimited, "hourly rate limit is exhausted"),
        (failure("Unknown"), 500, ApiError, "Try again"),
        (b"<html>", 503, ApiError, "Try again"),
        ({"error": "bad things"}, 400, ApiError, "bad things"),
        ({"Error": {"Message": ["rows", 251]}}, 400, ApiError, r"\(\['rows', 251\]\)"),
        ({"Error": {"Name": None, "Message": None}}, 400, ApiError, "returned HTTP 400: "),
        (b"<!doctype html><p>Sign in", 200, BadResponse, "HTML"),
        (b"", 200, BadResponse, "an empty body"),
        (b"", 204, BadResponse, "an empty body"),
        (b'{"Status": "success", "Da', 200, BadResponse, "not complete JSON"),
        (b"[" * 200_000, 200, BadResponse, "not complete JSON"),
        (b"\xff\xfe\xff", 200, BadResponse, "not complete JSON"),
        (b"7", 200, BadResponse, "without rows or fields"),
        (b"null", 200, BadResponse, "without rows or fields"),
        (b'"text"', 200, BadResponse, "without rows or fields"),
        (b"", 302, BadResponse, "redirect"),
        ([{"id": 1}], 302, BadResponse, "redirect"),
    ],
)
def test_decode_errors(content, status, kind, words):
    """Each failure has its class, and a message that says what happened, where and what to do next."""
    with pytest.raises(SalesmateError, match=words) as caught:
        decode(response(content, status))
    assert type(caught.value) is kind
    assert "https://acme.salesmate.io/apis/deal/v4/search" in str(caught.value)
    assert "jo@example.com" not in str(caught.value)


KEY = {"accessToken": "k3y-s3cret", "x-linkname": "acme.salesmate.io"}
BEARER = {"Authorization": "Bearer t0ken-s3cret"}
EXPIRED = {"Status": "failure", "Error": {"code": "4002", "name": "AuthenticationFailed", "message": ""}}
NO_NAME = {"Status": "failure", "Error": {"code": 4002}}
REFUSED = failure("AuthorizationFailed", "")
OF_THREE = r"was not accepted\. It may be another of the three keys .* expired .*regenerated"


@pytest.mark.parametrize(
    ("content", "status", "sent", "has_worked", "kind", "words"),
    [
        (EXPIRED, 401, KEY, True, LoginRequired, "the Session Key has expired"),
        (EXPIRED, 200, KEY, True, LoginRequired, "the Session Key has expired"),
        (NO_NAME, 200, KEY, False, LoginRequired, "the Session Key has expired"),
        (failure("AuthenticationFailed"), 401, KEY, False, LoginRequired, OF_THREE),
        (b"", 401, KEY, True, LoginRequired, OF_THREE),
        (REFUSED, 403, KEY, False, KeyRefused, OF_THREE),
        (REFUSED, 200, KEY, False, KeyRefused, OF_THREE),
        (
            REFUSED,
            403,
            KEY,
            True,
            ApiError,
            r"lack the right to this\..*The Session Key works: other requests",
        ),
        (
            REFUSED,
            200,
            KEY,
            True,
            ApiError,
            r"lack the right to this\..*The Session Key works: other requests",
        ),
        (
            failure("Forbidden"),
            403,
            KEY,
            False,
            ApiError,
            r"lack the right to this\..*it is the Session Key\. Copy",
        ),
        (failure("Forbidden"), 403, KEY, True, ApiError, "The Session Key works: other requests"),
        (failure("NoSuchLinkExist"), 404, KEY, False, NotFound, "the workspace 'acme' does not exist"),
        (b"", 401, BEARER, False, LoginRequired, "No public client is known to use OAuth .* Session Key"),
        (REFUSED, 403, BEARER, False, ApiError, "No public client is known to use OAuth .* Session Key"),
        (failure("NoSuchLinkExist"), 404, BEARER, False, NotFound, "SALESMATE_LINKNAME.*No public client is"),
        (b"", 401, BEARER, True, LoginRequired, r"Run connect\(\) again\.$"),
        (REFUSED, 403, BEARER, True, ApiError, r"Ask your administrator for it\.$"),
    ],
)
def test_refused_login(content, status, sent, has_worked, kind, words):
    """A wrong or expired key and a lack of rights are kept apart, and no message shows the credential."""
    with pytest.raises(SalesmateError, match=words) as caught:
        decode(response(content, status, sent), has_worked=has_worked)
    assert type(caught.value) is kind
    assert "s3cret" not in str(caught.value)
    if kind is LoginRequired and sent is KEY:
        assert "My Account, tab Access Key: the third one, Session Key" in str(caught.value)
        assert "SALESMATE_SESSION_KEY" in str(caught.value)


def test_oauth_with_v1():
    """The guide's /v1/deals is what OAuth is for, so its refusal names no key."""
    made = response(b"", 401, BEARER)
    made.url = "https://api.salesmate.io/v1/deals"
    with pytest.raises(LoginRequired, match=r"was not accepted\. Run connect\(\) again\.$"):
        decode(made)


def test_api_error_attributes():
    """Status, code, message and the URL without its query are attributes."""
    with pytest.raises(ApiError) as caught:
        decode(response(failure("ValidationError", "rows is 251"), 400))
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
def test_retry_after(header, seconds):
    """Retry-After comes as seconds or as a date; anything else counts as none."""
    with pytest.raises(RateLimited) as caught:
        decode(response(b"", 429, **({"Retry-After": header} if header else {})))
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
def test_deep_nesting(body, nested, depth):
    """orjson parses 1,024 levels, which is more than Python can print or recurse into."""
    begin, middle, end = nested
    made = response((body % (begin * depth + middle + end * depth)).encode())
    try:
        payload = decode(made)
    except (ApiError, BadResponse) as err:
        assert len(str(err)) < 400  # noqa: PT017 - how deep json itself goes differs from version to version
    else:
        assert find_total(payload) is None
        assert find_rows(payload) in (None, payload.get("Data"))


@pytest.mark.parametrize("error", ["x" * 5000, {"Name": "x" * 5000, "Message": "y" * 5000}])
def test_long_error_is_cut(error):
    """However long the server's words, the message stays readable."""
    with pytest.raises(ApiError) as caught:
        decode(response({"Error": error}, 400))
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
        ({"Error": {"Message": "a\x1b[31mb\r\n\ud83dc\u202e"}}, (None, "a [31mb   c ")),
        ({"Error": ["x"]}, (None, None)),
        ({"Error": {}}, (None, None)),
        ([], (None, None)),
        (None, (None, None)),
    ],
)
def test_error_words(payload, words):
    """An error gives a name and a message, if the server sent them, and nothing that steers a terminal."""
    assert error_words(payload, []) == words


@pytest.mark.parametrize("before", ["", "x" * (EXCERPT - 5)])
@pytest.mark.parametrize("shape", [str, lambda text: [text], lambda text: {text: {"a": text}}])
@pytest.mark.parametrize("secret", [Secret("s3cret/" * 9), Secret("s3cret'\\" * 9)])
def test_error_words_are_redacted(before, shape, secret):
    """A secret is replaced before the text is cut or shortened, so that no part of it is left."""
    text = f"{before}{secret.reveal()} is not valid"
    for payload in (
        {"Error": {"Name": shape(text), "Message": shape(text)}},
        {"error": text, "error_description": shape(text)},
    ):
        words = error_words(payload, [None, Secret(), secret])
        assert all(len(word) <= EXCERPT for word in words)
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
def test_find_rows(payload):
    """The list is found in each place where it was seen."""
    assert find_rows(payload) == [{"id": 1}]


@pytest.mark.parametrize(
    "payload",
    [
        {"Status": "success", "Data": {"data": None, "totalRows": 0}},
        {"Status": "success", "Data": {"data": None, "totalRows": "0"}},
        {"Status": "success", "Data": {"data": None}},
        {"Status": "success", "Data": None},
        {"deals": None},
    ],
)
def test_null_instead_of_rows(payload):
    """Null in place of the rows is an empty list if the total is 0 or missing."""
    assert find_rows(payload) == []


@pytest.mark.parametrize("total", [1, "7"])
def test_null_contradicts_total(total):
    """Null in place of the rows is no list if there is a total above 0."""
    assert find_rows({"Status": "success", "Data": {"data": None, "totalRows": total}}) is None


@pytest.mark.parametrize(
    "payload", [{}, {"Data": {}}, {"other": [1]}, {"other": None}, {"data": "none"}, 7, None]
)
def test_find_rows_none(payload):
    """A response without a list is distinguished from one with an empty list."""
    assert find_rows({"data": []}) == []
    assert find_rows(payload) is None


@pytest.mark.parametrize(
    ("reported", "total"),
    [
        *(
            (7, 7),
            ("7", 7),
            (0, 0),
            (None, None),
            ("many", None),
            (-1, None),
            (1.5, None),
            (True, None),
            (2.0, 2),
        ),
        *((10**40, None), (False, None), (" 8 ", 8), (float("nan"), None)),
        pytest.param("9" * 5000, None, id="huge"),
    ],
)
def test_find_total(reported, total):
    """The total comes as a number or as text; anything but a whole number counts as none."""
    assert find_total({"Status": "success", "Data": {"data": [], "totalRows": reported}}) == total
    assert find_total({"data": [], "totalRows": reported}) == total


@pytest.mark.parametrize(
    ("value", "parsed"),
    [
        ("9007199254740993", 2**53 + 1),
        ("9223372036854775808", 2**63),
        ("18446744073709551615", 2**64 - 1),
        ("18446744073709551616", 2**64),
        ("-9223372036854775808", -(2**63)),
        ("-9223372036854775809", -(2**63) - 1),
        ("1180591620717411303424", 2**70),
        ("9" * 400, int("9" * 400)),
        ("12345678901234567890.5", 12345678901234567890.5),
        ('"+49 1234567890123456789012"', "+49 1234567890123456789012"),
        ("NaN", float("nan")),
        ("-Infinity", float("-inf")),
        ("1e400", float("inf")),
        (r'"\ud800"', "\ud800"),
        (r'"\ud83d\ude00"', "\U0001f600"),
    ],
)
def test_odd_value_fails_alone(value, parsed):
    """One odd value does not fail its page, and no integer loses digits, whichever parser reads it."""
    for other in ("1", "NaN"):  # the latter needs the standard library's parser
        page = decode(response(f'{{"Data": [{{"id": 7, "x": {value}, "y": {other}}}]}}'.encode()))
        row = page["Data"][0]
        assert (row["id"], repr(row["x"])) == (7, repr(parsed))


@pytest.mark.parametrize("odd", ["", ', "x": NaN'])
def test_duplicate_key(odd):
    """The last of two equal keys counts, whichever parser reads it."""
    body = f'{{"Status": "success", "Data": [], "a": 1, "a": 2, "Data": 7{odd}}}'.encode()
    assert (decode(response(body))["a"], unwrap(decode(response(body)))) == (2, 7)


def test_byte_order_mark():
    """A byte order mark before the JSON does no harm."""
    assert decode(response(b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}


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
    """Return a response body with pieces removed, repeated or inserted."""
    body = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(body)))
        stop = draw(st.integers(start, min(start + 12, len(body))))
        body[start:stop] = draw(st.sampled_from([b"", bytes(body[start:stop]) * 3, *PIECES]))
    return bytes(body)


@pytest.mark.parametrize("examples", [200, pytest.param(800, marks=pytest.mark.slow)])
def test_malformed_response(examples):
    """Decoding any body returns data or raises a SalesmateError, and rows and total can be read."""

    @settings(max_examples=examples, derandomize=True, database=None)
    @given(mangled(), st.sampled_from([200, 200, 200, 201, 204, 301, 400, 401, 404, 429, 500]))
    def check(body, status):
        made = response(body, status)
        made.url = "https://acme.example/x?key=s3cret"
        try:
            payload = decode(made)
        except SalesmateError as err:
            assert "s3cret" not in str(err)  # noqa: PT017 - most responses raise nothing
            return
        rows = find_rows(payload)
        assert rows is None or isinstance(rows, list)
        assert find_total(payload) is None or find_total(payload) >= 0
        unwrap(payload)

    check()
