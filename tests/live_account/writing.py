"""How a record of the truth is written into a response (sections 3 to 5 of the facts)."""

from __future__ import annotations

import datetime as dt

from tests.live_account.records import LINKS, is_relation, is_time

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MIXED = ("seconds", "milliseconds", "text seconds", "ISO", "ISO offset", "v3")
_ABSENT = object()
_EMPTY = {"{}": {}, "null": None, "''": "", "absent": _ABSENT}


def v3_text(value, zone):
    """Write a time as the v3 API does, with 24 hours and AM or PM beside them.

    Examples
    --------
    >>> v3_text(1709586900, dt.UTC)
    'Mar 04, 2024 21:15 PM'
    """
    at = dt.datetime.fromtimestamp(value, zone)
    return f"{MONTHS[at.month - 1]} {at:%d, %Y %H:%M} {'AM' if at.hour < 12 else 'PM'}"


def _at(value, zone):
    return dt.datetime.fromtimestamp(int(value), zone)


_TIMES = {  # of Unix seconds and the account's zone
    "seconds": lambda value, _: int(value),
    "milliseconds": lambda value, _: int(value * 1000),
    "text seconds": lambda value, _: str(int(value)),
    "text milliseconds": lambda value, _: str(int(value * 1000)),
    "ISO": lambda value, _: f"{_at(value, dt.UTC):%Y-%m-%dT%H:%M:%S}Z",
    "ISO offset": lambda value, zone: _at(value, zone).isoformat(),
    "ISO local": lambda value, zone: _at(value, zone).replace(tzinfo=None).isoformat(),
    "v3": v3_text,
}


def currency_object(code):
    """Return a currency as an object; the rate and the symbol are made up."""
    return {"code": code, "rate": 1.0, "symbol": {"EUR": "€", "USD": "$"}.get(code, code)}


class Writer:
    """Writes rows as a behaviour has it."""

    def __init__(self, behaviour, zone, rng):
        self._as = behaviour
        self._zone = zone
        self._rng = rng
        self._plans = {}

    def row(self, module, record, asked):
        """Write a record as a row of a search.

        Parameters
        ----------
        module
            Its kind.
        record
            In the truth's own form.
        asked
            Names from displayingFields; None where none were given, which gives every field that is not
            a relation (decided here).

        Returns
        -------
        dict
        """
        names, relations = self._plan(module, tuple(self._names(module, record) if asked is None else asked))
        row = {}
        for name, is_known in names.items():
            if is_known or name in record:
                self._put(row, name, self._value(module, name, record.get(name)), self._as.missing)
        for name, wanted in relations.items():
            self._put_relation(row, module, record, name, wanted)
        return row

    def _plan(self, module, asked):
        """Return the fields to write, and whether the module has them; and the relations with sub-fields."""
        if (module.name, asked) not in self._plans:
            names, subs = {"id": True}, {}
            for name in asked:
                first, _, rest = _bare(module, name).partition(".")
                if rest or self._relation(module, first):
                    subs.setdefault(first, []).append(rest)
                else:
                    names[first] = first in module.fields
            relations = {name: wanted for name, wanted in subs.items() if self._relation(module, name)}
            self._plans[module.name, asked] = names, relations
        return self._plans[module.name, asked]

    def single(self, module, record):
        """Write a record as a response of its own: times as text, the currency as an object (section 2)."""
        row = {}
        for name, value in record.items():
            if is_time(module, name):
                row[name] = None if value is None else v3_text(value, self._zone)
            elif name == "currency":
                row[name] = value and currency_object(value)
            elif is_relation(module, name):
                row[self._shown(module, name)] = dict(value or {})
            else:
                row[name] = self._value(module, name, value)
        return row

    def flag(self, value):
        """Write true or false."""
        return int(value) if self._as.flags == "number" else bool(value)

    def time(self, value):
        """Write a date with a time."""
        form = self._as.timestamps
        if form == "mixed":
            form = self._rng.choice(_MIXED)
        return _TIMES[form](value, self._zone)

    def _names(self, module, record):
        scalars = [name for name in record if not is_relation(module, name)]
        if self._as.relations == "always":
            scalars += [self._shown(module, name) for name in record if is_relation(module, name)]
        return [f"{module.name}.{name}" for name in scalars]

    def _value(self, module, name, value):
        if value is None or value == []:
            return None
        if is_time(module, name):
            return self.time(value)
        if name == "currency" and self._as.currency == "object":
            return currency_object(value)
        if isinstance(value, bool):
            return self.flag(value)
        if isinstance(value, list):
            return value if self._as.tags == "list" else ",".join(value)
        return self._number(value)

    def _number(self, value):
        share = self._as.numbers_as_text
        if share and isinstance(value, int | float) and self._rng.random() < share:
            return str(value)
        return value

    def _relation(self, module, name):
        """Say whether a name is a relation that this account shows under that name."""
        if module.name == "activity":
            others = set(LINKS) if self._as.activity_links == "contact" else set(LINKS.values())
            return name not in others and (name in LINKS or is_relation(module, name))
        return is_relation(module, name)

    def _shown(self, module, name):
        if module.name == "activity" and self._as.activity_links != "contact":
            return {own: shown for shown, own in LINKS.items()}.get(name, name)
        return name

    def _put_relation(self, row, module, record, name, wanted):
        related = record.get(LINKS.get(name, name) if module.name == "activity" else name)
        if self._as.relations == "always":
            wanted = list(related or {})
        wanted = [sub for sub in wanted if sub]
        if not wanted and self._as.relations == "sub-fields":
            return
        key = {
            "capitalised": name[:1].upper() + name[1:],
            "lower": name.lower(),
        }.get(self._as.relation_keys, name)
        if not related:
            self._put(row, key, None, self._as.empty_relation)
            return
        form = self._as.relation_form
        if form == "id" or (form == "random" and self._rng.random() < 0.5):
            row[key] = self._number(related["id"])
            return
        given = {sub: self._number(_sub(related, sub)) for sub in wanted}
        if self._as.relation_keys == "flat":
            row |= {f"{key}.{sub}": value for sub, value in given.items()}
        else:
            row[key] = given

    def _put(self, row, name, value, empty):
        if value is None:
            if empty == "random":
                empty = self._rng.choice(["{}", "null", "''", "absent"])
            value = _EMPTY[empty]
        if value is not _ABSENT:
            row[name] = value


def _bare(module, name):
    first, dot, rest = str(name).partition(".")
    return rest if dot and first in module.prefixes else str(name)


def _sub(related, name):
    """Return a sub-field; a linked deal has its title under both names (decided here)."""
    other = {"title": "name", "name": "title"}.get(name, name)
    return related.get(name, related.get(other))
