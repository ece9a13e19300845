"""The OAuth endpoints: authorize, its consent page, token and revoke."""

from __future__ import annotations

import re
import secrets
import threading
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from werkzeug.wrappers import Request, Response

from salesmate_nb.sandbox import pages
from salesmate_nb.sandbox.answers import as_json, sent_json
from salesmate_nb.sandbox.grants import Consent, Denied, Grants
from salesmate_nb.sandbox.options import Options

# Any port of a loopback address (RFC 8252, section 7.3); a pattern, since browsers and parsers of
# addresses do not agree on what "http://127.0.0.1\@elsewhere" is.
_REDIRECT = re.compile(r"http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?/callback")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636, section 4.2
_CLIENT_FIELDS = {"client_id", "client_secret"}
_GRANT_FIELDS = {
    "authorization_code": {"grant_type", "code", "redirect_uri", "code_verifier", "scope"},
    "refresh_token": {"grant_type", "refresh_token", "scope"},
}
_REVOKE_FIELDS = {"token", "token_type_hint"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class OAuth:
    """Answers the OAuth endpoints.

    Parameters
    ----------
    options : Options
        The client, and how consent is given.
    grants : Grants
        What was issued.
    """

    def __init__(self, options: Options, grants: Grants) -> None:
        self._options = options
        self._grants = grants
        self._lock = threading.Lock()
        self._asked: dict[str, Consent] = {}

    def authorize(self, request: Request) -> Response:
        """Send the browser back with a code, or ask the person first (RFC 6749, section 4.1.1)."""
        asked = request.args
        if any(len(asked.getlist(name)) > 1 for name in asked):
            return _problem("The link says a thing twice, as no client does.")
        if asked.get("client_id") != self._options.client_id:
            return _problem(f"There is no client named {asked.get('client_id', '')!r}.")
        if not _REDIRECT.fullmatch(asked.get("redirect_uri", "")):
            return _problem(
                f"The redirect address {asked.get('redirect_uri', '')!r} is not the client's. "
                "This sandbox sends people to http://127.0.0.1:<any port>/callback or "
                "http://localhost:<any port>/callback only."
            )
        consent = Consent(
            redirect_uri=asked["redirect_uri"],
            challenge=asked.get("code_challenge", ""),
            state=asked.get("state"),
            scope=asked.get("scope"),
        )
        if asked.get("response_type") != "code":
            return _send_back(consent, error="unsupported_response_type")
        if not _CHALLENGE.fullmatch(consent.challenge) or asked.get("code_challenge_method") != "S256":
            return _send_back(
                consent, error="invalid_request", error_description="PKCE with S256 is required."
            )
        return self._allow(consent) if self._options.approve == "auto" else self._ask(consent)

    def decide(self, request: Request) -> Response:
        """Send the browser back with what the person decided on the consent page."""
        with self._lock:
            consent = self._asked.pop(request.form.get("ticket", ""), None)
        if consent is None:
            return _problem("This page was answered before. Go back to where you came from and begin again.")
        if request.form.get("decision") == "allow":
            return self._allow(consent)
        return _send_back(consent, error="access_denied", error_description="The person denied.")

    def token(self, request: Request) -> Response:
        """Issue tokens (RFC 6749, section 3.2)."""
        try:
            tokens = self._tokens(self._authenticated(request))
        except Denied as denied:
            return _denial(denied)
        return as_json(tokens, HTTPStatus.OK, _HEADERS)

    def revoke(self, request: Request) -> Response:
        """Revoke a token, known or not (RFC 7009)."""
        try:
            sent = self._authenticated(request)
            _check_fields(sent, _REVOKE_FIELDS)
            self._grants.revoke(_need(sent, "token"))
        except Denied as denied:
            return _denial(denied)
        return Response(b"", HTTPStatus.OK, _HEADERS)

    def _tokens(self, sent: dict[str, str]) -> dict[str, Any]:
        kind = _need(sent, "grant_type")
        if kind not in _GRANT_FIELDS:
            raise Denied("unsupported_grant_type", f"grant_type {kind!r} is not known here.")
        _check_fields(sent, _GRANT_FIELDS[kind])
        if kind == "refresh_token":
            return self._grants.refresh(_need(sent, "refresh_token"), scope=sent.get("scope"))
        return self._grants.redeem(
            _need(sent, "code"),
            redirect_uri=_need(sent, "redirect_uri"),
            verifier=_need(sent, "code_verifier"),
        )

    def _allow(self, consent: Consent) -> Response:
        return _send_back(consent, code=self._grants.issue_code(consent))

    def _ask(self, consent: Consent) -> Response:
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            self._asked[ticket] = consent
        target = urlsplit(consent.redirect_uri)
        # form-action governs the redirect after the form too, so it has to name where that goes.
        policy = pages.policy(form_action=f"'self' {target.scheme}://{target.netloc}")
        page = pages.consent(client_id=self._options.client_id, goes_to=target.netloc, ticket=ticket)
        return _page(page, HTTPStatus.OK, policy)

    def _authenticated(self, request: Request) -> dict[str, str]:
        """Return what a client sent, after checking that it is the client (RFC 6749, section 2.3)."""
        sent = _fields(request)
        basic = request.authorization
        client_id, secret = sent.get("client_id"), sent.get("client_secret")
        if basic is not None and basic.type == "basic":
            if secret is not None:
                raise Denied("invalid_request", "The client authenticates in the header and in the body.")
            name = unquote_plus(basic.username or "")
            client_id, secret = (
                name if client_id in {None, name} else None,
                unquote_plus(basic.password or ""),
            )
        if client_id != self._options.client_id or (secret or None) != self._options.client_secret:
            raise Denied("invalid_client", "The client or its secret is wrong.", HTTPStatus.UNAUTHORIZED)
        return sent


def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a form or JSON body; whether Salesmate takes JSON is open, so both."""
    if request.args:
        raise Denied("invalid_request", "Parameters belong in the body, not in the address.")
    if request.mimetype == "application/json":
        sent = sent_json(request)
        if not isinstance(sent, dict) or not all(isinstance(value, str) for value in sent.values()):
            raise Denied("invalid_request", "The body is no JSON object of texts.")
        return sent
    if any(len(request.form.getlist(name)) > 1 for name in request.form):
        raise Denied("invalid_request", "A parameter comes twice.")
    return request.form.to_dict()


def _check_fields(sent: dict[str, str], known: set[str]) -> None:
    others = sorted(sent.keys() - known - _CLIENT_FIELDS)
    if others:
        raise Denied("invalid_request", f"Not known here: {', '.join(others)}.")


def _need(sent: dict[str, str], name: str) -> str:
    if not sent.get(name):
        raise Denied("invalid_request", f"{name} is missing.")
    return sent[name]


def _denial(denied: Denied) -> Response:
    headers = dict(_HEADERS)
    if denied.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
    return as_json({"error": denied.error, "error_description": str(denied)}, denied.status, headers)


def _send_back(consent: Consent, **answer: str) -> Response:
    said = answer if consent.state is None else {**answer, "state": consent.state}
    location = f"{consent.redirect_uri}?{urlencode(said)}"
    return Response(b"", HTTPStatus.FOUND, {**_HEADERS, "Location": location})


def _problem(text: str) -> Response:
    return _page(pages.problem(text), HTTPStatus.BAD_REQUEST, pages.policy(form_action="'none'"))


def _page(page: str, status: int, policy: str) -> Response:
    headers = {**_HEADERS, "Content-Security-Policy": policy}
    return Response(page, status, headers, content_type="text/html; charset=utf-8")
