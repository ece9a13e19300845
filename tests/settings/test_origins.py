"""Where settings come from: the order of arguments, environment and .env, and what is around a value."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesmate_nb import Settings
from salesmate_nb._settings.origins import Origins, read_settings

NAMES = {"client_id": ["client_id"], "session_key": ["session_key", "access_token"]}


def test_order(monkeypatch):
    """An argument comes before the environment, that before .env; the place of each value is known."""
    Path(".env").write_text("SALESMATE_CLIENT_ID=file\nSALESMATE_ACCESS_TOKEN=file")
    values, origins = read_settings(NAMES, {})
    assert values == {"client_id": "file", "session_key": "file"}
    assert origins.place("session_key") == f"SALESMATE_ACCESS_TOKEN in {origins.dotenv}"
    monkeypatch.setenv("SALESMATE_CLIENT_ID", "environment")
    values, origins = read_settings(NAMES, {"access_token": "argument"})
    assert values == {"client_id": "environment", "session_key": "argument"}
    assert origins.place("client_id") == "SALESMATE_CLIENT_ID in the environment"
    assert origins.place("session_key") == "the argument session_key"


@pytest.mark.parametrize("name", ["client_id", "client_secret", "session_key", "scope", "timezone"])
@pytest.mark.parametrize("around", ['"{}"', "'{}'", "\xa0{}\u200b", ' "\ufeff{}" '])
def test_around_a_value(monkeypatch, name, around):
    """Quotes that docker keeps, and invisible characters that were pasted, are not part of a value."""
    monkeypatch.setenv("SALESMATE_LINKNAME", around.format("acme"))
    monkeypatch.setenv(f"SALESMATE_{name.upper()}", around.format("Asia/Tokyo"))
    settings = Settings.load()
    assert (getattr(settings, name), settings.linkname) == ("Asia/Tokyo", "acme")


def test_quotes_around_nothing(monkeypatch):
    """Quotes around nothing count as empty."""
    monkeypatch.setenv("SALESMATE_TOKEN_BODY", '""')
    monkeypatch.setenv("SALESMATE_TIMEOUT", "''")
    assert Settings.load().token_body == "form"


def test_no_values():
    """What is kept of the sources has no value of a setting."""
    Path(".env").write_text("SALESMATE_CLIENT_ID=s3cret")
    _, origins = read_settings(NAMES, {})
    assert isinstance(origins, Origins)
    assert "s3cret" not in repr(origins)


@pytest.mark.parametrize("name", ["SALESMATE_SESION_KEY", "SALESMATE_SESSIONKEY", "salesmate_session_key"])
@pytest.mark.parametrize("in_file", [True, False])
def test_misspelt_name(monkeypatch, name, in_file):
    """A name that is close to a setting's is named once, with its place and that setting, not its value."""
    monkeypatch.setenv("SALESMATE_PORT", "tcp://10.0.0.1:80")  # as Kubernetes does
    if in_file:
        Path(".env").write_text(f"{name}=k3y-s3cret\n")
    else:
        monkeypatch.setenv(name, "k3y-s3cret")
    place = str(Path(".env").absolute()) if in_file else "the environment"
    with pytest.warns(UserWarning, match="not a setting") as caught:
        read_settings({"linkname": ["linkname"], "session_key": ["session_key"]}, {})
    assert [str(each.message) for each in caught] == [
        f"{name} in {place} is not a setting and does not count. Did you mean SALESMATE_SESSION_KEY?"
    ]
    read_settings({"linkname": ["linkname"], "session_key": ["session_key"]}, {})
