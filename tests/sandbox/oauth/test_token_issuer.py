"""The lifetimes and single use of codes and tokens, without HTTP."""

from __future__ import annotations

import pytest

from salesmate_nb.sandbox import Options
from salesmate_nb.sandbox._oauth.token_issuer import (
    AuthorizationRequest,
    OAuthError,
    TokenIssuer,
    challenge_of,
)

VERIFIER = "a-verifier-of-at-least-forty-three-characters-0"
REDIRECT_URI = "http://127.0.0.1:5123/callback"


class Login:
    """A token issuer and a client of it."""

    def __init__(self, **options):
        self.issuer = TokenIssuer(Options(**options))

    def code(self, scope=None):
        request = AuthorizationRequest(
            redirect_uri=REDIRECT_URI, code_challenge=challenge_of(VERIFIER), scope=scope
        )
        return self.issuer.issue_code(request)

    def exchange(self, code, *, redirect_uri=REDIRECT_URI, verifier=VERIFIER):
        return self.issuer.exchange_code(code, redirect_uri=redirect_uri, verifier=verifier)

    def log_in(self, scope=None):
        return self.exchange(self.code(scope))

    def refresh(self, tokens, scope=None):
        return self.issuer.refresh(tokens["refresh_token"], scope=scope)

    def is_valid(self, tokens):
        return self.issuer.is_valid(tokens["access_token"])


@pytest.fixture
def login():
    """Return a login with default options."""
    return Login()


def refused(call, *arguments, error="invalid_grant", **keywords):
    """Return the description of the expected OAuth error."""
    with pytest.raises(OAuthError) as caught:
        call(*arguments, **keywords)
    assert (caught.value.error, caught.value.status) == (error, 400)
    return str(caught.value)


@pytest.mark.parametrize(
    "changes", [{"verifier": "x" * 43}, {"redirect_uri": "http://127.0.0.1:5124/callback"}]
)
def test_code_is_bound(login, changes):
    """A code needs its verifier and redirect URI (RFC 6749, section 4.1.3); a failed attempt uses it up."""
    code = login.code()
    refused(login.exchange, code, **changes)
    refused(login.exchange, code)


def test_code_reuse_revokes(login):
    """A code works once; using it again revokes the tokens it gave."""
    code = login.code()
    tokens = login.exchange(code)
    assert "used before" in refused(login.exchange, code)
    assert not login.is_valid(tokens)
    refused(login.refresh, tokens)


def test_code_expires():
    """A code lives for code_ttl."""
    login = Login(code_ttl=0)
    assert "expired" in refused(login.exchange, login.code())


def test_refresh_token_reuse_revokes(login):
    """Reuse of a rotating refresh token looks like theft, and revokes everything of that login."""
    first = login.log_in()
    second = login.refresh(first)
    assert "used before" in refused(login.refresh, first)
    refused(login.refresh, second)
    assert not login.is_valid(second)


def test_logins_are_independent(login):
    """What revokes one login leaves others valid."""
    first, other = login.log_in(), login.log_in()
    login.refresh(first)
    refused(login.refresh, first)
    assert login.is_valid(other)


def test_without_rotation():
    """With rotate=False the same refresh token works again and again."""
    login = Login(rotate=False)
    first = login.log_in()
    assert login.refresh(first)["refresh_token"] == first["refresh_token"]
    assert login.is_valid(login.refresh(first))


def test_tokens_expire():
    """Access tokens live for access_ttl, refresh tokens for refresh_ttl."""
    login = Login(access_ttl=0, refresh_ttl=0)
    tokens = login.log_in()
    assert not login.is_valid(tokens)
    assert "expired" in refused(login.refresh, tokens)


def test_scope_cannot_grow(login):
    """A refresh may request the granted scope, or less."""
    tokens = login.refresh(login.log_in(scope="deals users"), scope="deals")
    refused(login.refresh, tokens, scope="deals admin", error="invalid_scope")


def test_unknown_credentials(login):
    """Unknown codes and tokens are refused."""
    refused(login.exchange, "unknown")
    refused(login.refresh, {"refresh_token": "unknown"})
    assert not login.issuer.is_valid("unknown")


def test_repr_hides_secrets():
    """The repr of an authorization request shows neither challenge nor state."""
    request = AuthorizationRequest(redirect_uri=REDIRECT_URI, code_challenge="ch4llenge", state="st4te")
    assert "ch4llenge" not in repr(request)
    assert "st4te" not in repr(request)
