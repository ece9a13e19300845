"""Responses and connection faults that a test scripts in place of the sandbox's own responses."""

from __future__ import annotations

import collections
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@dataclass(frozen=True, kw_only=True)
class ScriptedResponse:
    """A response, or a connection fault, that a test puts in place of the sandbox's own response.

    Parameters
    ----------
    status : int
        The HTTP status of the response.
    body : bytes
        Its body.
    headers : mapping of str to str
        Its headers; its content type is JSON unless they set another one.
    delay : float
        Seconds before it is sent.
    pace : float
        Seconds between any two bytes of its body.
    drop : {"before", "in-body"}, optional
        Close the connection before the response, or in the middle of its body.
    real : bool
        Process the request and send the real response, instead of status, body and headers. Delay,
        pace and drop still apply, as when a response is lost in transit.

    Raises
    ------
    TypeError, ValueError
        If the body is not bytes, or `drop` is not one of the two.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    delay: float = 0.0
    pace: float = 0.0
    drop: Literal["before", "in-body"] | None = None
    real: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.body, bytes):
            raise TypeError(f"body must be bytes, not {type(self.body).__name__}.")
        if self.drop not in {None, "before", "in-body"}:
            raise ValueError(f"drop={self.drop!r} is not valid. Use 'before' or 'in-body'.")

    def response(self) -> Response:
        """Return the scripted status, body and headers as a response."""
        return Response(self.body, self.status, {"Content-Type": "application/json", **self.headers})

    def send(
        self,
        response: Response,
        environ: WSGIEnvironment,
        start_response: StartResponse,
        stopping: threading.Event,
    ) -> Iterable[bytes]:
        """Send a response with this script's delay, pace and drop (PEP 3333).

        Parameters
        ----------
        response : Response
            The scripted response, or the real one.
        environ, start_response
            Of the WSGI request.
        stopping : threading.Event
            Ends delays early once it is set.
        """
        stopping.wait(self.delay)
        if self.drop is not None:
            return _drop(response, environ, start_response, is_in_body=self.drop == "in-body")
        chunks = response(environ, start_response)
        return _paced(chunks, self.pace, stopping) if self.pace else chunks


class ResponseScripts:
    """Scripted responses by path, each used once and in order; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scripts: dict[str, collections.deque[ScriptedResponse]] = {}

    def add(self, path: str, responses: Iterable[ScriptedResponse]) -> None:
        """Add responses to the next requests to a path."""
        with self._lock:
            self._scripts.setdefault(f"/{path.lstrip('/')}", collections.deque()).extend(responses)

    def clear(self) -> None:
        """Remove all responses that were not used yet."""
        with self._lock:
            self._scripts.clear()

    def take(self, path: str) -> ScriptedResponse | None:
        """Remove and return the next response of a path; None if there is none."""
        with self._lock:
            scripts = self._scripts.get(path)
            return scripts.popleft() if scripts else None


def _paced(chunks: Iterable[bytes], pace: float, stopping: threading.Event) -> Iterator[bytes]:
    for chunk in chunks:
        for position in range(len(chunk)):
            yield chunk[position : position + 1]
            stopping.wait(pace)


def _drop(
    response: Response, environ: WSGIEnvironment, start_response: StartResponse, *, is_in_body: bool
) -> Iterator[bytes]:
    """Close the connection before the response, or after half of its body."""
    if is_in_body:
        body = response.get_data()
        response.headers["Content-Length"] = str(max(len(body), 1))
        start_response(response.status, response.headers.to_wsgi_list())
        yield body[: len(body) // 2]
    connection: socket.socket = environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError("The connection was dropped, as scripted by a test.")
