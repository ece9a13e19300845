"""The formats in which an account writes the values of its records."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

from salesmate_nb.sandbox import timestamps
from salesmate_nb.sandbox._crm.field_catalog import FieldCatalog
from salesmate_nb.sandbox.options import Behavior
from salesmate_nb.sandbox.records import Record, field_name

_MIXED = ("seconds", "milliseconds", "ISO", "text")
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


class RecordWriter:
    """Write records as an account sends them; other values than dates stay as they are.

    Parameters
    ----------
    behavior : Behavior
        The format of times, and the time zone of those that name none.
    catalog : FieldCatalog
        The fields of the resource.
    """

    def __init__(self, behavior: Behavior, catalog: FieldCatalog) -> None:
        self._format = behavior.timestamps
        self._zone = behavior.zone
        self._types = {
            field.name: field.type for field in catalog.fields if field.type in {"Date", "DateTime"}
        }

    def row(self, record: Record) -> Record:
        """Return a record as a row of a list."""
        if self._format == "stored":
            return record
        random = Random(record.get("id"))  # noqa: S311 - no secrets
        choices = _MIXED if self._format == "mixed" else (self._format,)
        return {key: self._value(key, value, random.choice(choices)) for key, value in record.items()}

    def single(self, record: Record) -> Record:
        """Return a record as the response for its id alone: times as text, the currency as an object.

        The account that was measured does so (v4 reference, two connectors).
        """
        if self._format == "stored":
            return record
        written = {key: self._value(key, value, "text") for key, value in record.items()}
        if isinstance(code := written.get("currency"), str) and code:
            written["currency"] = {"code": code, "rate": 1, "symbol": _SYMBOLS.get(code, code)}
        return written

    def _value(self, key: str, value: Any, form: str) -> Any:
        kind = self._types.get(field_name(key))
        milliseconds = timestamps.parse(value, self._zone) if kind else None
        if milliseconds is None:
            return value
        if kind == "Date":
            return dt.datetime.fromtimestamp(milliseconds / 1000, self._zone).date().isoformat()
        if form == "seconds":
            return milliseconds // 1000
        if form == "milliseconds":
            return milliseconds
        text = timestamps.format_v3(milliseconds, self._zone) if form == "text" else None
        return text or timestamps.format_iso(milliseconds)
