"""The sandbox as a WSGI application: which endpoint answers a call, and what a test puts in between."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from salesmate_nb.sandbox.answers import Refusal
from salesmate_nb.sandbox.api import Api
from salesmate_nb.sandbox.crm import Crm
from salesmate_nb.sandbox.grants import Grants
from salesmate_nb.sandbox.journal import Answer, Journal
from salesmate_nb.sandbox.modules import MODULES
from salesmate_nb.sandbox.oauth import OAuth
from salesmate_nb.sandbox.options import Options

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Endpoint = Callable[..., Response]

_MODULE = f"<any({', '.join(MODULES)}):module>"
_HOSTS = {"127.0.0.1", "localhost"}  # else a page from elsewhere could reach us under a name of its own


class App:
    """Answers every call to a sandbox.

    Parameters
    ----------
    options : Options
        How it behaves.
    crm : Crm
        What it serves.
    grants : Grants
        What it has issued.
    journal : Journal
        Where calls are noted, and scripted answers wait.
    """

    def __init__(self, options: Options, crm: Crm, grants: Grants, journal: Journal) -> None:
        self._latency = options.latency
        self._journal = journal
        self._api = api = Api(options, crm, grants)
        oauth = OAuth(options, grants)
        self._stopping = threading.Event()
        self._open: dict[str, Endpoint] = {
            "authorize": oauth.authorize,
            "decide": oauth.decide,
            "token": oauth.token,
            "revoke": oauth.revoke,
        }
        self._guarded: dict[str, Endpoint] = {
            "list_deals": api.list_deals,
            "search": api.search,
            "one": api.one,
            "list_users": api.list_users,
            "list_fields": api.list_fields,
        }
        self._map = Map(
            [
                Rule("/oauth/authorize", methods=["GET"], endpoint="authorize"),
                Rule("/oauth/authorize", methods=["POST"], endpoint="decide"),
                Rule("/oauth/token", methods=["POST"], endpoint="token"),
                Rule("/oauth/revoke", methods=["POST"], endpoint="revoke"),
                Rule("/v1/deals", methods=["GET"], endpoint="list_deals"),
                Rule(f"/apis/{_MODULE}/v4/search", methods=["POST"], endpoint="search"),
                Rule(f"/apis/{_MODULE}/v4/<int:number>", methods=["GET"], endpoint="one"),
                Rule("/apis/core/v4/users", methods=["GET"], endpoint="list_users"),
                Rule("/apis/v3/fields/getAllVisibleFields", methods=["GET"], endpoint="list_fields"),
            ],
            merge_slashes=False,
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call (PEP 3333)."""
        request = Request(environ)
        request.get_data(cache=True)
        scripted = self._journal.scripted(request.path)
        response = self._answer(request) if scripted is None or scripted.real else _canned(scripted)
        is_dropped = scripted is not None and scripted.drop == "before"
        self._journal.write(request, 0 if is_dropped else response.status_code)
        if scripted is None:
            return response(environ, start_response)
        self._stopping.wait(scripted.delay)
        if scripted.drop is None:
            whole = response(environ, start_response)
            return self._dripping(whole, scripted.pace) if scripted.pace else whole
        return _drop(scripted, response, environ, start_response)

    def stop(self) -> None:
        """Let answers that wait on purpose go at once."""
        self._stopping.set()

    def _dripping(self, whole: Iterable[bytes], pace: float) -> Iterator[bytes]:
        for part in whole:
            for number in range(len(part)):
                yield part[number : number + 1]
                self._stopping.wait(pace)

    def _answer(self, request: Request) -> Response:
        try:
            if request.host.partition(":")[0] not in _HOSTS:
                raise _nothing_here(request)  # noqa: TRY301 - one place that turns a refusal into an answer
            try:
                name, found = self._map.bind_to_environ(request.environ).match()
            except HTTPException:
                raise _nothing_here(request) from None
            if name in self._open:
                return self._open[name](request)
            self._stopping.wait(self._latency)
            self._api.admit(request)
            return self._guarded[name](request, **found)
        except Refusal as refusal:
            return refusal.response()
        except Exception as err:  # noqa: BLE001 - a server answers, whatever went wrong, a test's hook too
            return Refusal(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                "Unknown",
                f"The sandbox failed: {type(err).__name__}: {err}",
            ).response()


def _nothing_here(request: Request) -> Refusal:
    return Refusal(
        HTTPStatus.NOT_FOUND, "ObjectNotFound", f"There is nothing at {request.method} {request.path}."
    )


def _canned(answer: Answer) -> Response:
    headers = {"Content-Type": "application/json", **answer.headers}
    return Response(answer.body, answer.status, headers)


def _drop(
    scripted: Answer, response: Response, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterator[bytes]:
    """Close the connection instead of answering, or in the middle of the body."""
    if scripted.drop == "in-body":
        body = response.get_data()
        response.headers["Content-Length"] = str(max(len(body), 1))
        start_response(response.status, response.headers.to_wsgi_list())
        yield body[: len(body) // 2]
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("a test wants this connection dropped")
