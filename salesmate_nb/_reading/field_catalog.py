"""Field catalog: the account's own fields, with their labels, types and options."""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from salesmate_nb._api.response import unwrap
from salesmate_nb._base.warn import warn
from salesmate_nb._reading.search import RequestFunction, SearchRequest, record_id, search_v4
from salesmate_nb.errors import ApiError, BadResponse
from salesmate_nb.resources.base import Field, Kind, Resource, custom_field, is_custom

log = logging.getLogger("salesmate_nb")

_CATALOG_PATH = "apis/v3/fields/getAllVisibleFields"
_KIND_BY_TYPE: dict[str, Kind] = {
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
    """What the catalog adds to the schema of one resource.

    Parameters
    ----------
    fields : tuple of Field
        Custom fields, sorted by column name.
    order : mapping of str to tuple of str
        The options of each category column, in the server's order.
    is_complete : bool
        Whether there are no other custom fields.
    """

    fields: tuple[Field, ...] = ()
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_complete: bool = True


class FieldCatalog:
    """The fields of all resources of an account, requested once.

    The path and shape of the catalog are known from other connectors only. If the server does not support
    them, the custom fields of the newest record are used under their API names, and a warning is shown.
    Transient errors are raised instead, because column names would change from read to read.
    """

    def __init__(self) -> None:
        self._payload: Any = None
        self._cache: dict[str, ResourceFields] = {}

    def of(self, resource: Resource, call: RequestFunction) -> ResourceFields:
        """Return the fields of a resource.

        Parameters
        ----------
        resource : Resource
            Which resource.
        call : callable
            Makes one API request.

        Raises
        ------
        SalesmateError
            If a request fails with a transient error, or the newest record cannot be requested either.
        """
        if resource.name not in self._cache:
            self._cache[resource.name] = self._fetch(resource, call)
        return self._cache[resource.name]

    def payload(self, call: RequestFunction) -> Any:
        """Return the catalog as the server sent it."""
        if self._payload is None:
            self._payload = call("GET", _CATALOG_PATH)
        return self._payload

    def _fetch(self, resource: Resource, call: RequestFunction) -> ResourceFields:
        try:
            return parse_catalog(self.payload(call), resource)
        except ApiError as err:
            if err.is_transient:
                raise
            reason = str(err)
        fields = _fields_of_newest_record(call, resource)
        warn(
            "Custom columns use the API's field names, and custom fields that the newest record lacks are "
            f"missing, because the field catalog cannot be read: {reason}"
        )
        return replace(fields, is_complete=False)


def parse_catalog(payload: Any, resource: Resource) -> ResourceFields:
    """Parse the catalog's entries for one resource.

    The column of a custom field is named after its label: ``Contract length`` becomes ``contract_length``,
    or ``contract_length_2`` if that name is already in use.

    Raises
    ------
    BadResponse
        If it contains no list of the resource's fields.

    Examples
    --------
    >>> from salesmate_nb.resources import DEALS
    >>> entry = {"fieldName": "textCustomField1", "displayName": "Contract length", "type": "Text"}
    >>> parse_catalog({"Data": {"deal": [entry]}}, DEALS).fields
    (Field(name='contract_length', path='textCustomField1', kind='string'),)
    """
    entries = _entries(payload, resource)
    custom = _custom_fields({path: entries[path] for path in sorted(entries) if is_custom(path)}, resource)
    fields = (*resource.fields, *custom)
    options = {field.name: _options(entries[field.path]) for field in fields if field.path in entries}
    categories = {field.name for field in fields if field.kind == "category"}
    return ResourceFields(
        fields=tuple(sorted(custom, key=lambda field: field.name)),
        order={name: values for name, values in options.items() if values and name in categories},
    )


def list_fields(payload: Any, resource: Resource) -> list[dict[str, Any]]:
    """Return what the catalog contains about each field of a resource, one row per field.

    Raises
    ------
    BadResponse
        If it contains no list of the resource's fields.
    """
    fields = (*resource.fields, *parse_catalog(payload, resource).fields)
    columns = {field.path: field.name for field in fields}
    return [
        {
            "resource": resource.name,
            "column": columns.get(path),
            "label": str(entry.get("displayName") or "") or None,
            "path": path,
            "type": str(entry.get("type") or "") or None,
            "is_custom": is_custom(path),
            "options": ", ".join(_options(entry)) or None,
        }
        for path, entry in _entries(payload, resource).items()
    ]


def _entries(payload: Any, resource: Resource) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a resource by their API names."""
    data = payload.get("Data", payload) if isinstance(payload, dict) else None
    names = (resource.singular, resource.singular.capitalize())
    entries = next((data[name] for name in names if name in data), None) if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise BadResponse(f"The field catalog contains no list of {resource.singular} fields.")
    return {path: entry for entry in entries if isinstance(entry, dict) and (path := _path(entry, resource))}


def _fields_of_newest_record(call: RequestFunction, resource: Resource) -> ResourceFields:
    request = SearchRequest(resource=resource, fields=("id",), rows=1, is_descending=True)
    newest = search_v4(call, request).records
    if not newest:
        return ResourceFields()
    try:
        record = unwrap(call("GET", f"{resource.path}/{record_id(newest[0])}"))
    except ApiError as err:
        if err.is_transient:
            raise
        log.info("custom fields are not read, because the newest record cannot be read: %s", err)
        return ResourceFields()
    paths = sorted(path for path in record if is_custom(path)) if isinstance(record, dict) else []
    return ResourceFields(fields=tuple(custom_field(path) for path in paths))


def _path(entry: Mapping[str, Any], resource: Resource) -> str:
    return str(entry.get("fieldName") or "").removeprefix(f"{resource.singular}.")


def _custom_fields(entries: Mapping[str, Mapping[str, Any]], resource: Resource) -> list[Field]:
    """Return custom fields under unique column names made from their labels."""
    taken = {field.name for field in resource.fields}
    fields = []
    for path, entry in entries.items():
        unlabeled = custom_field(path)
        base = _column_name(str(entry.get("displayName") or "")) or unlabeled.name
        candidates = (base, *(f"{base}_{number}" for number in range(2, len(entries) + 3)))
        name = next(candidate for candidate in candidates if candidate not in taken)
        taken.add(name)
        kind = _KIND_BY_TYPE.get(str(entry.get("type")).casefold(), unlabeled.kind)
        fields.append(replace(unlabeled, name=name, kind=kind))
    return fields


def _column_name(label: str) -> str:
    """Return a label as a column name: ``Go-live date (UTC)`` becomes ``go_live_date_utc``."""
    return re.sub(r"\W+", "_", unicodedata.normalize("NFKC", label).casefold()).strip("_")


def _options(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the options of a field; they are JSON inside the JSON, as strings or as objects."""
    options: Any = entry.get("fieldOptions")
    if isinstance(options, str):
        try:
            options = json.loads(options)
        except (ValueError, RecursionError):
            return ()
    if isinstance(options, dict):
        options = options.get("values", options.get("options"))
    return tuple(dict.fromkeys(_option_texts(options))) if isinstance(options, list) else ()


def _option_texts(options: Iterable[Any]) -> Iterable[str]:
    for option in options:
        text = option.get("value", option.get("text")) if isinstance(option, dict) else option
        if isinstance(text, str) and text:
            yield text
