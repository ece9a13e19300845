"""A sandbox for each test, and a client that sends requests to it over real sockets."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from salesmate_nb import sandbox
from salesmate_nb.sandbox._oauth.token_issuer import challenge_of

VERIFIER = "a-verifier-of-at-least-forty-three-characters-0"
REDIRECT_URI = "http://127.0.0.1:5123/callback"


@dataclass
class Client:
    """Sends requests to a sandbox, as an API client or as a person's browser."""

    sandbox: sandbox.Sandbox
    http: requests.Session

    def authorize(self, *, without=(), **changes):
        """Open the authorization endpoint, and return the response without following its redirect."""
        query = {
            "client_id": "sandbox-client",
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "state": "st4te",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        query = {name: value for name, value in (query | changes).items() if name not in without}
        return self.http.get(self.sandbox.settings.auth_url, params=query, allow_redirects=False)

    def code(self, **changes):
        """Return a new authorization code."""
        return parameters_of(self.authorize(**changes))["code"]

    def token(self, *, without=(), **changes):
        """Send a token request for a code; all parameters but the code have valid defaults."""
        form = {
            "grant_type": "authorization_code",
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            "client_id": "sandbox-client",
            "client_secret": "sandbox-secret",
        }
        form = {name: value for name, value in (form | changes).items() if name not in without}
        return self.http.post(self.sandbox.settings.token_url, data=form)

    def refresh(self, token, **changes):
        """Send a token request for a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self.token(without=("redirect_uri", "code_verifier"), **form, **changes)

    def log_in(self, **changes):
        """Return the tokens of a new login."""
        return self.token(code=self.code(**changes)).json()

    def deals(self, access_token, **query):
        """Return the response of ``GET /v1/deals`` for an access token."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.http.get(f"{self.sandbox.url}/v1/deals", params=query, headers=headers)

    def get(self, path, **query):
        """Return the response of any endpoint, with the Session Key."""
        return self.http.get(f"{self.sandbox.url}{path}", params=query, headers=self.headers)

    def search(self, *rules, resource="deal", rows=250, offset=0, **body):
        """Return the response of a v4 search, with the Session Key."""
        if rules:
            body["filterQuery"] = {"group": {"operator": "AND", "rules": list(rules)}}
        body.setdefault("getRecordsCount", True)
        query = {"rows": rows, "from": offset} | ({"viewType": "list"} if resource == "activity" else {})
        return self.http.post(
            f"{self.sandbox.url}/apis/{resource}/v4/search", params=query, json=body, headers=self.headers
        )

    def ids(self, *rules, **body):
        """Return the ids on the first page of a v4 search."""
        response = self.search(*rules, **body)
        assert response.status_code == 200, response.text
        return [record["id"] for record in response.json()["Data"]["data"]]

    @property
    def headers(self):
        """The Session Key and the linkname."""
        return {
            "accessToken": self.sandbox.session_key,
            "x-linkname": f"{self.sandbox.linkname}.salesmate.io",
        }


def parameters_of(response):
    """Return the parameters of the URL that a response redirects to."""
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


@pytest.fixture
def http():
    """Open a session that ignores proxy settings."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def start():
    """Return a function that starts sandboxes, which stop when the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda **options: stack.enter_context(sandbox.start(**{"deals": 5, **options}))


@pytest.fixture
def make_client(start, http):
    """Return a function that starts a sandbox, and returns a client of it."""
    return lambda **options: Client(start(**options), http)


@pytest.fixture
def client(make_client):
    """Return a client of a sandbox with five deals and default options."""
    return make_client()


@pytest.fixture
def kind(make_client):
    """Return a client of a sandbox with five deals that supports everything."""
    return make_client(behavior="kind")


@pytest.fixture
def data_file(tmp_path):
    """Return a function that writes deals to a file, for a sandbox to serve."""

    def write(*records):
        path = tmp_path / "deals.json"
        path.write_text(json.dumps(records), encoding="utf-8")
        return path

    return write


@pytest.fixture
def rule():
    """Return a function that makes a search rule as the v4 reference has it."""

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
def failure_of():
    """Return a function that checks a failure response, and returns its status code and name."""

    def read(response):
        payload = response.json()
        assert payload.keys() == {"Status", "Error"}
        assert payload["Status"] == "failure"
        assert payload["Error"].keys() == {"code", "name", "message"}
        return response.status_code, payload["Error"]["name"]

    return read


@pytest.fixture
def redirected():
    """Return a function that returns the parameters of a redirect."""
    return parameters_of


@pytest.fixture
def ticket_of():
    """Return a function that returns the one-time value of a consent page."""
    return lambda page: re.search(r'name="ticket" value="([^"]+)"', page.text)[1]
