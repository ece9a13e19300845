"""Salesmate's envelope around what the API says, and its refusals."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Request, Response

_CODES = {
    "ValidationError": "4001",
    "AuthenticationFailed": "4010",
    "AuthorizationFailed": "4030",
    "ObjectNotFound": "4040",
    "NoSuchLinkExist": "4041",
    "TooManyRequests": "4290",
    "Unknown": "5000",
}


class Refusal(Exception):  # noqa: N818 - it is an answer, not a fault
    """An API call that gets a failure for its answer.

    Parameters
    ----------
    status : int
        HTTP's.
    name, message : str
        Salesmate's name of the failure, and a sentence.
    headers : dict of str to str, optional
        Sent along.
    """

    def __init__(self, status: int, name: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.headers = headers or {}

    def response(self) -> Response:
        """Return the answer."""
        error = {"Code": _CODES[self.name], "Name": self.name, "Message": str(self)}
        return as_json({"Status": "failure", "Error": error}, self.status, self.headers)


def invalid(message: str) -> Refusal:
    """Return the refusal of a call that asks for what cannot be."""
    return Refusal(HTTPStatus.BAD_REQUEST, "ValidationError", message)


def sent_json(request: Request) -> Any:
    """Return the JSON that came with a call; None where there is none that can be read."""
    try:
        return request.get_json(silent=True)
    except RecursionError:
        return None


def success(data: Any) -> Response:
    """Return data in the envelope of a success."""
    return as_json({"Status": "success", "Data": data})


def as_json(payload: Any, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    """Return an answer whose body is JSON."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, headers, content_type="application/json; charset=utf-8")
