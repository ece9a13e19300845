"""The field catalog of an account: the name, label and type of each field."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from salesmate_nb.sandbox._crm.resources import Field, Resource
from salesmate_nb.sandbox.records import field_name

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
    "DateTime": "datetime",
    "Date": "datetime",
    "Boolean": "bool",
    "Tag": "tags",
}


class FieldCatalog:
    """The fields of a resource: the standard fields, and the other ones that its records contain.

    Parameters
    ----------
    resource : Resource
        The resource.
    keys : iterable of str
        All keys of its records.
    """

    def __init__(self, resource: Resource, keys: Iterable[str]) -> None:
        self.resource = resource
        standard = {field.name for field in resource.fields}
        standard |= {f"{field.name}{part.capitalize()}" for field in resource.fields for part in field.parts}
        names = {field_name(key) for key in keys} - standard
        self.fields = (*resource.fields, *(_other_field(name, resource) for name in sorted(names)))
        self._kinds: dict[str, str] = {}
        for field in self.fields:
            self._kinds[field.name] = "number" if field.parts else _KINDS.get(field.type, "text")
            for part in field.parts:
                self._kinds[f"{field.name}.{part}"] = "number" if part == "id" else "text"

    def kind(self, path: str) -> str | None:
        """Return ``number``, ``datetime``, ``bool``, ``tags`` or ``text``; None for an unknown field."""
        return self._kinds.get(path)

    def as_json(self, pick_lists: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        """Return the catalog as its endpoint sends it (shape as other connectors read it).

        Parameters
        ----------
        pick_lists : mapping of str to sequence of str
            The options of fields whose options each account defines.
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
                            for option in pick_lists.get(field.name, field.options)
                        ]
                    }
                ),
                "isCustom": _CUSTOM.fullmatch(field.name) is not None,
            }
            for number, field in enumerate(self.fields, 1)
        ]


@functools.lru_cache(maxsize=8)
def field_catalog(resource: Resource, keys: frozenset[str]) -> FieldCatalog:
    """Return the field catalog of a resource whose records have these keys; cached."""
    return FieldCatalog(resource, keys)


def _other_field(name: str, resource: Resource) -> Field:
    custom = _CUSTOM.fullmatch(name)
    label = resource.labels.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", name).capitalize()
    return Field(name, label, _CUSTOM_TYPES.get(custom[1], "Text") if custom else "Text")
