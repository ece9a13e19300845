"""The fields of an account's records: what they are called and hold, and how to find them in a record."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from salesmate_nb.sandbox.modules import Field, Module

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


class Catalogue:
    """The fields that an account's records of a kind have: the standard ones, and what else they hold.

    Parameters
    ----------
    module : Module
        The kind.
    keys : iterable of str
        All keys of its records.
    """

    def __init__(self, module: Module, keys: Iterable[str]) -> None:
        self.module = module
        standard = {field.name for field in module.fields}
        standard |= {f"{field.name}{part.capitalize()}" for field in module.fields for part in field.parts}
        names = {_small(key).partition(".")[0] for key in keys} - standard
        self.fields = (*module.fields, *(_other_field(name, module) for name in sorted(names)))
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
def catalogue(module: Module, keys: frozenset[str]) -> Catalogue:
    """Return the catalogue of an account whose records of a kind have these keys."""
    return Catalogue(module, keys)


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
                whole.add(spelling + part.capitalize())  # as ownerId
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


def _other_field(name: str, module: Module) -> Field:
    custom = _CUSTOM.fullmatch(name)
    label = module.labels.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", name).capitalize()
    return Field(name, label, _CUSTOM_TYPES.get(custom[1], "Text") if custom else "Text")
