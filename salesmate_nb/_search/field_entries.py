"""Field entries: what the account says of its own fields, as columns, their types and their options."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from salesmate_nb._api.json_body import parse_json
from salesmate_nb.errors import BadResponse
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
_MOST_ENTRIES = 10_000  # of one resource; an account has hundreds
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
    path : str
        Which path listed them: ``"v3"``, ``"v4"``, ``"v1"``, or ``"none"``.
    record_fields : tuple of str
        The API's names in the record that showed them, if no path listed them.
    needs_epoch : bool
        Whether an empty list of rules was refused when the newest record was searched for.
    """

    standard: tuple[Field, ...] = ()
    fields: tuple[Field, ...] = ()
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_complete: bool = True
    path: str = ""
    record_fields: tuple[str, ...] = ()
    needs_epoch: bool = False


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
    entries = entries_of(payload, resource)
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


def fields_of_record(names: Collection[str], resource: Resource) -> ResourceFields:
    """Return the fields that one record shows by their API names; there may be other custom ones.

    Examples
    --------
    >>> from salesmate_nb.resources import DEALS
    >>> fields_of_record(["id", "intCustomField1"], DEALS).fields
    (Field(name='int_custom_field_1', path='intCustomField1', kind='int'),)
    """
    custom = [field for path in names if is_custom(path) for field in custom_columns(path)]
    return ResourceFields(
        standard=_standard(resource, names),
        fields=(*_optional(resource, names), *sorted(custom, key=lambda field: field.name)),
        is_complete=False,
        record_fields=tuple(names),
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
            "label": _storable(entry.get("displayName")),
            "path": _storable(path),
            "type": _storable(entry.get("type")),
            "is_custom": is_custom(path),
            "options": _storable(", ".join(_options(entry))),
        }
        for name, entry in entries_of(payload, resource).items()
        for path in ([path for path in lookup_paths(name) if path in columns] or [name])
    ]


def _storable(value: Any) -> str | None:
    """Return a value as text, with a mark in place of half a surrogate pair, which no column can hold."""
    return str(value or "").encode(errors="replace").decode() or None


def entries_of(payload: Any, resource: Resource) -> dict[str, Mapping[str, Any]]:
    """Return the entries of a resource by their API names.

    Raises
    ------
    BadResponse
        If the payload contains no list of them, or one of more than 10,000.
    """
    data = payload.get("Data", payload) if isinstance(payload, dict) else payload
    names = (resource.singular, resource.singular.capitalize())
    if isinstance(data, dict):
        entries = next((data[name] for name in names if name in data), None)
    else:
        entries = list(_flat(data)) or None
    if not isinstance(entries, list):
        raise BadResponse(f"The field catalog contains no list of {resource.singular} fields.")
    if len(entries) > _MOST_ENTRIES:
        raise BadResponse(
            f"The field catalog lists {len(entries):,} {resource.singular} fields, of which at most "
            f"{_MOST_ENTRIES:,} can be requested."
        )
    return {path: entry for entry in entries if isinstance(entry, dict) and (path := _path(entry, resource))}


def _flat(data: Any) -> Iterable[Any]:
    """Yield the entries of a list of fields (v4), or of a list of sections with ``Fields`` (v1)."""
    for item in data if isinstance(data, list) else ():
        section = item.get("Fields") if isinstance(item, dict) else None
        yield from section if isinstance(section, list) else (item,)


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


def _optional(resource: Resource, paths: Collection[str]) -> list[Field]:
    return [optional for optional in resource.optional if optional.path in paths]


def _parent(path: str) -> str:
    return path.partition(".")[0]


def _custom_fields(entries: Mapping[str, Mapping[str, Any]], taken: Iterable[str]) -> list[Field]:
    """Return custom fields under column names made from their labels, other than those already taken."""
    names = set(taken)
    fields: list[Field] = []
    numbers: dict[str, int] = {}  # the last one tried of each label
    for path, entry in entries.items():
        label = _column_name(str(entry.get("displayName") or ""))
        columns = _columns(path, entry)
        for number in itertools.count(numbers.get(label, 1)):
            suffix = "" if number == 1 else f"_{number}"
            named = [replace(column, name=_name(column, path, label, suffix)) for column in columns]
            if names.isdisjoint(column.name for column in named):
                break
        numbers[label] = number
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
    """Return a label as a column name: ``Go-live date (UTC)`` becomes ``go_live_date_utc``.

    Letters, marks and numbers of every script are kept, and so are vowels that are marks; raised and circled
    numbers become plain ones. Anything else separates words, but for invisible characters inside of one.
    """
    name = "_"
    for character in _plain(label):
        category = unicodedata.category(character)
        if category[0] in "LN" or (category[0] == "M" and name[-1] != "_"):
            name += character
        elif category != "Cf" and name[-1] != "_":
            name += "_"
    return name.strip("_")


def _plain(label: str) -> str:
    """Return a label in lower case and in normal form C, its numbers as they are written in a line."""
    numbers = [
        unicodedata.normalize("NFKC", each) if unicodedata.category(each)[0] == "N" else each
        for each in label
    ]
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", "".join(numbers)).casefold())


def _options(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the options of a field; they are JSON inside the JSON, as strings or as objects."""
    options: Any = entry.get("fieldOptions")
    if isinstance(options, str):
        try:
            options = parse_json(options.encode(errors="surrogatepass"))
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
