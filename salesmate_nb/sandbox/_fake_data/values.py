"""Helpers for made-up values."""

from __future__ import annotations

import unicodedata
from random import Random
from typing import Any

from salesmate_nb.sandbox.records import Record

_ABSENT = object()
_MISSING_VALUES: tuple[Any, ...] = (None, None, None, "", _ABSENT)
_MISSING_RELATIONS: tuple[Any, ...] = ({}, {}, None, "", _ABSENT)
_ASCII = str.maketrans("łŁøØ", "lLoO", "'")  # which Unicode does not decompose


def set_field(record: Record, key: str, value: Any, random: Random, *, missing: float) -> None:
    """Set a field of a record, or let it be missing in one of the forms that occur in responses.

    Parameters
    ----------
    record, key, value
        The record, the field and its value.
    random : random.Random
        The source of randomness.
    missing : float
        The probability that the value is missing.
    """
    if random.random() >= missing:
        record[key] = value
        return
    forms = _MISSING_RELATIONS if isinstance(value, dict) else _MISSING_VALUES
    form = forms[int(random.random() * len(forms))]
    if form is not _ABSENT:
        record[key] = form


def email_of(name: str, company: str) -> str:
    """Return an email address in a domain that cannot exist (RFC 6761, section 6.5).

    Examples
    --------
    >>> email_of("Łucja Wrona", "Elm")
    'lucja.wrona@elm.example'
    """
    address = unicodedata.normalize("NFKD", f"{name}@{company}.example".translate(_ASCII)).replace(" ", ".")
    return address.encode("ascii", "ignore").decode().lower()


def phone_of(number: int) -> str:
    """Return a phone number from the range reserved for fiction (555-0100 to 555-0199)."""
    return f"+1 555 01{number % 100:02}"


def number_of(value: Any) -> float:
    """Return a number that may be written as text; 0.0 if it is missing or something else.

    Examples
    --------
    >>> number_of("1250.50"), number_of(None)
    (1250.5, 0.0)
    """
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
