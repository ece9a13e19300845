"""The consent page, as a browser would have it."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from salesmate_nb.sandbox import pages


@pytest.fixture
def asking(visit):
    """Visit a sandbox that asks."""
    return visit(approve="ask")


def decide(visitor, ticket, decision):
    form = {"ticket": ticket, "decision": decision}
    return visitor.http.post(visitor.box.settings.auth_url, data=form, allow_redirects=False)


def test_allowing_sends_a_code(asking, ticket, back):
    """Allow leads back to the client, with a code that becomes a token."""
    page = asking.authorize()
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    answer = decide(asking, ticket(page), "allow")
    assert back(answer)["state"] == "st4te"
    assert asking.token(code=back(answer)["code"]).status_code == 200


def test_denying_sends_an_error(asking, ticket, back):
    """Deny leads back to the client too, with access_denied and the state."""
    answer = decide(asking, ticket(asking.authorize()), "deny")
    assert (back(answer)["error"], back(answer)["state"]) == ("access_denied", "st4te")
    assert "code" not in back(answer)


def test_nothing_but_allow_allows(asking, ticket, back):
    """A form without a clear answer is a no."""
    assert back(decide(asking, ticket(asking.authorize()), ""))["error"] == "access_denied"


@pytest.mark.parametrize("forged", ["", "guessed"])
def test_a_forged_form_is_refused(asking, forged):
    """Only the page's own one-time value is accepted."""
    answer = decide(asking, forged, "allow")
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_page_is_answered_once(asking, ticket):
    """Going back in the browser and pressing Allow again gives no second code."""
    one = ticket(asking.authorize())
    assert decide(asking, one, "allow").status_code == 302
    assert "answered before" in decide(asking, one, "allow").text


def test_the_page_may_do_nothing_else(asking):
    """It is not kept or framed, tells nobody where it came from, and runs no script."""
    page = asking.authorize(redirect_uri="http://localhost:3000/callback")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://localhost:3000;" in policy  # Chromium holds the redirect to it
    assert "frame-ancestors 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "<script" not in page.text
    assert "http" not in page.text
    style = re.search("<style>(.*)</style>", page.text, re.DOTALL)[1]
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy


def test_the_page_says_who_asks_and_where_the_answer_goes(asking):
    """A person reads the client's name, the place and what a sandbox is."""
    text = asking.authorize(redirect_uri="http://localhost:3000/callback").text
    assert "<strong>sandbox-client</strong>" in text
    assert "localhost:3000" in text
    assert "local sandbox" in text


def test_the_page_can_be_used_by_all():
    """It names its language and has one heading and two real buttons."""
    page = pages.consent(client_id="c", goes_to="localhost", ticket="t")
    assert '<html lang="en">' in page
    assert page.count("<h1>") == 1
    assert re.findall(r'<button type="submit"[^>]*>(\w+)<', page) == ["Deny", "Allow"]
    assert "prefers-color-scheme: dark" in page
    assert ":focus-visible" in page


def test_outside_text_is_escaped():
    """A client's name or a ticket cannot leave its place in the page."""
    page = pages.consent(client_id="<b>&", goes_to='"<i>', ticket='"><script>')
    assert not re.search(r"<(b|i|script)>", page)
    assert "&lt;b&gt;&amp;" in page
