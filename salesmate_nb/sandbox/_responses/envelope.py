"""The envelope of Salesmate's API responses, and its failures."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Response

from salesmate_nb.sandbox._http.json_body import json_response

_CODES = {
    "ValidationError": "4001",
    "AuthenticationFailed": "4010",
    "AuthorizationFailed": "4030",
    "Forbidden": "4031",
    "ObjectNotFound": "4040",
    "NoSuchLinkExist": "4041",
    "TooManyRequests": "4290",
    "Unknown": "5000",
}


class ApiFailure(Exception):  # noqa: N818 - named as the envelope names it
    """An API request that gets a failure response.

    Parameters
    ----------
    status : int
        The HTTP status code.
    name, message : str
        Salesmate's name of the failure, and a sentence.
    code : str, optional
        Salesmate's code of the failure, if it is not the usual one of its name.
    headers : dict of str to str, optional
        Further headers of the response.
    """

    def __init__(
        self,
        status: int,
        name: str,
        message: str,
        *,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.name = name
        self.code = code or _CODES[name]
        self.headers = headers or {}

    def response(self) -> Response:
        """Return the failure response; its keys are lower-case, as in live responses."""
        error = {"code": self.code, "name": self.name, "message": str(self)}
        return json_response({"Status": "failure", "Error": error}, self.status, self.headers)


def invalid(message: str) -> ApiFailure:
    """Return the failure of a request that is not valid."""
    return ApiFailure(HTTPStatus.BAD_REQUEST, "ValidationError", message)


def refused(status: int, message: str) -> ApiFailure:
    """Return the failure of a request that the account does not support; how it looks is not known."""
    names = {HTTPStatus.FORBIDDEN: "Forbidden", HTTPStatus.INTERNAL_SERVER_ERROR: "Unknown"}
    return ApiFailure(status, names.get(HTTPStatus(status), "ValidationError"), message)


def success(data: Any) -> Response:
    """Return data in a success response."""
    return json_response({"Status": "success", "Data": data})
