"""The log of received requests."""

from __future__ import annotations

import collections
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request

from salesmate_nb.sandbox._http.json_body import read_json

_MAX_LENGTH = 20_000  # requests


class Headers(dict[str, str]):
    """Headers with case-insensitive names.

    Examples
    --------
    >>> headers = Headers([("X-Linkname", "sandbox")])
    >>> headers["x-linkname"], headers.get("X-LINKNAME"), "accessToken" in headers
    ('sandbox', 'sandbox', False)
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        super().__init__((name.lower(), value) for name, value in pairs)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        """Return a header, or the default."""
        return super().get(name.lower(), default)


@dataclass(frozen=True, kw_only=True)
class LoggedRequest:
    """A request that the sandbox received; its repr shows nothing that may be secret.

    Parameters
    ----------
    method, path : str
        Method and path of the request.
    query, form : dict of str to str
        The parameters of its URL and of its form body.
    headers : dict of str to str
        Its headers, with case-insensitive names.
    json : object
        Its parsed JSON body, else None.
    status : int
        Status code of the response; 0 if the connection was dropped before a response.
    """

    method: str
    path: str
    query: dict[str, str] = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    form: dict[str, str] = field(repr=False)
    json: Any = field(repr=False)
    status: int


class RequestLog:
    """The newest requests; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: collections.deque[LoggedRequest] = collections.deque(maxlen=_MAX_LENGTH)

    def requests(self) -> list[LoggedRequest]:
        """Return the requests received so far, oldest first."""
        with self._lock:
            return list(self._requests)

    def add(self, request: Request, status: int) -> None:
        """Log a request and the status code of its response."""
        entry = LoggedRequest(
            method=request.method,
            path=request.path,
            query=request.args.to_dict(),
            headers=Headers(request.headers.items()),
            form=request.form.to_dict(),
            json=read_json(request),
            status=status,
        )
        with self._lock:
            self._requests.append(entry)
