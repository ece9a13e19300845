"""A sandbox for each test, a browser that keeps to the machine, and a person who logs in."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from salesmate_nb import sandbox
from salesmate_nb.sandbox.grants import challenge_of

VERIFIER = "a-verifier-of-at-least-forty-three-characters-0"
REDIRECT = "http://127.0.0.1:5123/callback"


@dataclass
class Visitor:
    """Calls a sandbox over real sockets, as a client or as a person's browser."""

    box: sandbox.Sandbox
    http: requests.Session

    def authorize(self, *, without=(), **changes):
        """Open the authorize address, and return the answer without following it."""
        query = {
            "client_id": "sandbox-client",
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "state": "st4te",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        query = {name: value for name, value in (query | changes).items() if name not in without}
        return self.http.get(self.box.settings.auth_url, params=query, allow_redirects=False)

    def code(self, **changes):
        """Return a fresh code."""
        return returned(self.authorize(**changes))["code"]

    def token(self, *, without=(), **changes):
        """Exchange a code; by default everything fits but the code, which a test gives."""
        form = {
            "grant_type": "authorization_code",
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
        }
        form = {name: value for name, value in (form | changes).items() if name not in without}
        return self.http.post(self.box.settings.token_url, data=form)

    def refresh(self, token, **changes):
        """Exchange a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self.token(without=("redirect_uri", "code_verifier"), **form, **changes)

    def log_in(self, **changes):
        """Return tokens of a new login."""
        return self.token(code=self.code(**changes)).json()

    def deals(self, access_token, **query):
        """Return the answer of ``GET /v1/deals``."""
        bearer = {"Authorization": f"Bearer {access_token}"}
        return self.http.get(f"{self.box.url}/v1/deals", params=query, headers=bearer)

    def get(self, path, **query):
        """Return the answer of any endpoint, with the access key."""
        return self.http.get(f"{self.box.url}{path}", params=query, headers=self.key)

    def search(self, *rules, rows=250, offset=0, **body):
        """Return the answer of a v4 search, with the access key."""
        if rules:
            body["filterQuery"] = {"group": {"operator": "AND", "rules": list(rules)}}
        body.setdefault("getRecordsCount", True)
        return self.http.post(
            f"{self.box.url}/apis/deal/v4/search",
            params={"rows": rows, "from": offset},
            json=body,
            headers=self.key,
        )

    def found(self, *rules, **body):
        """Return the ids that a v4 search finds on its first page."""
        answer = self.search(*rules, **body)
        assert answer.status_code == 200, answer.text
        return [deal["id"] for deal in answer.json()["Data"]["data"]]

    @property
    def key(self):
        return {"accessToken": self.box.access_key, "x-linkname": f"{self.box.linkname}.salesmate.io"}


def returned(answer):
    """Return what a redirect brings back."""
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


@pytest.fixture
def http():
    """Open a session that reads no proxy settings."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def start():
    """Start sandboxes that are stopped when the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(sandbox.start(**{"deals": 5, **options}))


@pytest.fixture
def visit(start, http):
    """Start a sandbox, and return a visitor of it."""
    return lambda **options: Visitor(start(**options), http)


@pytest.fixture
def visitor(visit):
    """Visit a sandbox as it is by default, but for a smaller number of deals."""
    return visit()


@pytest.fixture
def data_file(tmp_path):
    """Write deals into a file for a sandbox to serve."""

    def write(*records):
        path = tmp_path / "deals.json"
        path.write_text(json.dumps(records), encoding="utf-8")
        return path

    return write


@pytest.fixture
def rule():
    """Return a rule as peers write it."""

    def make(condition, field, data=None):
        return {
            "condition": condition,
            "moduleName": "Deal",
            "field": {"fieldName": f"deal.{field}", "displayName": field, "type": "Text"},
            "data": data,
            "eventType": "Text",
        }

    return make


@pytest.fixture
def back():
    """Read what a redirect brings back."""
    return returned


@pytest.fixture
def ticket():
    """Read the one-time value of a consent page."""
    return lambda page: re.search(r'name="ticket" value="([^"]+)"', page.text)[1]
