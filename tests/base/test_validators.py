"""Validators of settings: the values they accept, and the errors of all others."""

from __future__ import annotations

import zoneinfo
from pathlib import Path

import pytest

from salesmate_nb import SettingsError
from salesmate_nb._base import validators
from salesmate_nb._base.secret.text import Secret


def test_trimmed():
    """Space, invisible characters and one pair of quotes around a text do not count; those inside do."""
    for written in (
        '"a b"',
        "'a b'",
        "\xa0a b\u200b",
        '\ufeff "a b"\r\n',
        "\u2068a b\u2069",
        "“a b”",
        "\u00ada b",
    ):
        assert validators.trimmed(written) == "a b"
    for written in ('"a', "a'", "\"a'", "a\xa0b", '"', "a\u200bb", ""):
        assert validators.trimmed(written) == written


def test_text():
    """Text loses its surrounding space; empty text counts as none."""
    assert validators.text("scope", "  deals.read ") == "deals.read"
    assert validators.text("scope", " ") is None
    assert validators.text("scope", None) is None


@pytest.mark.parametrize("value", [7, b"text", Secret("text"), "two\nlines", "zero\u200bwidth", "bell\a"])
def test_invalid_text(value):
    """Other types, line breaks and non-printable characters inside are errors that name the variable."""
    with pytest.raises(SettingsError, match=r"SALESMATE_SCOPE \(scope\)"):
        validators.text("scope", value)


def test_secret():
    """A secret hides its text; an empty one counts as none."""
    secret = validators.secret("client_secret", "s3cret")
    assert (type(secret), secret.reveal(), str(secret)) == (Secret, "s3cret", "***")
    assert validators.secret("client_secret", "") is None


@pytest.mark.parametrize(
    "key",
    [
        "k3y-s3cret\r\nX-One: 1",
        "“k3y-s3cret",
        "k3y\u200b-s3cret",
        "k3y-s3cr€t",
        "accessToken: k3y-s3cret",
        "AccessToken:k3y-s3cret",
        "Bearer k3y-s3cret",
    ],
)
def test_invalid_session_key(key):
    """A key that no header carries, or a whole header, is an error when it is set, and is not shown."""
    with pytest.raises(SettingsError, match=r"SALESMATE_SESSION_KEY.*copy it again") as caught:
        validators.session_key("session_key", key)
    assert "k3y" not in str(caught.value)


@pytest.mark.parametrize("given", ["acme", "acme.salesmate.io", "https://acme.salesmate.io/", " ACME "])
def test_linkname(given):
    """A linkname may be written as the name, the host or the URL."""
    assert validators.linkname("linkname", given) == "acme"


@pytest.mark.parametrize(
    "given", ["evil.com/x", "a b", "-acme", "a.b", "acme.salesmate.io.evil.com", "é", "x" * 64, "@"]
)
def test_invalid_linkname(given):
    """A linkname is one DNS label, since a host is made of it."""
    with pytest.raises(SettingsError, match="SALESMATE_LINKNAME"):
        validators.linkname("linkname", given)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.salesmate.io/x",
        "http://localhost.evil.com/x",
        "http://127.0.0.1.evil.com/x",
        "ftp://localhost/x",
        "https://",
        "no address",
        "https://user:pass@example.com/",
        "https://example.com:port/",
        "https://example.com/#part",
        "https://example.com/#",
        f"https://{'a' * 64}.example.com",
        "https://example..com",
        "https://a\u3002b",
        "https://[::1",
        "https:\\\\example.com",
        "https://exa mple.com",
    ],
)
@pytest.mark.parametrize("validate", [validators.url, validators.required_url, validators.api_url])
def test_invalid_url(validate, url):
    """A URL is https, or http on this machine, without credentials, fragment or odd characters."""
    with pytest.raises(SettingsError, match="SALESMATE_TOKEN_URL") as caught:
        validate("token_url", url)
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "127.8.9.1:1", "[::1]:3000"])
def test_loopback_url(host):
    """A sandbox on this machine needs no certificate."""
    assert validators.url("api_url", f"http://{host}") == f"http://{host}"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("https://b\u00fccher.example/", "https://xn--bcher-kva.example"),
        ("https://API.salesmate.io", "https://api.salesmate.io"),
    ],
)
def test_api_url_as_it_is_sent(given, sent):
    """The API's address is the one that requests sends, so that a session knows its own requests."""
    assert validators.api_url("api_url", given) == sent


@pytest.mark.parametrize("end", ["?x=1", "/?"])
def test_query_of_api_url(end):
    """The API's address has no query, behind which every path would end up."""
    with pytest.raises(SettingsError, match=r"SALESMATE_API_URL .*contains a '\?'"):
        validators.api_url("api_url", f"https://acme.example{end}")


def test_missing_url():
    """A URL may be missing, except one that is required; the API's loses its last slash."""
    assert validators.url("issuer", None) is None
    assert validators.api_url("api_url", "https://acme.salesmate.io/") == "https://acme.salesmate.io"
    assert validators.api_url("api_url", None) == ""
    with pytest.raises(SettingsError, match="SALESMATE_AUTH_URL"):
        validators.required_url("auth_url", "")


@pytest.mark.parametrize("value", [None, "0", 0, "-1", "many", "nan", "inf", [1]])
@pytest.mark.parametrize("validate", [validators.positive, validators.count, validators.workers])
def test_invalid_number(validate, value):
    """A number is finite and above 0."""
    with pytest.raises(SettingsError, match="SALESMATE_TIMEOUT"):
        validate("timeout", value)


def test_number():
    """Counts are whole and at least 1; there are at most as many workers as connections to a host."""
    assert validators.positive("timeout", "12.5") == 12.5
    assert [validators.count("calls_per_hour", value) for value in (0.2, "2.9", 1500)] == [1, 2, 1500]
    assert [validators.workers("concurrency", value) for value in (4, "99")] == [4, 10]


@pytest.mark.parametrize("given", [None, "prompt=login", "audience=api&prompt=", "a=b&a=c"])
def test_auth_params(given):
    """Further parameters of the authorization request are written as a query string."""
    assert validators.auth_params("auth_params", given) == given


@pytest.mark.parametrize(
    "given", ["nonsense", "state=mine", "a=b&redirect_uri=https://evil.example", "code_challenge="]
)
def test_invalid_auth_params(given):
    """They cannot replace the parameters of the login: state, PKCE challenge or redirect URI."""
    with pytest.raises(SettingsError, match="SALESMATE_AUTH_PARAMS"):
        validators.auth_params("auth_params", given)


def test_choice():
    """A choice may be written in any case; the error of another word lists the valid ones."""
    validate = validators.choice("file", "keyring", "memory")
    assert validate("token_store", " Keyring ") == "keyring"
    with pytest.raises(SettingsError, match=r"'other'; it must be one of: file, keyring, memory"):
        validate("token_store", "other")


def test_timezone():
    """A time zone is UTC if none is given."""
    assert validators.timezone("timezone", None) is None
    assert validators.timezone("timezone", "Europe/Berlin") == "Europe/Berlin"


def test_timezone_without_system_database():
    """Where the system has no time zones, as in slim containers, those of the package tzdata are used."""
    zoneinfo.reset_tzpath(())
    zoneinfo.ZoneInfo.clear_cache()
    try:
        assert validators.timezone("timezone", "Europe/Berlin") == "Europe/Berlin"
    finally:
        zoneinfo.reset_tzpath()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "UTC+5"])
def test_invalid_timezone(zone):
    """A zone that is not in the IANA database is an error that names it."""
    with pytest.raises(SettingsError, match=f"SALESMATE_TIMEZONE is '{zone}'".replace("+", r"\+")):
        validators.timezone("timezone", zone)


def test_folder(monkeypatch, tmp_path):
    """A folder may begin with ~; by default it is the user's state folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert validators.folder("token_cache", "~/tokens") == tmp_path / "tokens"
    assert validators.folder("token_cache", f'"{tmp_path}" ') == tmp_path
    default = validators.folder("token_cache", None)
    assert (isinstance(default, Path), default.name) == (True, "salesmate_nb")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("${HOME}/x", r"Variables such as \$\{"),
        ("$HOME/x", r"Variables such as \$HOME"),
        ("%APPDATA%/x", "Variables such as %APPDATA%"),
        ("/srv/$(hostname)", "Variables"),
        ("tokens", "another folder wherever it is read"),
        (Path("tokens"), "another folder wherever it is read"),
        ("~nobody-of-this-name/x", "no home folder"),
        ("/srv/new\nline", "non-printable"),
    ],
)
def test_invalid_folder(given, words):
    """A folder is a full path: no variable in it is replaced, and no folder of such a name is made."""
    with pytest.raises(SettingsError, match=rf"SALESMATE_TOKEN_CACHE \(token_cache\).*{words}"):
        validators.folder("token_cache", given)


@pytest.mark.parametrize("path", ["deals$.csv", "//server/home$/ann", "100%/5%", "deals.csv"])
def test_expanded(path):
    """A path may have $ and % in it, as network shares do, and may be relative if it is that of a file."""
    assert validators.expanded("--output", path) == Path(path)
