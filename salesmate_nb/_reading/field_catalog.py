"""The account's own fields: what they are called, what they hold, and in which order their values come."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from salesmate_nb._api.response import unwrap
from salesmate_nb._reading.search import RequestFunction, SearchRequest, record_id, search_v4
from salesmate_nb.errors import ApiError, BadResponse
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import Field, Kind, Resource, custom_field, is_custom

log = logging.getLogger("salesmate_nb")

CATALOGUE_PATH = "apis/v3/fields/getAllVisibleFields"
_KINDS: dict[str, Kind] = {
    "int": "int",
    "integer": "int",
    "decimal": "float",
    "currency": "float",
    "percent": "float",
    "boolean": "bool",
    "checkbox": "bool",
    "date": "datetime",
    "datetime": "datetime",
    "select": "category",
}


@dataclass(frozen=True, kw_only=True)
class ResourceFields:
    """What is known of the fields of an account's records beyond the schema.

    Parameters
    ----------
    fields : tuple of Field
        Custom fields, by column name.
    order : mapping of str to tuple of str
        For columns whose values are chosen from a list: the values, in the server's order.
    """

    fields: tuple[Field, ...] = ()
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class FieldCatalog:
    """The catalogues of all modules, asked for once.

    Its path and shape were seen in other connectors only. Where it does not answer as they say, the
    newest record itself tells the names of custom fields, as far as it has them, and a warning says so.
    A fault in passing is raised, since columns would be called differently from read to read.
    """

    def __init__(self) -> None:
        self._payload: Any = None
        self._read: dict[str, ResourceFields] = {}

    def of(self, resource: Resource, call: RequestFunction, **how: Any) -> ResourceFields:
        """Return a resource's catalogue.

        Parameters
        ----------
        resource : Resource
            Which records.
        call : callable
            Makes one call.
        **how
            Goes along with the call.
        """
        if resource.name not in self._read:
            self._read[resource.name] = self._fetch(resource, call, **how)
        return self._read[resource.name]

    def payload(self, call: RequestFunction, **how: Any) -> Any:
        """Return the catalogue as it came."""
        if self._payload is None:
            self._payload = call("GET", CATALOGUE_PATH, **how)
        return self._payload

    def _fetch(self, resource: Resource, call: RequestFunction, **how: Any) -> ResourceFields:
        try:
            return parse_catalog(self.payload(call, **how), resource)
        except ApiError as err:
            if err.is_transient:
                raise
            why = str(err)
        found = _of_newest_record(call, resource, **how)
        warnings.warn(
            "Custom columns go by the API's names, and those that the newest record lacks are missing, "
            f"since the field catalogue cannot be read: {why}",
            stacklevel=2,
        )
        return found


def parse_catalog(payload: Any, resource: Resource = DEALS) -> ResourceFields:
    """Read what the catalogue answered of a resource.

    A custom field is called by its label: ``Contract length`` becomes ``contract_length``. Where that
    is taken already, a number is put behind it.

    Raises
    ------
    BadResponse
        Where it holds no list of the resource's fields.

    Examples
    --------
    >>> one = {"fieldName": "textCustomField1", "displayName": "Contract length", "type": "Text"}
    >>> parse_catalog({"Data": {"deal": [one]}}).fields
    (Field(name='contract_length', path='textCustomField1', kind='string'),)
    """
    entries = _entries(payload, resource)
    custom = _named({path: entries[path] for path in sorted(entries) if is_custom(path)}, resource)
    fields = (*resource.fields, *custom)
    options = {one.name: _options(entries[one.path]) for one in fields if one.path in entries}
    categories = {one.name for one in fields if one.kind == "category"}
    return ResourceFields(
        fields=tuple(sorted(custom, key=lambda one: one.name)),
        order={name: values for name, values in options.items() if values and name in categories},
    )


def list_fields(payload: Any, resource: Resource) -> list[dict[str, Any]]:
    """Return what the catalogue tells of each field of a resource, a row each.

    Raises
    ------
    BadResponse
        Where it holds no list of the resource's fields.
    """
    known = {one.path: one.name for one in (*resource.fields, *parse_catalog(payload, resource).fields)}
    return [
        {
            "resource": resource.name,
            "column": known.get(path),
            "label": str(entry.get("displayName") or "") or None,
            "path": path,
            "type": str(entry.get("type") or "") or None,
            "is_custom": is_custom(path),
            "options": ", ".join(_options(entry)) or None,
        }
        for path, entry in _entries(payload, resource).items()
    ]


def _entries(payload: Any, resource: Resource) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a resource's fields by their API names."""
    data = payload.get("Data", payload) if isinstance(payload, dict) else None
    names = (resource.singular, resource.singular.capitalize())
    listed = next((data[name] for name in names if name in data), None) if isinstance(data, dict) else None
    if not isinstance(listed, list):
        raise BadResponse(f"The field catalogue holds no list of {resource.singular} fields.")
    return {path: one for one in listed if isinstance(one, dict) and (path := _path(one, resource))}


def _of_newest_record(call: RequestFunction, resource: Resource, **how: Any) -> ResourceFields:
    newest = search_v4(
        call, SearchRequest(resource=resource, fields=("id",), rows=1, is_descending=True), **how
    ).records
    if not newest:
        return ResourceFields()
    try:
        record = unwrap(call("GET", f"{resource.path}/{record_id(newest[0])}", **how))
    except ApiError as err:
        if err.is_transient:
            raise
        log.info("no custom fields are read, since the newest record answered: %s", err)
        return ResourceFields()
    paths = sorted(path for path in record if is_custom(path)) if isinstance(record, dict) else []
    return ResourceFields(fields=tuple(custom_field(path) for path in paths))


def _path(entry: Mapping[str, Any], resource: Resource) -> str:
    return str(entry.get("fieldName") or "").removeprefix(f"{resource.singular}.")


def _named(entries: Mapping[str, Mapping[str, Any]], resource: Resource) -> list[Field]:
    """Return the fields under names made of their labels, none of them twice."""
    taken = {one.name for one in resource.fields}
    named = []
    for path, entry in entries.items():
        plain = custom_field(path)
        base = _column_name(str(entry.get("displayName") or "")) or plain.name
        names = (base, *(f"{base}_{number}" for number in range(2, len(entries) + 3)))
        name = next(one for one in names if one not in taken)
        taken.add(name)
        kind = _KINDS.get(str(entry.get("type")).casefold(), plain.kind)
        named.append(replace(plain, name=name, kind=kind))
    return named


def _column_name(label: str) -> str:
    """Return a label as a column name: ``Go-live date (UTC)`` becomes ``go_live_date_utc``."""
    return re.sub(r"\W+", "_", unicodedata.normalize("NFKC", label).casefold()).strip("_")


def _options(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what may be chosen; it stands in JSON within the JSON, as texts or as objects."""
    found: Any = entry.get("fieldOptions")
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return ()
    if isinstance(found, dict):
        found = found.get("values", found.get("options"))
    return tuple(dict.fromkeys(_texts(found))) if isinstance(found, list) else ()


def _texts(options: Iterable[Any]) -> Iterable[str]:
    for option in options:
        text = option.get("value", option.get("text")) if isinstance(option, dict) else option
        if isinstance(text, str) and text:
            yield text
