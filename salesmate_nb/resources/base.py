"""Schemas: the columns of a frame, with their API names and data types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["int", "float", "string", "category", "datetime", "bool"]

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|\.")
_CUSTOM = re.compile(r"([a-z]+(?:[A-Z][a-z]+)*)CustomField[0-9]+")
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
    """

    name: str
    path: str
    kind: Kind


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
    """
    return _CUSTOM.fullmatch(path) is not None


def custom_field(path: str) -> Field:
    """Return the column of a custom field; the beginning of its API name determines the kind.

    The names ``text``, ``int``, ``decimal``, ``checkbox`` and ``dateTime`` appear in the v4 reference
    and in other connectors; ``date`` is assumed to be a date, and all others are read as strings.

    Examples
    --------
    >>> custom_field("decimalCustomField2")
    Field(name='decimal_custom_field_2', path='decimalCustomField2', kind='float')
    """
    return standard_field(path, _KIND_BY_PREFIX.get(path.rpartition("CustomField")[0], "string"))


def custom_path(name: str) -> str | None:
    """Convert a column name back to the API name of a custom field; ``None`` for other columns.

    Examples
    --------
    >>> custom_path("date_time_custom_field_12"), custom_path("deal_value")
    ('dateTimeCustomField12', None)
    """
    head, *rest = name.split("_")
    path = head + "".join(word.capitalize() for word in rest)
    return path if is_custom(path) and column_name(path) == name else None


def standard_field(path: str, kind: Kind) -> Field:
    """Return the column of a field that every account has, named by :func:`column_name`."""
    return Field(name=column_name(path), path=path, kind=kind)


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
        The standard fields, in the order of the frame's columns.
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

    @property
    def path(self) -> str:
        """The path before a record's id, and before ``/search``."""
        return f"apis/{self.singular}/v4"
