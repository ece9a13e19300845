"""Field catalog: the account's own fields, with their labels, types and options."""

from __future__ import annotations

import itertools
import json
import logging
import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from salesmate_nb._api.response import unwrap
from salesmate_nb._base.warn import warn
from salesmate_nb._search.pipelines import Pipelines
from salesmate_nb._search.search import RequestFunction, SearchRequest, record_id, search_v4
from salesmate_nb.errors import ApiError, BadResponse
from salesmate_nb.resources.base import (
    Field,
    Kind,
    Resource,
    column_name,
    custom_columns,
    custom_field,
    custom_order,
    is_custom,
    is_lookup,
    lookup_paths,
)

log = logging.getLogger("salesmate_nb")

_ALL_FIELDS_PATH = "apis/v3/fields/getAllVisibleFields"
_FIELDS_PATHS = ("apis/module/v4/{number}/fields", "apis/v1/modules/{number}/fields")
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
    "multiselect": "string",
}
_OPTION_KEYS = ("values", "options", "valuesMeta")
_LETTERS = re.compile(r"[a-z]+")  # types are seen as "multiSelect", "Multi Select" and so on


@dataclass(frozen=True, kw_only=True)
class ResourceFields:
    """What the catalog adds to the schema of one resource.

    Parameters
    ----------
    standard : tuple of Field
        The resource's standard fields, as this account knows them; empty if it is not known.
    fields : tuple of Field
        The resource's optional fields that the account has, then the custom ones, sorted by column name.
    order : mapping of str to tuple of str
        The options of each category column, in the server's order.
    is_complete : bool
        Whether there are no other custom fields.
    """

    standard: tuple[Field, ...] = ()
    fields: tuple[Field, ...] = ()
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_complete: bool = True


class FieldCatalog:
    """The fields of all resources of an account, requested once.

    Three paths are known, from other connectors only: v3 lists the fields of all resources, v4 and v1 those
    of one. They are tried in this order. If the server supports none of them, the custom fields of the
    newest record are used under their API names, and a warning is shown. Transient errors are raised
    instead, because column names would change from read to read.

    Attributes
    ----------
    pipelines : Pipelines
        The order of pipelines and stages, which is requested once too.
    """

    def __init__(self) -> None:
        self.pipelines = Pipelines()
        self._all_fields: Any = None
        self._payloads: dict[str, Any] = {}
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

    def payload(self, resource: Resource, call: RequestFunction) -> Any:
        """Return the first response that lists the fields of a resource, as the server sent it.

        Raises
        ------
        ApiError
            If none of the paths returns a list; the error is that of the first.
        """
        if resource.name not in self._payloads:
            self._payloads[resource.name] = self._first_list(resource, call)
        return self._payloads[resource.name]

    def _first_list(self, resource: Resource, call: RequestFunction) -> Any:
        failures = []
        for path in (_ALL_FIELDS_PATH, *_FIELDS_PATHS):
            try:
                payload = self._request(path.format(number=resource.number), call)
                _entries(payload, resource)
            except ApiError as err:
                if err.is_transient:
                    raise
                failures.append(err)
            else:
                return payload
        raise failures[0]

    def _request(self, path: str, call: RequestFunction) -> Any:
        """Return a response; that of the path for all resources is kept, and so is its refusal."""
        if path != _ALL_FIELDS_PATH:
            return call("GET", path)
        if self._all_fields is None:
            try:
                self._all_fields = call("GET", path)
            except ApiError as err:
                if err.is_transient:
                    raise
                self._all_fields = err
        if isinstance(self._all_fields, ApiError):
            raise self._all_fields
        return self._all_fields

    def _fetch(self, resource: Resource, call: RequestFunction) -> ResourceFields:
        try:
            return parse_catalog(self.payload(resource, call), resource)
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
    or ``contract_length_2`` if that name is already in use. Of several fields with one label, that with the
    lowest number in the API's name gets the plain name, so that a field keeps its column when Salesmate gives
    a new field of that type a higher number. A lookup has two columns: ``reseller_id`` and ``reseller_name``.

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
    optional = _optional(resource, entries)
    standard = (*resource.fields, *optional)
    listed: dict[str, Mapping[str, Any]] = {}
    for path in sorted(filter(is_custom, entries), key=custom_order):
        listed.setdefault(_parent(path), entries[path])
    custom = _custom_fields(listed, {field.name for field in standard})
    fields = (*standard, *custom)
    options = {field.name: _options(entries[field.path]) for field in fields if field.path in entries}
    categories = {field.name for field in fields if field.kind == "category"}
    return ResourceFields(
        standard=_standard(resource, entries),
        fields=(*optional, *sorted(custom, key=lambda field: field.name)),
        order={name: values for name, values in options.items() if values and name in categories},
    )


def list_fields(payload: Any, resource: Resource) -> list[dict[str, Any]]:
    """Return what the catalog contains about each field of a resource: a row for each, for a relation two.

    Raises
    ------
    BadResponse
        If it contains no list of the resource's fields.
    """
    fields = (*resource.fields, *parse_catalog(payload, resource).fields)
    columns = {
        path: field.name
        for field in reversed(fields)
        for path in (field.path, *(() if field.alias_value else field.aliases))
    }
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
        for name, entry in _entries(payload, resource).items()
        for path in ([path for path in lookup_paths(name) if path in columns] or [name])
    ]


def _entries(payload: Any, resource: Resource) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a resource by their API names."""
    data = payload.get("Data", payload) if isinstance(payload, dict) else payload
    names = (resource.singular, resource.singular.capitalize())
    if isinstance(data, dict):
        entries = next((data[name] for name in names if name in data), None)
    else:
        entries = list(_flat(data)) or None
    if not isinstance(entries, list):
        raise BadResponse(f"The field catalog contains no list of {resource.singular} fields.")
    return {path: entry for entry in entries if isinstance(entry, dict) and (path := _path(entry, resource))}


def _flat(data: Any) -> Iterable[Any]:
    """Yield the entries of a list of fields (v4), or of a list of sections with ``Fields`` (v1)."""
    for item in data if isinstance(data, list) else ():
        section = item.get("Fields") if isinstance(item, dict) else None
        yield from section if isinstance(section, list) else (item,)


def _fields_of_newest_record(call: RequestFunction, resource: Resource) -> ResourceFields:
    record = _newest_record(call, resource)
    custom = [field for path in record if is_custom(path) for field in custom_columns(path)]
    return ResourceFields(
        standard=_standard(resource, record),
        fields=(*_optional(resource, record), *sorted(custom, key=lambda field: field.name)),
    )


def _newest_record(call: RequestFunction, resource: Resource) -> dict[str, Any]:
    """Return the newest record with all its fields, or nothing if there is none or it cannot be read."""
    request = SearchRequest(resource=resource, fields=("id",), rows=1, is_descending=True)
    newest = search_v4(call, request).records
    if not newest:
        return {}
    try:
        record = unwrap(call("GET", f"{resource.path}/{record_id(newest[0])}"))
    except ApiError as err:
        if err.is_transient:
            raise
        log.info("custom fields are not read, because the newest record cannot be read: %s", err)
        return {}
    return record if isinstance(record, dict) else {}


def _path(entry: Mapping[str, Any], resource: Resource) -> str:
    return str(entry.get("fieldName") or "").removeprefix(f"{resource.singular}.")


def _standard(resource: Resource, paths: Iterable[str]) -> tuple[Field, ...]:
    """Return the standard fields without what is not among the API names that a server is seen to use.

    It may refuse other names. The aliases of a field are kept if none of its names is seen.
    """
    seen = {_parent(path[:1].lower() + path[1:]) for path in paths}
    fields = []
    for standard in resource.fields:
        own = _parent(standard.path)
        if standard.request == "if listed" and own not in seen:
            fields.append(replace(standard, request="never"))
        elif seen.isdisjoint([own, *map(_parent, standard.aliases)]):
            fields.append(standard)
        else:
            aliases = tuple(alias for alias in standard.aliases if _parent(alias) in {own, *seen})
            fields.append(replace(standard, aliases=aliases))
    return tuple(fields)


def _optional(resource: Resource, paths: Container[str]) -> list[Field]:
    return [optional for optional in resource.optional if optional.path in paths]


def _parent(path: str) -> str:
    return path.partition(".")[0]


def _custom_fields(entries: Mapping[str, Mapping[str, Any]], taken: Iterable[str]) -> list[Field]:
    """Return custom fields under column names made from their labels, other than those already taken."""
    names = set(taken)
    fields: list[Field] = []
    for path, entry in entries.items():
        label = _column_name(str(entry.get("displayName") or ""))
        columns = _columns(path, entry)
        for number in itertools.count(1):
            suffix = "" if number == 1 else f"_{number}"
            named = [replace(column, name=_name(column, path, label, suffix)) for column in columns]
            if names.isdisjoint(column.name for column in named):
                break
        names.update(column.name for column in named)
        fields += named
    return fields


def _columns(path: str, entry: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the columns of a custom field under the API's names: two for a lookup, one for others."""
    kind = "".join(_LETTERS.findall(str(entry.get("type")).casefold()))
    if kind == "lookup" or is_lookup(path):
        return tuple(map(custom_field, lookup_paths(path)))
    unlabeled = custom_field(path)
    if kind == "number":
        return (replace(unlabeled, kind="int" if unlabeled.kind == "int" else "float"),)
    return (replace(unlabeled, kind=_KIND_BY_TYPE.get(kind, unlabeled.kind)),)


def _name(column: Field, path: str, label: str, suffix: str) -> str:
    sub_field = column.path.removeprefix(path).replace(".", "_")
    return f"{label or column_name(path)}{suffix}{sub_field}"


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
        options = next((options[key] for key in _OPTION_KEYS if options.get(key)), None) or _stages(options)
    return tuple(dict.fromkeys(_option_texts(options))) if isinstance(options, list) else ()


def _stages(options: Mapping[str, Any]) -> list[Any]:
    """Return the options that depend on another field, as stages do on the pipeline, in the order of both."""
    dependencies = options.get("mappedDependency")
    first = dependencies[0] if isinstance(dependencies, list) and dependencies else None
    rules = first.get("rules") if isinstance(first, dict) else None
    lists = rules.values() if isinstance(rules, dict) else ()
    return [option for options in lists if isinstance(options, list) for option in options]


def _option_texts(options: Iterable[Any]) -> Iterable[str]:
    for option in options:
        text = option
        if isinstance(option, dict):
            text = next((option[key] for key in ("value", "text", "label") if option.get(key)), None)
        if isinstance(text, str) and text:
            yield text
