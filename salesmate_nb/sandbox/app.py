"""The sandbox as a WSGI application: routes requests to endpoints, logs them, and runs scripted responses."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from salesmate_nb.sandbox._api.access import AccessControl
from salesmate_nb.sandbox._api.endpoints import ApiEndpoints
from salesmate_nb.sandbox._crm.crm import Crm
from salesmate_nb.sandbox._crm.resources import RESOURCES
from salesmate_nb.sandbox._http.request_log import RequestLog
from salesmate_nb.sandbox._http.scripted_response import ResponseScripts
from salesmate_nb.sandbox._oauth.endpoints import OAuthEndpoints
from salesmate_nb.sandbox._oauth.token_issuer import TokenIssuer
from salesmate_nb.sandbox._responses.envelope import ApiFailure
from salesmate_nb.sandbox.options import Options

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Endpoint = Callable[..., Response]

_RESOURCE = f"<any({', '.join(RESOURCES)}):resource>"
_HOSTS = {"127.0.0.1", "localhost"}  # else a web page could reach the sandbox by DNS rebinding


class App:
    """Respond to all requests to a sandbox.

    Parameters
    ----------
    options : Options
        How it behaves.
    crm : Crm
        The records it serves.
    tokens : TokenIssuer
        The codes and tokens it issues.
    log : RequestLog
        The log that requests are added to.
    scripts : ResponseScripts
        The scripted responses.

    Attributes
    ----------
    access : AccessControl
        Who may use the API.
    """

    def __init__(
        self, options: Options, crm: Crm, tokens: TokenIssuer, log: RequestLog, scripts: ResponseScripts
    ) -> None:
        self._latency = options.behavior.latency
        self._log = log
        self._scripts = scripts
        self.access = AccessControl(options, tokens.is_valid)
        self._stopping = threading.Event()
        oauth, api = OAuthEndpoints(options, tokens), ApiEndpoints(options, crm)
        self._oauth_endpoints: dict[str, Endpoint] = {
            "authorize": oauth.authorize,
            "decide": oauth.decide,
            "token": oauth.token,
            "revoke": oauth.revoke,
        }
        self._api_endpoints: dict[str, Endpoint] = {
            "list_deals": api.list_deals,
            "search": api.search,
            "get_record": api.get_record,
            "list_users": api.list_users,
            "list_fields": api.list_fields,
            "list_pipelines": api.list_pipelines,
        }
        self._routes = Map(
            [
                Rule("/oauth/authorize", methods=["GET"], endpoint="authorize"),
                Rule("/oauth/authorize", methods=["POST"], endpoint="decide"),
                Rule("/oauth/token", methods=["POST"], endpoint="token"),
                Rule("/oauth/revoke", methods=["POST"], endpoint="revoke"),
                Rule("/v1/deals", methods=["GET"], endpoint="list_deals"),
                Rule(f"/apis/{_RESOURCE}/v4/search", methods=["POST"], endpoint="search"),
                Rule(f"/apis/{_RESOURCE}/v4/<int:record_id>", methods=["GET"], endpoint="get_record"),
                Rule("/apis/core/v4/users", methods=["GET"], endpoint="list_users"),
                Rule("/apis/v3/fields/getAllVisibleFields", methods=["GET"], endpoint="list_fields"),
                Rule("/apis/v3/apps/dealPipeline", methods=["GET"], endpoint="list_pipelines"),
            ],
            merge_slashes=False,
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Respond to one request (PEP 3333)."""
        request = Request(environ)
        request.get_data(cache=True)
        script = self._scripts.take(request.path)
        response = self._respond(request) if script is None or script.real else script.response()
        is_dropped = script is not None and script.drop == "before"
        self._log.add(request, 0 if is_dropped else response.status_code)
        if script is None:
            return response(environ, start_response)
        return script.send(response, environ, start_response, self._stopping)

    def stop(self) -> None:
        """End the delays of all current responses."""
        self._stopping.set()

    def _respond(self, request: Request) -> Response:
        try:
            name, arguments = self._route(request)
            if name in self._oauth_endpoints:
                return self._oauth_endpoints[name](request)
            self._stopping.wait(self._latency)
            self.access.check(request)
            return self._api_endpoints[name](request, **arguments)
        except ApiFailure as failure:
            return failure.response()
        except Exception as err:  # noqa: BLE001 - a server responds to any error, also in a test's hook
            return ApiFailure(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "Unknown",
                f"The sandbox failed: {type(err).__name__}: {err}",
            ).response()

    def _route(self, request: Request) -> tuple[str, dict[str, object]]:
        """Return the name of the endpoint, and the arguments from the path."""
        not_found = ApiFailure(
            HTTPStatus.NOT_FOUND, "ObjectNotFound", f"{request.method} {request.path} does not exist."
        )
        if request.host.partition(":")[0] not in _HOSTS:
            raise not_found
        try:
            name, arguments = self._routes.bind_to_environ(request.environ).match()
        except HTTPException:
            raise not_found from None
        return str(name), dict(arguments)
