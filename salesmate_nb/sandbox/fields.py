"""The fields of a deal: their names, labels and kinds, and how to find them in a record."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
Getter = Callable[[Record], Any]

MISSING: tuple[Any, ...] = (None, "", {}, [])

_CUSTOM = re.compile(r"([a-z]+(?:[A-Z][a-z]+)*)CustomField([0-9]+)")
_CUSTOM_TYPES = {
    "int": "Int",
    "decimal": "Decimal",
    "checkbox": "Boolean",
    "dateTime": "DateTime",
    "date": "DateTime",
}
_KINDS = {
    "Int": "number",
    "Decimal": "number",
    "Currency": "number",
    "DateTime": "moment",
    "Boolean": "flag",
    "Tag": "tags",
}
_SEEDED_LABELS = {
    "textCustomField1": "Contract length",
    "intCustomField1": "Seats",
    "decimalCustomField1": "Discount %",
    "checkboxCustomField1": "Renewal",
    "dateTimeCustomField1": "Go-live",
}


@dataclass(frozen=True)
class Field:
    """A field of the catalogue; a relation names its parts, and is found by its id.

    Parameters
    ----------
    name, label : str
        What the API and what people call it.
    type : str
        The catalogue's word for what it holds.
    options : tuple of str
        What may be chosen, for ``Select``.
    parts : tuple of str
        What a relation's object holds.
    """

    name: str
    label: str
    type: str = "Text"
    options: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


STANDARD = (
    Field("id", "ID", "Int"),
    Field("title", "Title"),
    Field("dealValue", "Deal Value", "Currency"),
    Field("currency", "Currency", "Select", ("USD", "EUR", "GBP")),
    Field("status", "Status", "Select", ("Open", "Won", "Lost")),
    Field("stage", "Stage", "Select"),
    Field("pipeline", "Pipeline", "Select"),
    Field("priority", "Priority", "Select", ("High", "Medium", "Low")),
    Field("source", "Source", "Select"),
    Field("winProbability", "Win Probability", "Decimal"),
    Field("lostReason", "Lost Reason", "Select"),
    Field("description", "Description", "TextArea"),
    Field("tags", "Tags", "Tag"),
    Field("estimatedCloseDate", "Estimated Close Date", "DateTime"),
    Field("closedDate", "Closed Date", "DateTime"),
    Field("createdAt", "Created At", "DateTime"),
    Field("lastModifiedAt", "Last Modified At", "DateTime"),
    Field("lastActivityAt", "Last Activity At", "DateTime"),
    Field("lastCommunicationAt", "Last Communication At", "DateTime"),
    Field("lastCommunicationMode", "Last Communication Mode", "Select"),
    Field("lastNote", "Last Note", "TextArea"),
    Field("openActivities", "Open Activities", "Int"),
    Field("closedActivities", "Closed Activities", "Int"),
    Field("isDeleted", "Deleted", "Boolean"),
    Field("owner", "Owner", "User", parts=("id", "name", "email")),
    Field("createdBy", "Created By", "User", parts=("id", "name")),
    Field("lastModifiedBy", "Last Modified By", "User", parts=("id", "name")),
    Field("primaryContact", "Primary Contact", "Lookup", parts=("id", "name", "email", "phone", "mobile")),
    Field("primaryCompany", "Primary Company", "Lookup", parts=("id", "name")),
)


class Catalogue:
    """The fields that an account's deals have: the standard ones, and what else its records hold.

    Parameters
    ----------
    keys : iterable of str
        All keys of its records.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        standard = {field.name for field in STANDARD}
        names = {_small(key).partition(".")[0] for key in keys} - standard
        self.fields = (*STANDARD, *(_other_field(name) for name in sorted(names)))
        self._kinds: dict[str, str] = {}
        for field in self.fields:
            self._kinds[field.name] = "number" if field.parts else _KINDS.get(field.type, "text")
            for part in field.parts:
                self._kinds[f"{field.name}.{part}"] = "number" if part == "id" else "text"

    def kind(self, path: str) -> str | None:
        """Return ``number``, ``moment``, ``flag``, ``tags`` or ``text``; None for an unknown field."""
        return self._kinds.get(path)

    def listing(self, choices: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        """Return the catalogue as its endpoint answers it (shape as other connectors read it).

        Parameters
        ----------
        choices : mapping of str to sequence of str
            What may be chosen for fields whose options are the account's own.
        """
        return [
            {
                "id": number,
                "fieldName": field.name,
                "displayName": field.label,
                "type": field.type,
                "fieldOptions": json.dumps(
                    {
                        "values": [
                            {"value": option, "text": option}
                            for option in choices.get(field.name, field.options)
                        ]
                    }
                ),
                "isCustom": _CUSTOM.fullmatch(field.name) is not None,
            }
            for number, field in enumerate(self.fields, 1)
        ]


@functools.lru_cache(maxsize=8)
def catalogue(keys: frozenset[str]) -> Catalogue:
    """Return the catalogue of an account whose records have these keys."""
    return Catalogue(keys)


def getter(path: str) -> Getter:
    """Return what finds a field in a record, be it nested, flat with dots, or capitalised.

    Examples
    --------
    >>> find = getter("owner.name")
    >>> [find(record) for record in ({"Owner": {"name": "Ann"}}, {"owner.name": "Bo"}, {"owner": ""})]
    ['Ann', 'Bo', None]
    """
    name, _, part = path.partition(".")
    capital = name[:1].upper() + name[1:]

    def plain(record: Record) -> Any:
        value = record.get(name)
        return record.get(capital) if value is None else value

    def nested(record: Record) -> Any:
        value = plain(record)
        if isinstance(value, dict):
            return value.get(part)
        return record.get(path, record.get(f"{capital}.{part}"))

    return nested if part else plain


def projection(paths: Iterable[str]) -> Callable[[Record], Record]:
    """Return what cuts a record down to some fields; its id always stays.

    Examples
    --------
    >>> cut = projection(["owner.name"])
    >>> cut({"id": 1, "title": "A", "owner": {"id": 7, "name": "Ann"}})
    {'id': 1, 'owner': {'name': 'Ann'}}
    """
    whole: set[str] = set()
    parts: dict[str, set[str]] = {}
    for path in ("id", *paths):
        name, _, part = path.partition(".")
        for spelling in (name, name[:1].upper() + name[1:]):
            whole.add(f"{spelling}.{part}" if part else spelling)
            if part:
                parts.setdefault(spelling, set()).add(part)

    def cut(record: Record) -> Record:
        found: Record = {}
        for key, value in record.items():
            if key in whole:
                found[key] = value
            elif key in parts:
                wanted = parts[key]
                found[key] = (
                    {part: one for part, one in value.items() if part in wanted}
                    if isinstance(value, dict)
                    else value
                )
        return found

    return cut


def _small(key: str) -> str:
    return key[:1].lower() + key[1:]


def _other_field(name: str) -> Field:
    custom = _CUSTOM.fullmatch(name)
    label = _SEEDED_LABELS.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", name).capitalize()
    return Field(name, label, _CUSTOM_TYPES.get(custom[1], "Text") if custom else "Text")
