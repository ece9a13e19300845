"""What a sandbox was asked, and the answers that a test has put in place of its own."""

from __future__ import annotations

import collections
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from werkzeug.wrappers import Request

from salesmate_nb.sandbox.answers import sent_json

_KEPT = 20_000  # calls


class Headers(dict[str, str]):
    """Headers by name, in any case.

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
class Call:
    """One call that the sandbox received; its repr shows nothing that may be secret.

    Parameters
    ----------
    method, path : str
        Of the request.
    query, form : dict of str to str
        The parameters of its address and of its form body.
    headers : dict of str to str
        By name in any case.
    json : object
        What a JSON body holds, else None.
    status : int
        What was answered; 0 where the connection was dropped before.
    """

    method: str
    path: str
    query: dict[str, str] = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    form: dict[str, str] = field(repr=False)
    json: Any = field(repr=False)
    status: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer that a test puts in place of the sandbox's own, or a fault on the wire.

    Parameters
    ----------
    status, body, headers
        What is answered; JSON, where the headers do not say otherwise.
    delay : float
        Seconds before it is.
    pace : float
        Seconds between any two bytes of its body.
    drop : {"before", "in-body"}, optional
        Close the connection before any answer, or in the middle of the body.
    real : bool
        Do what was asked and answer as always, in place of status, body and headers; delay and drop
        still hold, as where an answer is lost on its way.
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
            raise TypeError(f"body has to be bytes, not {type(self.body).__name__}.")
        if self.drop not in {None, "before", "in-body"}:
            raise ValueError(f"drop={self.drop!r} is not known. Use 'before' or 'in-body'.")


class Journal:
    """The log of calls, and the scripted answers, for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: collections.deque[Call] = collections.deque(maxlen=_KEPT)
        self._scripts: dict[str, collections.deque[Answer]] = {}

    def calls(self) -> list[Call]:
        """Return the calls received so far."""
        with self._lock:
            return list(self._calls)

    def write(self, request: Request, status: int) -> None:
        """Note a call."""
        call = Call(
            method=request.method,
            path=request.path,
            query=request.args.to_dict(),
            headers=Headers(request.headers.items()),
            form=request.form.to_dict(),
            json=sent_json(request),
            status=status,
        )
        with self._lock:
            self._calls.append(call)

    def script(self, path: str, answers: Iterable[Answer]) -> None:
        """Put answers in place of the next ones of a path."""
        with self._lock:
            self._scripts.setdefault(f"/{path.lstrip('/')}", collections.deque()).extend(answers)

    def unscript(self) -> None:
        """Take back the answers that are still waiting."""
        with self._lock:
            self._scripts.clear()

    def scripted(self, path: str) -> Answer | None:
        """Take the next scripted answer of a path, where there is one."""
        with self._lock:
            waiting = self._scripts.get(path)
            return waiting.popleft() if waiting else None
