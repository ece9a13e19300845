"""Schemas: the columns of a frame, with their API names and data types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["int", "float", "string", "category", "datetime", "bool"]
Request = Literal["always", "if listed", "never"]

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|\.")
_CUSTOM = re.compile(r"([a-z]+(?:[A-Z][a-z]+)*)CustomField([0-9]+)(?:\.(?:id|name))?")
_LOOKUP_KINDS: dict[str, Kind] = {"id": "int", "name": "string"}  # what the API is asked for of a relation
_KIND_BY_PREFIX: dict[str, Kind] = {
    "int": "int",
    "decimal": "float",
    "checkbox": "bool",
    "dateTime": "datetime",
    "date": "datetime",
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a record, which becomes one column.

    Parameters
    ----------
    name : str
        The column's name: ``primary_company_name``.
    path : str
        The API's name: ``primaryCompany.name``.
    kind : {"int", "float", "string", "category", "datetime", "bool"}
        The data type; the pandas dtype is ``Int64``, ``float64``, ``str``, ``category``,
        ``datetime64[us, UTC]`` or ``boolean``.
    aliases : tuple of str
        Other names that the API has for it, in case it sends nothing under `path`.
    alias_value : str
        What the column holds if there is something under an alias only; by default the value found there.
    request : {"always", "if listed", "never"}
        When to request it: always, or unless the account's field catalog can be read and lacks it. The column
        is there in each case.
    """

    name: str
    path: str
    kind: Kind
    aliases: tuple[str, ...] = field(default=(), repr=False)
    alias_value: str = field(default="", repr=False)
    request: Request = field(default="always", repr=False)

    def __post_init__(self) -> None:
        """Make the aliases a tuple again, after they were stored as a JSON list."""
        object.__setattr__(self, "aliases", tuple(self.aliases))


def column_name(path: str) -> str:
    """Convert the API's name of a field to a column name.

    Examples
    --------
    >>> column_name("dealValue"), column_name("primaryCompany.name"), column_name("textCustomField1")
    ('deal_value', 'primary_company_name', 'text_custom_field_1')
    """
    return _WORD_START.sub("_", path).lower()


def is_custom(path: str) -> bool:
    """Return whether an API name belongs to a custom field, one that the account created itself.

    Examples
    --------
    >>> is_custom("dateTimeCustomField12"), is_custom("dealValue")
    (True, False)
    >>> is_custom("companySingleLookupCustomField2.name")
    True
    """
    return _CUSTOM.fullmatch(path) is not None


def is_lookup(path: str) -> bool:
    """Return whether an API name belongs to a custom field that refers to another record.

    Examples
    --------
    >>> is_lookup("companySingleLookupCustomField2"), is_lookup("textCustomField2")
    (True, False)
    """
    found = _CUSTOM.fullmatch(path)
    return found is not None and found[1].endswith("Lookup")


def custom_order(path: str) -> tuple[int, str]:
    """Return what sorts custom fields in the order of their numbers: 2 before 10.

    Salesmate numbers the fields of each type as they are created, so an older field of the same type comes
    first. The order of two fields with the same number but other types is that of their names.

    Examples
    --------
    >>> sorted(["textCustomField10", "textCustomField2", "title"], key=custom_order)
    ['title', 'textCustomField2', 'textCustomField10']
    """
    found = _CUSTOM.fullmatch(path)
    return (int(found[2]) if found else -1, path)


def custom_field(path: str) -> Field:
    """Return the column of a custom field; its API name determines the kind.

    The names ``text``, ``int``, ``decimal``, ``checkbox`` and ``dateTime`` appear in the v4 reference
    and in other connectors; ``date`` is assumed to be a date, and all others are read as strings. The
    sub-fields of a lookup are an integer, ``.id``, and a string, ``.name``.

    Examples
    --------
    >>> custom_field("decimalCustomField2")
    Field(name='decimal_custom_field_2', path='decimalCustomField2', kind='float')
    """
    name, _, sub_field = path.partition(".")
    kind = _LOOKUP_KINDS.get(sub_field) or _KIND_BY_PREFIX.get(name.rpartition("CustomField")[0], "string")
    return standard_field(path, kind)


def has_items(path: str) -> bool:
    """Return whether a text of this field is several values, with commas between them.

    Examples
    --------
    >>> has_items("tags"), has_items("multiSelectCustomField2"), has_items("title")
    (True, True, False)
    """
    found = _CUSTOM.fullmatch(path)
    return path == "tags" or (found is not None and found[1] == "multiSelect")


def lookup_paths(path: str) -> tuple[str, ...]:
    """Return the API names to request for a lookup; the API sends a relation only by its sub-fields.

    This was measured on a live account.

    Examples
    --------
    >>> lookup_paths("companySingleLookupCustomField2")
    ('companySingleLookupCustomField2.id', 'companySingleLookupCustomField2.name')
    """
    return tuple(f"{path}.{sub_field}" for sub_field in _LOOKUP_KINDS)


def custom_columns(path: str) -> tuple[Field, ...]:
    """Return the columns of a custom field: two for a lookup, the id and the name, and one for others.

    Examples
    --------
    >>> [column.name for column in custom_columns("userSingleLookupCustomField1")]
    ['user_single_lookup_custom_field_1_id', 'user_single_lookup_custom_field_1_name']
    """
    paths = lookup_paths(path) if is_lookup(path) and "." not in path else (path,)
    return tuple(map(custom_field, paths))


def custom_path(name: str) -> str | None:
    """Convert a column name back to the API name of a custom field; ``None`` for other columns.

    Examples
    --------
    >>> custom_path("date_time_custom_field_12"), custom_path("deal_value")
    ('dateTimeCustomField12', None)
    """
    head, *rest = name.split("_")
    sub_field = f".{rest.pop()}" if rest and rest[-1] in _LOOKUP_KINDS else ""
    path = head + "".join(word.capitalize() for word in rest) + sub_field
    return path if is_custom(path) and column_name(path) == name else None


def standard_field(
    path: str,
    kind: Kind,
    *,
    aliases: tuple[str, ...] = (),
    alias_value: str = "",
    request: Request = "always",
) -> Field:
    """Return the column of a field that is not custom, named by :func:`column_name`."""
    return Field(
        name=column_name(path),
        path=path,
        kind=kind,
        aliases=aliases,
        alias_value=alias_value,
        request=request,
    )


def listed_field(path: str, kind: Kind) -> Field:
    """Return the column of a field that not every server knows: it is requested if the catalog lists it."""
    return standard_field(path, kind, request="if listed")


def requested_paths(fields: Iterable[Field]) -> tuple[str, ...]:
    """Return the API names to request for columns: all but other names for the sub-field of one relation.

    A server that sends a relation as a whole may name its sub-fields as it likes; they are read, but
    requested by one name only.

    Examples
    --------
    >>> requested_paths([standard_field("primaryContact.id", "int", aliases=("contact.id",))])
    ('primaryContact.id', 'contact.id')
    """
    paths: list[str] = []
    for column in fields:
        if column.request != "never":
            parent = f"{column.path.partition('.')[0]}."
            paths += (column.path, *(alias for alias in column.aliases if not alias.startswith(parent)))
    return tuple(dict.fromkeys(paths))


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A kind of record that the CRM stores.

    Parameters
    ----------
    name : str
        Plural, for messages and file names: ``deals``.
    singular : str
        The name in the API's paths and field names: ``deal``.
    rule_name : str
        The ``moduleName`` in the rules of its search: ``Deal``.
    number : int
        Its ``moduleId``.
    fields : tuple of Field
        The standard fields, in the order of the frame's columns. A field that the server does not know
        is an empty column.
    optional : tuple of Field
        Standard fields of some accounts: columns after the others, if the account has them.
    params : mapping of str to str
        Additional query parameters of its search.
    statuses : tuple of str
        The values of ``status`` that its search is known to filter by; others are filtered after reading.
    """

    name: str
    singular: str
    rule_name: str
    number: int
    fields: tuple[Field, ...]
    params: Mapping[str, str] = field(default_factory=dict, hash=False)
    statuses: tuple[str, ...] = ()
    optional: tuple[Field, ...] = ()

    @property
    def path(self) -> str:
        """The path before a record's id, and before ``/search``."""
        return f"apis/{self.singular}/v4"
