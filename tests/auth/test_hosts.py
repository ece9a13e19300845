"""The hosts that are shown before a login is sent to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesmate_nb import Salesmate, Settings, SettingsError
from salesmate_nb._auth.hosts import unusual_hosts
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._auth.tokens import Token


@pytest.mark.parametrize(
    "usual",
    [
        {},
        {"linkname": "acme"},
        {"api_url": "http://127.0.0.1:5000"},
        {"token_url": "https://a.salesmate.io/t"},
    ],
)
def test_usual_hosts(usual):
    """Salesmate's own hosts and this machine need no notice."""
    assert unusual_hosts(Settings(**usual)) == []


@pytest.mark.parametrize("name", ["auth_url", "token_url", "revoke_url", "api_url"])
@pytest.mark.parametrize("host", ["evil.example", "salesmate.io.evil.example", "evilsalesmate.io"])
def test_other_host(name, host):
    """Any other host is named, with the setting that names it."""
    [found] = unusual_hosts(Settings(**{name: f"https://{host}:8443/x"}))
    assert (found.host, found.source) == (f"{host}:8443", f"the argument {name}")


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("api.s\u0430lesmate.io", "api.xn--slesmate-16g.io"),
        ("fa\u00df.example:8443", "xn--fa-hia.example:8443"),
    ],
)
def test_host_that_looks_like_another(host, shown):
    """A host is shown as DNS knows it: no Cyrillic letter passes for a Latin one."""
    assert [found.host for found in unusual_hosts(Settings(api_url=f"https://{host}"))] == [shown]


@pytest.mark.parametrize("home", [".", "home", "", "/"])
def test_dotenv_outside_home(monkeypatch, home):
    """A .env outside the home folder has each host that it names shown, a workspace too."""
    Path(".env").write_text("SALESMATE_LINKNAME=acme\n")
    monkeypatch.setenv("SALESMATE_TOKEN_CACHE", str(Path.cwd()))
    monkeypatch.setenv("HOME", str(Path(home).absolute()) if home else "")
    shown = [(found.host, found.source) for found in unusual_hosts(Settings.load())]
    source = f"SALESMATE_LINKNAME in {Path('.env').absolute()}"
    assert shown == ([] if home == "." else [("acme.salesmate.io", source)])


@pytest.mark.parametrize("host", ["https://evil.example", "http://localhost:9999"])
@pytest.mark.parametrize("key_in_file", [True, False])
def test_key_and_host_from_different_places(monkeypatch, key_in_file, host):
    """A key of the environment is not sent to a host that a .env names, nor to a port of this machine."""
    lines = ["SALESMATE_LINKNAME=acme", f"SALESMATE_API_URL={host}"]
    if key_in_file:
        lines.append("SALESMATE_SESSION_KEY=k3y-of-the-file")
    else:
        monkeypatch.setenv("SALESMATE_SESSION_KEY", "k3y-of-the-environment")
    Path(".env").write_text("\n".join(lines))
    if key_in_file:
        assert Salesmate(Settings.load()).authorized
        return
    with pytest.raises(
        SettingsError, match=r"(evil\.example|localhost:9999), but the Session Key is that of SALESMATE_SES"
    ) as caught:
        Salesmate(Settings.load())
    assert "k3y" not in str(caught.value)


@pytest.mark.parametrize("is_home", [True, False])
def test_key_and_foreign_workspace(monkeypatch, tmp_path, is_home):
    """A key of the environment is not sent to a workspace that a .env outside the home folder names."""
    Path(".env").write_text("SALESMATE_LINKNAME=stranger\n")
    monkeypatch.setenv("SALESMATE_SESSION_KEY", "k3y-of-the-environment")
    monkeypatch.setattr(Path, "home", lambda: tmp_path if is_home else tmp_path / "home")
    if is_home:
        assert Salesmate(Settings.load()).authorized
        return
    with pytest.raises(SettingsError, match=r"LINKNAME in .* names the host stranger\.salesmate\.io"):
        Salesmate(Settings.load())


def test_login_in_a_folder_of_a_dotenv(monkeypatch, tmp_path):
    """A login for another host, in a folder that a .env names, is used with a caution."""
    monkeypatch.delenv("SALESMATE_TOKEN_CACHE")
    Path(".env").write_text(f"SALESMATE_TOKEN_CACHE={tmp_path}\n")
    settings = Settings(linkname="acme", session_key="k3y", api_url="https://evil.example")
    FileTokenStore(tmp_path, "default").save(Token.from_key(settings))
    with pytest.warns(UserWarning, match=r"is for evil\.example.*TOKEN_CACHE in .*Go on only if"):
        assert Salesmate(Settings.load()).authorized
