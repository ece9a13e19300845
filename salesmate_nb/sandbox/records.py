"""Read fields of records as Salesmate sends them: nested, flat with dots, or capitalized."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Record = dict[str, Any]
Getter = Callable[[Record], Any]

MISSING: tuple[Any, ...] = (None, "", {}, [])
"""The forms that a missing value takes in responses."""


def getter(path: str) -> Getter:
    """Return a function that reads a field of a record, in any of the spellings that occur.

    Parameters
    ----------
    path : str
        A field, or a sub-field of a relation after a dot.

    Examples
    --------
    >>> get = getter("owner.name")
    >>> [get(record) for record in ({"Owner": {"name": "Ann"}}, {"owner.name": "Bo"}, {"owner": ""})]
    ['Ann', 'Bo', None]
    """
    name, _, part = path.partition(".")
    capitalized = _capitalize(name)

    def field(record: Record) -> Any:
        value = record.get(name)
        return record.get(capitalized) if value is None else value

    def sub_field(record: Record) -> Any:
        value = field(record)
        if isinstance(value, dict):
            return value.get(part)
        return record.get(path, record.get(f"{capitalized}.{part}"))

    return sub_field if part else field


def projection(paths: Iterable[str]) -> Callable[[Record], Record]:
    """Return a function that keeps only the given fields of a record, and always its id.

    Parameters
    ----------
    paths : iterable of str
        Fields, or sub-fields of relations after a dot.

    Examples
    --------
    >>> project = projection(["owner.name"])
    >>> project({"id": 1, "title": "A", "owner": {"id": 7, "name": "Ann"}})
    {'id': 1, 'owner': {'name': 'Ann'}}
    """
    keys: set[str] = set()
    parts_of: dict[str, set[str]] = {}
    for path in ("id", *paths):
        name, _, part = path.partition(".")
        for spelling in (name, _capitalize(name)):
            keys.add(f"{spelling}.{part}" if part else spelling)
            if part:
                keys.add(spelling + part.capitalize())  # such as ownerId
                parts_of.setdefault(spelling, set()).add(part)

    def project(record: Record) -> Record:
        projected: Record = {}
        for key, value in record.items():
            if key in keys:
                projected[key] = value
            elif key in parts_of:
                wanted = parts_of[key]
                projected[key] = (
                    {part: item for part, item in value.items() if part in wanted}
                    if isinstance(value, dict)
                    else value
                )
        return projected

    return project


def field_name(key: str) -> str:
    """Return the name of the field that a key of a record belongs to.

    Examples
    --------
    >>> [field_name(key) for key in ("title", "Owner", "owner.id")]
    ['title', 'owner', 'owner']
    """
    return (key[:1].lower() + key[1:]).partition(".")[0]


def _capitalize(name: str) -> str:
    return name[:1].upper() + name[1:]
