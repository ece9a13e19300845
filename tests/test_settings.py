"""Settings: their sources, the order of these, and the rules across fields."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmate_nb import Settings, SettingsError
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._base.validators import trimmed, variable

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
    "refresh": "auto",
    "calls_per_hour": "700",
    "concurrency": "2",
    "timeout": "12.5",
}


def value_of(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    return value.reveal() if isinstance(value, Secret) else str(value)


def test_samples():
    """There is a sample for every field."""
    assert list(SAMPLE) == FIELDS


@pytest.mark.parametrize("name", FIELDS)
def test_environment_variable(monkeypatch, name):
    """A field is read from the environment variable of its name."""
    monkeypatch.setenv("SALESMATE_LINKNAME", "acme")
    monkeypatch.setenv(variable(name), SAMPLE[name])
    assert value_of(Settings.load(), name) == SAMPLE[name]


@pytest.mark.parametrize("name", FIELDS)
def test_dotenv(monkeypatch, name):
    """A field is read from .env, and the environment stays as it was."""
    monkeypatch.delenv("SALESMATE_TOKEN_CACHE")
    Path(".env").write_text(f"SALESMATE_LINKNAME=acme\n{variable(name)}={SAMPLE[name]}\n")
    before = dict(os.environ)
    assert value_of(Settings.load(), name) == SAMPLE[name]
    assert dict(os.environ) == before


def test_precedence(monkeypatch):
    """An argument wins over the environment, that over .env, and that over the default."""
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


def test_empty_variable(monkeypatch):
    """A variable that is set but empty hides the one in .env."""
    Path(".env").write_text("SALESMATE_SCOPE=from-dotenv")
    monkeypatch.setenv("SALESMATE_SCOPE", "")
    assert Settings.load().scope is None


def test_constructor(monkeypatch):
    """Settings() uses arguments and defaults only."""
    monkeypatch.setenv("SALESMATE_CLIENT_ID", "from-env")
    assert Settings().client_id is None


def test_dotenv_example():
    """.env.example has every setting and no other, and a copy of it gives the defaults."""
    text = (ROOT / ".env.example").read_text()
    assert sorted(re.findall(r"^(SALESMATE_\w+)=", text, re.MULTILINE)) == sorted(map(variable, FIELDS))
    Path(".env").write_text(text)
    assert Settings.load() == Settings(token_cache=os.environ["SALESMATE_TOKEN_CACHE"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_id", "two\nlines"),
        ("client_secret", "two\nlines"),
        *((name, "http://api.salesmate.io/x") for name in FIELDS if name.endswith(("_url", "_uri"))),
        ("scope", "a\u200bb"),
        ("auth_params", "state=mine"),
        ("issuer", "two\nlines"),
        ("token_endpoint_auth_method", "other"),
        ("token_body", "other"),
        ("linkname", "evil.com/x"),
        ("session_key", "k3y-s3cr€t"),
        ("token_cache", "tokens"),
        ("token_store", "other"),
        ("timezone", "Mars/Olympus"),
        ("refresh", "always"),
        ("calls_per_hour", "0"),
        ("concurrency", "0"),
        ("timeout", "nan"),
    ],
)
def test_validation(name, value):
    """Every field is validated when settings are made, and the error names its variable."""
    with pytest.raises(SettingsError, match=variable(name)):
        Settings(**{name: value})


def test_api_url():
    """The API's URL is the workspace's, if there is one, else Salesmate's; one that is given wins."""
    assert Settings(linkname="Acme.salesmate.io").api_url == "https://acme.salesmate.io"
    assert Settings().api_url.startswith("https://")
    assert Settings(linkname="acme", api_url="http://127.0.0.1:1/").api_url == "http://127.0.0.1:1"


def test_require_v4():
    """Without a linkname there is no v4 API, and the error names what needs it, and says what to do."""
    Settings(linkname="acme").require_v4("Contacts")
    with pytest.raises(SettingsError, match=r"^Contacts need .* live\. Set SALESMATE_LINKNAME .* again\.$"):
        Settings().require_v4("Contacts")


@pytest.mark.parametrize("name", ["session_key", "access_token"])
def test_session_key_needs_linkname(name):
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


def test_secrets_in_repr():
    """repr, str, format, vars and asdict of settings show no secret; its field still has the value."""
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


def test_copy_and_pickle():
    """A copy keeps the secret; a pickle, which could be saved anywhere, is refused."""
    settings = Settings(client_secret="s3cret-1")
    assert copy.deepcopy(settings) == copy.copy(settings) == settings
    assert copy.copy(settings.client_secret) is settings.client_secret
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(settings)


@pytest.mark.skipif(os.name != "posix", reason="Windows finds the home folder elsewhere")
def test_no_home(monkeypatch):
    """Without a home folder, a folder for logins has to be set, or that they stay in memory."""
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user id that no one has
    monkeypatch.delenv("XDG_STATE_HOME")
    with pytest.raises(SettingsError, match=r"no home folder.*SALESMATE_TOKEN_CACHE.*TOKEN_STORE=memory"):
        Settings()
    with pytest.raises(SettingsError, match=r"SALESMATE_TOKEN_CACHE.*'~/tokens', but this user has no home"):
        Settings(token_cache="~/tokens")
    assert repr(Settings(token_store="memory")) == "Settings(token_store='memory')"
    assert Settings(token_cache="/var/lib/tokens").token_cache == Path("/var/lib/tokens")


def test_repr_has_what_differs():
    """repr and the card show what differs from the defaults; the API's address follows from the linkname."""
    assert repr(Settings()) == "Settings()"
    assert "all by default" in Settings()._repr_html_()
    settings = Settings(linkname="acme", session_key="s3cret-1", timeout=60)
    assert repr(settings) == "Settings(linkname='acme', session_key='***', timeout=60.0)"
    html = settings._repr_html_()
    assert [name for name in ("linkname", "session_key", "timeout") if f">{name}<" in html] == [
        "linkname",
        "session_key",
        "timeout",
    ]
    assert ">api_url<" not in html
    assert "api_url='https://eu.example.com'" in repr(
        Settings(linkname="acme", api_url="https://eu.example.com")
    )


SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40).filter(
    lambda text: trimmed(text) == text  # quotes around it would not be part of it
)


@given(secret=SECRETS, key=SECRETS, other=st.sampled_from(["client_id", "scope", "issuer"]))
def test_no_secret_is_shown(secret, key, other):
    """No secret of any length is in repr or card, also if it was pasted into another setting as well."""
    values = {"client_secret": secret, "session_key": key, "linkname": "acme", other: f"x{secret}y"}
    settings = Settings(**values)
    for shown in (repr(settings), settings._repr_html_()):
        for text in re.findall(r"<bdi>(.*?)</bdi>|='(.*?)'", shown):
            assert not any(hidden in part for part in text for hidden in (secret, key) if part.strip("*"))
