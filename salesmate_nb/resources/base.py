"""The columns of a frame: what the API calls them, what the frame calls them, and what they hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["int", "float", "string", "category", "datetime", "bool"]

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=[0-9])|\.")
_CUSTOM = re.compile(r"([a-z]+(?:[A-Z][a-z]+)*)CustomField[0-9]+")
_CUSTOM_KINDS: dict[str, Kind] = {
    "int": "int",
    "decimal": "float",
    "checkbox": "bool",
    "dateTime": "datetime",
    "date": "datetime",
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column.

    Parameters
    ----------
    name : str
        What the frame calls it: ``primary_company_name``.
    path : str
        What the API calls it: ``primaryCompany.name``.
    kind : {"int", "float", "string", "category", "datetime", "bool"}
        What it holds; a frame shows it as ``Int64``, ``float64``, ``str``, ``category``,
        ``datetime64[us, UTC]`` or ``boolean``.
    """

    name: str
    path: str
    kind: Kind


def column_name(path: str) -> str:
    """Return the frame's name for a field, made mechanically from the API's.

    Examples
    --------
    >>> column_name("dealValue"), column_name("primaryCompany.name"), column_name("textCustomField1")
    ('deal_value', 'primary_company_name', 'text_custom_field_1')
    """
    return _WORD_START.sub("_", path).lower()


def is_custom(key: str) -> bool:
    """Tell whether the API's name is that of a field the account made itself.

    Examples
    --------
    >>> is_custom("dateTimeCustomField12"), is_custom("dealValue")
    (True, False)
    """
    return _CUSTOM.fullmatch(key) is not None


def custom_field(key: str) -> Field:
    """Return the column of a custom field; its kind is what its name begins with.

    The names ``text``, ``int``, ``decimal``, ``checkbox`` and ``dateTime`` were seen in the v4 reference
    and other connectors; ``date`` is taken to mean what it says, and all others are read as text.

    Examples
    --------
    >>> custom_field("decimalCustomField2")
    Field(name='decimal_custom_field_2', path='decimalCustomField2', kind='float')
    """
    custom = _CUSTOM.fullmatch(key)
    return standard_field(key, _CUSTOM_KINDS.get(custom[1], "string") if custom else "string")


def custom_path(name: str) -> str | None:
    """Return the API's name of a custom field from its mechanical column name, or ``None`` for others.

    Examples
    --------
    >>> custom_path("date_time_custom_field_12"), custom_path("deal_value")
    ('dateTimeCustomField12', None)
    """
    head, *rest = name.split("_")
    path = head + "".join(word.capitalize() for word in rest)
    return path if is_custom(path) and column_name(path) == name else None


def standard_field(path: str, kind: Kind) -> Field:
    """Return the column of a field that every account has, under its mechanical name."""
    return Field(name=column_name(path), path=path, kind=kind)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One kind of record that the CRM keeps.

    Parameters
    ----------
    name : str
        What several are called, in messages and file names: ``deals``.
    singular : str
        What the API's paths and field names call one: ``deal``.
    rule_name : str
        What rules of its search are said to be about: ``Deal``.
    number : int
        Its ``moduleId``.
    fields : tuple of Field
        What every record has, in the frame's order.
    params : mapping of str to str
        What else goes into the query of its search.
    """

    name: str
    singular: str
    rule_name: str
    number: int
    fields: tuple[Field, ...]
    params: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def path(self) -> str:
        """The path of one record, before its id; and of its search, before ``/search``."""
        return f"apis/{self.singular}/v4"
