"""JSON of a response or of a field, parsed without losing a digit, and within a limit of memory."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import orjson

MAX_MEMORY = 320 * 2**20  # bytes, of the parsed values; 32 MB of deals take 210 MB
_COSTS = {b"{": 180, b"[": 64, b",": 55, b'"': 15}  # bytes of memory for each, measured on CPython 3.11
_HIGHEST_COST = max(_COSTS.values())
_DIGITS_TO_ZEROS = bytes.maketrans(b"0123456789", b"0" * 10)
_LONG_NUMBER = b"0" * 19  # -9223372036854775809, the shortest integer that orjson rounds, has 19 digits


class TooManyValues(ValueError):  # noqa: N818 - says what is wrong
    """The JSON holds so many values that they would take more than `MAX_MEMORY`."""


def parse_json(body: bytes) -> Any:
    """Parse JSON with orjson, and only what it would reject or round with the slower standard library.

    orjson rejects the whole page for a single NaN, Infinity, 1e400, lone surrogate or byte order mark, and
    reads integers beyond 64 bits as floats. An odd value must remain one value that cannot be read, and an
    id must not lose digits.

    Parameters
    ----------
    body : bytes
        Of 32 MB at most, which as ``[{},{},{},...]`` would take 1.1 GB.

    Raises
    ------
    TooManyValues
        If the values would take too much memory.
    ValueError, RecursionError
        If it is not JSON, or nested too deep.

    Examples
    --------
    >>> parse_json(b'{"id": 7, "value": NaN}')
    {'id': 7, 'value': nan}
    """
    if len(body) * _HIGHEST_COST > MAX_MEMORY and memory_of(body) > MAX_MEMORY:  # usual pages are shorter
        raise TooManyValues(f"the values would take more than {MAX_MEMORY >> 20} MB of memory")
    if _LONG_NUMBER not in body.translate(_DIGITS_TO_ZEROS):
        with contextlib.suppress(ValueError):
            return orjson.loads(body)
    return json.loads(body)


def memory_of(body: bytes) -> int:
    """Estimate the bytes of memory that the values in a JSON text take, without parsing it.

    Examples
    --------
    >>> memory_of(b'[{"id": 1}, {"id": 2}]')
    539
    """
    return sum(cost * body.count(character) for character, cost in _COSTS.items())
