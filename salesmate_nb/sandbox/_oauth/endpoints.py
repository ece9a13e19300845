"""The OAuth endpoints: authorize with its consent page, token and revoke."""

from __future__ import annotations

import re
import secrets
import threading
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request, Response

from salesmate_nb.sandbox._http.json_body import json_response, read_json
from salesmate_nb.sandbox._oauth import consent_page
from salesmate_nb.sandbox._oauth.token_issuer import AuthorizationRequest, OAuthError, TokenIssuer
from salesmate_nb.sandbox.options import Options

# Any port of a loopback address (RFC 8252, section 7.3); a pattern, because browsers and URL parsers
# disagree on what "http://127.0.0.1\@elsewhere" is.
_REDIRECT_URI = re.compile(r"http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?/callback")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636, section 4.2
_CLIENT_PARAMETERS = {"client_id", "client_secret"}
_GRANT_PARAMETERS = {
    "authorization_code": {"grant_type", "code", "redirect_uri", "code_verifier", "scope"},
    "refresh_token": {"grant_type", "refresh_token", "scope"},
}
_REVOKE_PARAMETERS = {"token", "token_type_hint"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class OAuthEndpoints:
    """Respond to requests to the OAuth endpoints.

    Parameters
    ----------
    options : Options
        The client, and how logins are approved.
    tokens : TokenIssuer
        Issues codes and tokens.
    """

    def __init__(self, options: Options, tokens: TokenIssuer) -> None:
        self._options = options
        self._tokens = tokens
        self._lock = threading.Lock()
        self._pending: dict[str, AuthorizationRequest] = {}

    def authorize(self, request: Request) -> Response:
        """Redirect with a code, or show the consent page first (RFC 6749, section 4.1.1)."""
        query = request.args
        problem = self._problem_of(query)
        if problem is not None:
            return _error_page(problem)
        authorization = AuthorizationRequest(
            redirect_uri=query["redirect_uri"],
            code_challenge=query.get("code_challenge", ""),
            state=query.get("state"),
            scope=query.get("scope"),
        )
        if query.get("response_type") != "code":
            return _redirect(authorization, error="unsupported_response_type")
        has_challenge = _CHALLENGE.fullmatch(authorization.code_challenge) is not None
        if not has_challenge or query.get("code_challenge_method") != "S256":
            return _redirect(
                authorization, error="invalid_request", error_description="PKCE with S256 is required."
            )
        if self._options.approve == "auto":
            return self._allow(authorization)
        return self._consent_page(authorization)

    def decide(self, request: Request) -> Response:
        """Redirect with the decision that a person made on the consent page."""
        with self._lock:
            authorization = self._pending.pop(request.form.get("ticket", ""), None)
        if authorization is None:
            return _error_page(
                "This page was submitted before. Return to the application and start the login again."
            )
        if request.form.get("decision") == "allow":
            return self._allow(authorization)
        return _redirect(authorization, error="access_denied", error_description="The user denied access.")

    def token(self, request: Request) -> Response:
        """Issue tokens (RFC 6749, section 3.2)."""
        try:
            tokens = self._issue(self._authenticated_parameters(request))
        except OAuthError as err:
            return _error_response(err)
        return json_response(tokens, HTTPStatus.OK, _HEADERS)

    def revoke(self, request: Request) -> Response:
        """Revoke a token, known or not (RFC 7009)."""
        try:
            parameters = self._authenticated_parameters(request)
            _check_names(parameters, _REVOKE_PARAMETERS)
            self._tokens.revoke(_required(parameters, "token"))
        except OAuthError as err:
            return _error_response(err)
        return Response(b"", HTTPStatus.OK, _HEADERS)

    def _issue(self, parameters: dict[str, str]) -> dict[str, Any]:
        grant_type = _required(parameters, "grant_type")
        if grant_type not in _GRANT_PARAMETERS:
            raise OAuthError("unsupported_grant_type", f"grant_type {grant_type!r} is not supported.")
        _check_names(parameters, _GRANT_PARAMETERS[grant_type])
        if grant_type == "refresh_token":
            token = _required(parameters, "refresh_token")
            return self._tokens.refresh(token, scope=parameters.get("scope"))
        return self._tokens.exchange_code(
            _required(parameters, "code"),
            redirect_uri=_required(parameters, "redirect_uri"),
            verifier=_required(parameters, "code_verifier"),
        )

    def _problem_of(self, query: MultiDict[str, str]) -> str | None:
        """Return why the browser must not be redirected (RFC 6749, section 4.1.2.1), if so."""
        if any(len(query.getlist(name)) > 1 for name in query):
            return "The login link repeats a parameter."
        client_id, redirect_uri = query.get("client_id", ""), query.get("redirect_uri", "")
        if client_id != self._options.client_id:
            return f"The client {client_id!r} is not registered."
        if not _REDIRECT_URI.fullmatch(redirect_uri):
            return (
                f"The redirect URI {redirect_uri!r} is not registered for this client. "
                "This sandbox redirects only to http://127.0.0.1:<any port>/callback or "
                "http://localhost:<any port>/callback."
            )
        return None

    def _allow(self, authorization: AuthorizationRequest) -> Response:
        return _redirect(authorization, code=self._tokens.issue_code(authorization))

    def _consent_page(self, authorization: AuthorizationRequest) -> Response:
        ticket = secrets.token_urlsafe(24)
        with self._lock:
            self._pending[ticket] = authorization
        target = urlsplit(authorization.redirect_uri)
        # form-action applies to the redirect after the form too, so it has to include its target.
        policy = consent_page.security_policy(form_action=f"'self' {target.scheme}://{target.netloc}")
        page = consent_page.render(
            client_id=self._options.client_id, redirect_host=target.netloc, ticket=ticket
        )
        return _html_response(page, HTTPStatus.OK, policy)

    def _authenticated_parameters(self, request: Request) -> dict[str, str]:
        """Return the parameters of a request after checking its client (RFC 6749, section 2.3)."""
        parameters = _body_parameters(request)
        client_id, secret = parameters.get("client_id"), parameters.get("client_secret")
        basic = request.authorization
        if basic is not None and basic.type == "basic":
            if secret is not None:
                raise OAuthError(
                    "invalid_request", "The client authenticates both in the header and in the body."
                )
            name = unquote_plus(basic.username or "")
            client_id, secret = (
                name if client_id in {None, name} else None,
                unquote_plus(basic.password or ""),
            )
        if client_id != self._options.client_id or (secret or None) != self._options.client_secret:
            raise OAuthError(
                "invalid_client", "client_id or client_secret is wrong.", HTTPStatus.UNAUTHORIZED
            )
        return parameters


def _body_parameters(request: Request) -> dict[str, str]:
    """Return the parameters of a form or JSON body; both, as it is not known whether Salesmate takes JSON."""
    if request.args:
        raise OAuthError("invalid_request", "Send the parameters in the body, not in the URL.")
    if request.mimetype == "application/json":
        parameters = read_json(request)
        if not isinstance(parameters, dict) or not all(
            isinstance(value, str) for value in parameters.values()
        ):
            raise OAuthError("invalid_request", "The body is not a JSON object of strings.")
        return parameters
    if any(len(request.form.getlist(name)) > 1 for name in request.form):
        raise OAuthError("invalid_request", "A parameter is repeated.")
    return request.form.to_dict()


def _check_names(parameters: dict[str, str], known: set[str]) -> None:
    unknown = sorted(parameters.keys() - known - _CLIENT_PARAMETERS)
    if unknown:
        raise OAuthError("invalid_request", f"Unknown parameters: {', '.join(unknown)}.")


def _required(parameters: dict[str, str], name: str) -> str:
    if not parameters.get(name):
        raise OAuthError("invalid_request", f"{name} is missing.")
    return parameters[name]


def _error_response(err: OAuthError) -> Response:
    headers = dict(_HEADERS)
    if err.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="sandbox"'
    return json_response({"error": err.error, "error_description": str(err)}, err.status, headers)


def _redirect(authorization: AuthorizationRequest, **parameters: str) -> Response:
    """Return the authorization response (RFC 6749, section 4.1.2)."""
    if authorization.state is not None:
        parameters |= {"state": authorization.state}
    location = f"{authorization.redirect_uri}?{urlencode(parameters)}"
    return Response(b"", HTTPStatus.FOUND, {**_HEADERS, "Location": location})


def _error_page(text: str) -> Response:
    policy = consent_page.security_policy(form_action="'none'")
    return _html_response(consent_page.render_error(text), HTTPStatus.BAD_REQUEST, policy)


def _html_response(page: str, status: int, policy: str) -> Response:
    headers = {**_HEADERS, "Content-Security-Policy": policy}
    return Response(page, status, headers, content_type="text/html; charset=utf-8")
