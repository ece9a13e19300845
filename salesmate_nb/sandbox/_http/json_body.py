"""Read and write JSON bodies."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from werkzeug.wrappers import Request, Response


def read_json(request: Request) -> Any:
    """Return the JSON body of a request; None if it has none, or one that cannot be parsed."""
    try:
        return request.get_json(silent=True)
    except RecursionError:
        return None


def json_response(
    payload: Any, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    """Return a response with a JSON body."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, status, headers, content_type="application/json; charset=utf-8")
