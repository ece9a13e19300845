"""A login flow and an offer whose state a test sets."""

from __future__ import annotations

import pytest

from salesmate_nb import LoginError, Settings
from salesmate_nb._auth.flow import LoginState
from salesmate_nb._auth.hosts import unusual_hosts
from salesmate_nb._base.secret.text import Secret
from salesmate_nb._status import Status
from salesmate_nb._ui.offer import LoginOffer
from salesmate_nb._ui.panel import link_form, panel


class FakeLogin:
    """A login flow whose state a test sets."""

    url = 'https://auth.example.com/?a=1&b="<x>'
    redirect_uri = "http://localhost:3000/callback"
    phase = LoginState.WAITING
    message = obstacle = ""
    is_listening = True
    is_awaited = False

    def __init__(self):
        self.watchers, self.pasted = [], []

    def subscribe(self, watcher):
        self.watchers.append(watcher)

    def unsubscribe(self, watcher):
        if watcher in self.watchers:
            self.watchers.remove(watcher)

    def finish(self, pasted):
        self.pasted.append(Secret(pasted).reveal())
        self.move(LoginState.WAITING, "No <b>code</b>.")
        raise LoginError(self.message)

    def renew(self):
        self.move(LoginState.WAITING)

    def wait(self, seconds):
        self.waited = seconds

    def move(self, phase, message=""):
        self.phase, self.message = phase, message
        for watcher in list(self.watchers):
            watcher(self)


class Account:
    """What stands behind a login: which key is right, and what was tried."""

    def __init__(self):
        self.tried, self.error, self.is_authorized = [], None, False
        self.user, self.problem = "Ann <Weber>", ""

    def with_key(self, workspace, key):
        self.tried.append((workspace, key.reveal()))
        if self.error is not None:
            raise self.error
        self.is_authorized = True

    def status(self):
        return Status(
            authorized=True,
            profile="default",
            who="Ann Weber (Session Key)",
            host="https://acme.salesmate.io",
            api="v4",
            expires_at=None,
            token_location="<home>/default.json",
            calls_made=1,
            calls_left=1499,
            user=self.user,
            workspace="acme",
        )


@pytest.fixture
def login():
    return FakeLogin()


@pytest.fixture
def account():
    return Account()


@pytest.fixture
def offer(account):
    """Make an offer of `account`, with these settings or other fields."""

    def make(**fields):
        settings = fields.pop("settings", Settings())
        return LoginOffer(
            **{
                "settings": settings,
                "hosts": unusual_hosts(settings),
                "profile": "default",
                "stored_in": "<home>/default.json",
                "with_key": account.with_key,
                "status": account.status,
                "identify": lambda: setattr(account, "user", "Ann <Weber>") or account.problem,
                "is_authorized": lambda: account.is_authorized,
                **fields,
            }
        )

    return make


@pytest.fixture(autouse=True)
def _no_panels(monkeypatch):
    """Start without panels of other tests, and leave no timer running."""
    monkeypatch.setattr(panel, "_pending", {})
    timers = []

    def timer(*arguments):
        timers.append(real(*arguments))
        return timers[-1]

    real = link_form.threading.Timer
    monkeypatch.setattr(link_form.threading, "Timer", timer)
    yield
    for made in timers:
        made.cancel()
