"""Values that were asked for and that no record has: misspelt ones, first names, ids that nobody has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from salesmate_nb._search.filters.column_tests import ColumnTest, keys_of
from salesmate_nb._search.filters.filters import TEXT_FILTERS, Filters
from salesmate_nb._values.text import closest, comparable, enumerate_texts, visible

_SAME_STATUS = {"won": "Close", "close": "Won"}  # a deal that was won is one or the other (v4 reference)
_MOST_CHARACTERS = 60  # of a wanted value in a warning
_MOST_DESCRIBED = 5  # values of a column, such as the ids of another table
_MOST_VALUES = 1_000  # of a column, such as titles, beyond which there is no advice


@dataclass(frozen=True, kw_only=True)
class User:
    """A user of the account, as an owner of records."""

    id: int | None
    name: str


class FilterTally:
    """Filters that keep account of what the rows have in the columns that they are about.

    Parameters
    ----------
    filters : Filters
        What rows must meet; bound to their columns.
    """

    def __init__(self, filters: Filters) -> None:
        self._filters = filters
        self._columns = {test.column: _Column(test) for test in filters.tests if test.wanted}
        columns = [name for name in filters.columns if name in {*TEXT_FILTERS, "owner_name", "owner_id"}]
        self._seen: dict[str, set[Any]] = {name: set() for name in columns}

    def mask(self, rows: pa.RecordBatch) -> pa.BooleanArray:
        """Return for each typed row whether it meets every condition, and take note of its values."""
        self.add(rows)
        return self._filters.mask(rows)

    def add(self, rows: pa.RecordBatch | pa.Table) -> None:
        """Take note of the values of rows that were read, whether they meet the conditions or not."""
        for name, seen in self._seen.items():
            seen.update(rows.column(name).drop_null().unique().to_pylist())
        for name, column in self._columns.items():
            column.add(rows.column(name).drop_null().unique().to_pylist())

    def unmatched(self) -> dict[str, tuple[str | float, ...]]:
        """Return by filter or column the wanted values that no row has; an owner is a name or an id."""
        found: dict[str, tuple[str | float, ...]] = {}
        for name in TEXT_FILTERS:
            found[name] = _without(getattr(self._filters, name), self._seen.get(name, ()))
        seen_ids = self._seen.get("owner_id", ())
        ids = (number for number in self._filters.owner_ids if number not in seen_ids)
        found["owner"] = (*_without(self._filters.owner_names, self._seen.get("owner_name", ())), *ids)
        for name, column in self._columns.items():
            found[name] = (*found.get(name, ()), *column.unmatched())
        return {name: values for name, values in found.items() if values}

    def describe(
        self,
        noun: str,
        *,
        listed: Mapping[str, Sequence[str]],
        users: Sequence[User] = (),
        is_all: bool = True,
    ) -> list[str]:
        """Return a sentence about each wanted value that no row has, and that the account does not list.

        Parameters
        ----------
        noun : str
            What a row is: ``deal``.
        listed : mapping of str to sequence of str
            By filter, the values that the account offers. One of them may well be in no row.
        users : sequence of User
            The account's users; without any, the owners in the rows are all that is known.
        is_all : bool
            Whether all rows of the account were read, not only those that the server chose.

        Returns
        -------
        list of str
            Each with the closest value that there is, and with all of them; if many are wanted, of the first.
        """
        subject = f"No {noun}" if is_all else f"No {noun} that was read"
        texts = []
        for name, values in self.unmatched().items():
            described = 0
            for place, value in enumerate(values):
                left = len(values) - place
                if described >= _MOST_DESCRIBED and left > 1:
                    texts.append(f"{subject} has any of the {left:,} other wanted values of {name}.")
                    break
                if name == "owner":
                    advice = self._owner_advice(value, users)
                elif not isinstance(value, str):
                    advice = "" if isinstance(value, int) else " A range is {'min': ..., 'max': ...}."
                else:
                    advice = self._advice(name, value, listed.get(name, ()))
                if advice is not None:
                    shown = repr(value[:_MOST_CHARACTERS]) if isinstance(value, str) else f"{value}"
                    texts.append(f"{subject} has {name} {shown}.{advice}")
                    described += 1
        return texts

    def _advice(self, name: str, wanted: str, listed: Sequence[str]) -> str | None:
        """Return what there is; ``None`` if the value is right, though no row has it."""
        seen, key = self._seen_in(name), comparable(wanted)
        there_are = _distinct([*seen, *listed])
        other = _SAME_STATUS.get(key) if name == "status" else None
        if other is not None and _has(there_are, other):
            if _has(self._filters.wanted("status"), other):
                return None
            if _has(seen, other) or not _has(listed, wanted):
                return _sentence([other], there_are)
        return None if _has(listed, wanted) else _sentence(closest(wanted, there_are), there_are)

    def _seen_in(self, name: str) -> Collection[str]:
        """Return the texts that rows have in a column."""
        return self._seen[name] if name in self._seen else self._columns[name].texts

    def _owner_advice(self, wanted: str | float, users: Sequence[User]) -> str | None:
        seen_ids = self._seen["owner_id"]
        if not isinstance(wanted, str):
            if any(user.id == wanted for user in users):
                return None
            named = [f"{user.name} ({user.id})" for user in users] or [str(number) for number in seen_ids]
            return _sentence([], named)
        for user in users:
            if comparable(user.name) == comparable(wanted):
                is_elsewhere = user.id in seen_ids
                return (
                    f" That user's records have another name: use owner={user.id}." if is_elsewhere else None
                )
        there_are = _distinct([*self._seen["owner_name"], *(user.name for user in users)])
        return _sentence(closest(wanted, there_are), there_are)


class _Column:
    """What rows have in one column, as far as it helps to find a wanted value."""

    def __init__(self, test: ColumnTest) -> None:
        self._test = test
        self._left = {comparable(value) if test.is_text else value: value for value in test.wanted}
        self.texts: set[str] = set()

    def unmatched(self) -> Iterable[Any]:
        """Return the wanted values that no row has; of amounts, only if no row has any of them.

        One amount of several that nobody has is not misspelled. If nobody has any, a range may be meant.
        """
        is_amount = self._test.kind == "float"
        return () if is_amount and len(self._left) < len({*self._test.wanted}) else self._left.values()

    def add(self, values: Iterable[Any]) -> None:
        for value in values:
            if not self._test.is_text:
                self._left.pop(value, None)
                continue
            for key in keys_of(value, self._test.successive):
                self._left.pop(key, None)
            if len(self.texts) < _MOST_VALUES:
                self.texts.update(value.split(",") if self._test.has_items else [value])


def users_of(records: Iterable[Any]) -> list[User]:
    """Return the users in the records of the list of users; those without a name are left out.

    Examples
    --------
    >>> users_of([{"id": 7, "firstName": "Ann", "lastName": "Weber"}, {"id": 8}])
    [User(id=7, name='Ann Weber')]
    """
    users = []
    for record in records:
        if isinstance(record, dict):
            parts = (
                [record.get("name")]
                if record.get("name")
                else [record.get("firstName"), record.get("lastName")]
            )
            name = " ".join(part for part in parts if isinstance(part, str)).strip()
            number = str(record.get("id")).strip()
            if name:
                users.append(User(id=int(number) if number.isdecimal() else None, name=name))
    return users


def _without(wanted: Iterable[str], seen: Collection[str]) -> tuple[str, ...]:
    keys = set(map(comparable, seen))
    return tuple(value for value in wanted if comparable(value) not in keys)


def _has(texts: Iterable[str], wanted: str) -> bool:
    return comparable(wanted) in map(comparable, texts)


def _distinct(texts: Iterable[str]) -> list[str]:
    """Return texts without those that look like one before, and without empty ones."""
    by_key: dict[str, str] = {}
    for text in texts:
        by_key.setdefault(comparable(text), visible(text))
    return [text for key, text in by_key.items() if key]


def _sentence(close: Sequence[str], there_are: Collection[str]) -> str:
    meant = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    return f"{meant} There are: {enumerate_texts(there_are)}." if there_are else meant
