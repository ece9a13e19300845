"""The consent page, as a browser receives it."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from salesmate_nb.sandbox._oauth import consent_page


@pytest.fixture
def asking(make_client):
    """Return a client of a sandbox that shows the consent page."""
    return make_client(approve="ask")


def decide(client, ticket, decision):
    form = {"ticket": ticket, "decision": decision}
    return client.http.post(client.sandbox.settings.auth_url, data=form, allow_redirects=False)


def test_allow(asking, ticket_of, redirected):
    """Allow redirects to the client with a code that gives tokens."""
    page = asking.authorize()
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    response = decide(asking, ticket_of(page), "allow")
    assert redirected(response)["state"] == "st4te"
    assert asking.token(code=redirected(response)["code"]).status_code == 200


@pytest.mark.parametrize("decision", ["deny", ""])
def test_deny(asking, ticket_of, redirected, decision):
    """Deny, or a form without a decision, redirects with access_denied and the state."""
    parameters = redirected(decide(asking, ticket_of(asking.authorize()), decision))
    assert (parameters["error"], parameters["state"]) == ("access_denied", "st4te")
    assert "code" not in parameters


@pytest.mark.parametrize("ticket", ["", "guessed"])
def test_forged_form(asking, ticket):
    """Only the one-time value of the page is accepted."""
    response = decide(asking, ticket, "allow")
    assert response.status_code == 400
    assert "Location" not in response.headers


def test_submit_once(asking, ticket_of):
    """Going back in the browser and pressing Allow again gives no second code."""
    ticket = ticket_of(asking.authorize())
    assert decide(asking, ticket, "allow").status_code == 302
    assert "submitted before" in decide(asking, ticket, "allow").text


def test_security_headers(asking):
    """The page is not cached or framed, sends no referrer, and runs no script."""
    page = asking.authorize(redirect_uri="http://localhost:3000/callback")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://localhost:3000;" in policy  # Chromium applies it to the redirect
    assert "frame-ancestors 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "<script" not in page.text
    assert "http" not in page.text
    style = re.search("<style>(.*)</style>", page.text, re.DOTALL)[1]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy


def test_page_text(asking):
    """The page names the client, the host that gets the decision, and the sandbox."""
    text = asking.authorize(redirect_uri="http://localhost:3000/callback").text
    assert "<strong>sandbox-client</strong>" in text
    assert "localhost:3000" in text
    assert "local sandbox" in text


def test_accessibility():
    """The page declares its language, has one heading and two real buttons, and supports dark mode."""
    page = consent_page.render(client_id="c", redirect_host="localhost", ticket="t")
    assert '<html lang="en">' in page
    assert page.count("<h1>") == 1
    assert re.findall(r'<button type="submit"[^>]*>(\w+)<', page) == ["Deny", "Allow"]
    assert "prefers-color-scheme: dark" in page
    assert ":focus-visible" in page


def test_text_is_escaped():
    """A client id, host or ticket cannot add HTML to the page."""
    page = consent_page.render(client_id="<b>&", redirect_host='"<i>', ticket='"><script>')
    assert not re.search(r"<(b|i|script)>", page)
    assert "&lt;b&gt;&amp;" in page
