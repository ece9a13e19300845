"""Settings: where they come from, and what they refuse."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmate_nb import Settings, SettingsError
from salesmate_nb._redaction import Secret
from salesmate_nb._urls import is_loopback
from salesmate_nb._validators import variable

ROOT = Path(__file__).parents[1]
FIELDS = [field.name for field in dataclasses.fields(Settings)]
SAMPLE = {
    "client_id": "id-1",
    "client_secret": "secret-1",
    "redirect_uri": "https://example.com/back",
    "auth_url": "https://example.com/auth",
    "token_url": "https://example.com/token",
    "revoke_url": "https://example.com/revoke",
    "scope": "deals.read",
    "auth_params": "audience=api&prompt=login",
    "issuer": "https://auth.example.com",
    "token_endpoint_auth_method": "client_secret_basic",
    "token_body": "json",
    "api_url": "https://example.com/api",
    "linkname": "acme",
    "session_key": "key-1",
    "token_cache": "/tmp/tokens",
    "token_store": "keyring",
    "timezone": "Europe/Berlin",
    "calls_per_hour": "700",
    "concurrency": "2",
    "timeout": "12.5",
}


def value_of(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    return value.reveal() if isinstance(value, Secret) else str(value)


def test_every_field_has_a_sample_here():
    """The samples of these tests cover every field."""
    assert list(SAMPLE) == FIELDS


@pytest.mark.parametrize("name", FIELDS)
def test_environment_reaches_each_field(monkeypatch, name):
    """A field is read from the environment under its own name."""
    monkeypatch.setenv("SALESMATE_LINKNAME", "acme")
    monkeypatch.setenv(variable(name), SAMPLE[name])
    assert value_of(Settings.load(), name) == SAMPLE[name]


@pytest.mark.parametrize("name", FIELDS)
def test_dotenv_reaches_each_field(monkeypatch, name):
    """A field is read from .env, and nothing of that goes to the environment."""
    monkeypatch.delenv("SALESMATE_TOKEN_CACHE")
    Path(".env").write_text(f"SALESMATE_LINKNAME=acme\n{variable(name)}={SAMPLE[name]}\n")
    before = dict(os.environ)
    assert value_of(Settings.load(), name) == SAMPLE[name]
    assert dict(os.environ) == before


def test_argument_wins_over_environment_over_dotenv_over_default(monkeypatch):
    """The order is argument, environment, .env, default."""
    Path(".env").write_text(
        "SALESMATE_CLIENT_ID=from-dotenv\nSALESMATE_SCOPE=from-dotenv\nSALESMATE_TIMEZONE=Asia/Tokyo"
    )
    monkeypatch.setenv("SALESMATE_CLIENT_ID", "from-env")
    monkeypatch.setenv("SALESMATE_SCOPE", "from-env")
    settings = Settings.load(client_id="from-argument")
    assert (settings.client_id, settings.scope, settings.timezone) == (
        "from-argument",
        "from-env",
        "Asia/Tokyo",
    )
    assert settings.calls_per_hour == 1500


def test_an_empty_variable_hides_the_one_in_dotenv(monkeypatch):
    """A variable that is set but empty means: none."""
    Path(".env").write_text("SALESMATE_SCOPE=from-dotenv")
    monkeypatch.setenv("SALESMATE_SCOPE", "")
    assert Settings.load().scope is None


def test_the_constructor_reads_nothing(monkeypatch):
    """Settings() takes arguments and defaults only."""
    monkeypatch.setenv("SALESMATE_CLIENT_ID", "from-env")
    assert Settings().client_id is None


def test_dotenv_is_found_in_a_folder_above(tmp_path, monkeypatch):
    """The nearest .env is used, in this folder or above."""
    (tmp_path / "project" / "notebooks").mkdir(parents=True)
    (tmp_path / "project" / ".env").write_text("SALESMATE_CLIENT_ID=above")
    monkeypatch.chdir(tmp_path / "project" / "notebooks")
    assert Settings.load().client_id == "above"


def test_dotenv_with_a_byte_order_mark_and_dollars_is_read_as_it_stands():
    """Notepad's mark is skipped, and a secret with ${...} in it is not expanded."""
    Path(".env").write_bytes(b"\xef\xbb\xbfSALESMATE_CLIENT_ID=a${HOME}b\n")
    assert Settings.load().client_id == "a${HOME}b"


def test_the_example_names_exactly_the_settings_and_works_as_it_is():
    """.env.example holds every setting and no other, and a plain copy of it means the defaults."""
    text = (ROOT / ".env.example").read_text()
    assert sorted(re.findall(r"^(SALESMATE_\w+)=", text, re.MULTILINE)) == sorted(map(variable, FIELDS))
    Path(".env").write_text(text)
    assert Settings.load(token_cache="here") == Settings(token_cache="here")


@pytest.mark.parametrize("given", ["acme", "acme.salesmate.io", "https://acme.salesmate.io/", " ACME "])
def test_spellings_of_a_linkname_mean_the_same(given):
    """A linkname may be the name, the host or the address."""
    settings = Settings(linkname=given)
    assert (settings.linkname, settings.api_url) == ("acme", "https://acme.salesmate.io")


@pytest.mark.parametrize(
    "given", ["evil.com/x", "a b", "-acme", "a.b", "acme.salesmate.io.evil.com", "é", "x" * 64, "@"]
)
def test_a_linkname_that_could_name_another_host_is_refused(given):
    """A linkname is one DNS label, since a host is made of it."""
    with pytest.raises(SettingsError, match="SALESMATE_LINKNAME"):
        Settings(linkname=given)


@pytest.mark.parametrize("name", ["redirect_uri", "auth_url", "token_url", "revoke_url", "api_url"])
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
        "https://[::1",
        "https:\\\\example.com",
        "https://exa mple.com",
    ],
)
def test_an_address_where_secrets_could_be_read_or_misled_is_refused(name, url):
    """Every address is https, or http on this machine, and nothing odd."""
    with pytest.raises(SettingsError, match=variable(name)) as caught:
        Settings(**{name: url})
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "127.8.9.1:1", "[::1]:3000"])
def test_http_is_fine_on_this_machine(host):
    """A sandbox on loopback needs no certificate."""
    assert Settings(api_url=f"http://{host}").api_url == f"http://{host}"


@pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "example.com", "localhost.", ""])
def test_other_hosts_are_not_this_machine(host):
    """Loopback is 127.0.0.0/8, ::1 and localhost."""
    assert not is_loopback(f"http://{host}/")


@pytest.mark.parametrize("value", ["0", "-1", "many", "nan", "inf"])
@pytest.mark.parametrize("name", ["calls_per_hour", "concurrency", "timeout"])
def test_a_number_must_be_one_and_above_zero(name, value):
    """Numbers are checked where they are set."""
    with pytest.raises(SettingsError, match=variable(name)):
        Settings(**{name: value})


@pytest.mark.parametrize(
    "given", ["nonsense", "state=mine", "a=b&redirect_uri=https://evil.example", "code_challenge="]
)
def test_further_parameters_cannot_replace_those_of_the_login(given):
    """State, challenge and redirect are the login's own."""
    with pytest.raises(SettingsError, match="SALESMATE_AUTH_PARAMS"):
        Settings(auth_params=given)


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("token_endpoint_auth_method", "client_secret_post, client_secret_basic"),
        ("token_body", "form, json"),
        ("token_store", "file, keyring, memory"),
    ],
)
def test_a_choice_names_the_good_ones(name, choices):
    """A wrong choice is answered with the right ones."""
    with pytest.raises(SettingsError, match=f"one of: {choices}"):
        Settings(**{name: "other"})


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "UTC+5"])
def test_an_unknown_time_zone_is_refused(zone):
    """A zone that is not in the IANA database is named in the error."""
    with pytest.raises(SettingsError, match="SALESMATE_TIMEZONE"):
        Settings(timezone=zone)


@pytest.mark.parametrize("name", ["session_key", "access_token"])
def test_a_session_key_needs_a_linkname(name):
    """A key belongs to one workspace."""
    with pytest.raises(SettingsError, match="SALESMATE_LINKNAME"):
        Settings(**{name: "key-1"})


@pytest.mark.parametrize("name", ["session_key", "access_token"])
def test_other_name_of_session_key(name, monkeypatch):
    """access_token goes on working as another name, in arguments, the environment and .env."""
    made = Settings(linkname="acme", **{name: "key-1"})
    assert made.session_key.reveal() == made.access_token.reveal() == "key-1"
    assert made == Settings.load(linkname="acme", token_cache=made.token_cache, **{name: "key-1"})
    Path(".env").write_text(f"SALESMATE_LINKNAME=acme\n{variable(name)}=key-of-dotenv\n")
    assert Settings.load().session_key == "key-of-dotenv"
    monkeypatch.setenv(variable(name), "key-of-environment")
    assert Settings.load().session_key == "key-of-environment"


@pytest.mark.parametrize("name", ["session_key", "access_token"])
def test_replace_session_key(name):
    """dataclasses.replace takes either name, for another key, the same or none, as text or as a secret."""
    made = Settings(linkname="acme", session_key="key-1")
    for key in ("key-2", Secret("key-2"), "key-1", None):
        assert dataclasses.replace(made, **{name: key}).session_key == key
    assert dataclasses.replace(made, scope="x").session_key == "key-1"


def test_two_session_keys_are_refused(monkeypatch):
    """The two names may agree; different keys in one place are refused, without showing them."""
    both = {"session_key": "key-s3cret-1", "access_token": "key-s3cret-2"}
    agreed = Settings(linkname="acme", session_key="key-1", access_token="key-1")
    assert agreed.session_key == "key-1"
    for make in (Settings, Settings.load):
        with pytest.raises(SettingsError, match="session_key and access_token are two names") as caught:
            make(linkname="acme", **both)
        assert "s3cret" not in str(caught.value)
    Path(".env").write_text("".join(f"{variable(name)}={key}\n" for name, key in both.items()))
    with pytest.raises(
        SettingsError, match="SALESMATE_SESSION_KEY and SALESMATE_ACCESS_TOKEN are two"
    ) as caught:
        Settings.load(linkname="acme")
    assert "s3cret" not in str(caught.value)
    monkeypatch.setenv("SALESMATE_ACCESS_TOKEN", "key-3")  # the environment wins, whichever name it uses
    assert Settings.load(linkname="acme").session_key == "key-3"
    monkeypatch.setenv("SALESMATE_SESSION_KEY", "")  # the other name has the value
    assert Settings.load(linkname="acme").session_key == "key-3"
    monkeypatch.setenv("SALESMATE_ACCESS_TOKEN", "")
    assert Settings.load(linkname="acme").session_key is None


def test_zone():
    """Without a time zone, dates without one are in UTC until the account's is known."""
    assert (Settings().timezone, Settings().zone) == (None, "UTC")
    assert Settings(timezone="Asia/Tokyo").zone == "Asia/Tokyo"


@pytest.mark.parametrize("key", ["k3y-s3cret\r\nX-One: 1", "“k3y-s3cret”", "k3y-s3cret\u200b", "k3y-s3cr€t"])
def test_a_session_key_that_no_header_carries_is_refused_without_showing_it(key):
    """What a paste brought along is told now, not by an error that shows the key when it is sent."""
    with pytest.raises(SettingsError, match=r"SALESMATE_SESSION_KEY.*copy it again") as caught:
        Settings(linkname="acme", access_token=key)
    assert "k3y" not in str(caught.value)


def test_a_dotenv_that_is_a_folder_is_refused_unless_it_is_a_virtual_environment():
    """A folder named .env is an error; a virtual environment of that name is passed over."""
    Path(".env").unlink()
    Path(".env").mkdir()
    with pytest.raises(SettingsError, match="is a folder"):
        Settings.load()
    Path(".env/pyvenv.cfg").touch()
    assert Settings.load().client_id is None


def test_a_dotenv_that_is_not_utf8_is_refused_without_showing_it():
    """The error names the file, and neither it nor its chain holds what stands in there."""
    Path(".env").write_bytes(b"SALESMATE_CLIENT_SECRET=s3cret-\xff\n")
    with pytest.raises(SettingsError, match="not UTF-8") as caught:
        Settings.load()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_secrets_show_as_stars_everywhere():
    """repr, str, format, vars and asdict of settings hold no secret; the value itself is there."""
    settings = Settings(client_secret="s3cret-1", access_token="s3cret-2", linkname="acme")
    shown = [
        repr(settings),
        str(settings),
        f"{settings}",
        repr(vars(settings)),
        str(dataclasses.asdict(settings)),
    ]
    shown += [f"{settings.client_secret}", "%s %r" % (settings.client_secret, settings.access_token)]
    assert all("s3cret" not in text for text in shown)
    assert settings.client_secret == "s3cret-1"
    assert dataclasses.replace(settings, scope="x").client_secret.reveal() == "s3cret-1"


def test_secrets_are_copied_but_not_pickled():
    """A copy keeps the secret; a pickle, which could land anywhere, is refused."""
    settings = Settings(client_secret="s3cret-1")
    assert copy.deepcopy(settings) == copy.copy(settings) == settings
    assert copy.copy(settings.client_secret) is settings.client_secret
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(settings)


@given(st.text())
def test_a_secret_is_the_text_it_was_made_of(text):
    """A secret equals, sends and stores its own text, and made of itself stays itself."""
    secret = Secret(text)
    assert Secret(secret).reveal() == secret == text
    assert type(secret.reveal()) is str
    assert json.loads(json.dumps({"k": secret})) == {"k": text}
    assert (f"{secret:>9}", f"{secret!s}", f"{secret!r}", f"{secret}") == ("      ***", "***", "'***'", "***")
