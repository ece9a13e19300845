"""The forms in which an API writes values: named, without the values themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from salesmate_nb._frames.parsing import MILLISECONDS_FROM, MISSING

_TEXT_FORMS = {
    "Unix {}, as text": r"\d{9,}",
    "ISO 8601 with a zone": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(Z|[+-]\d\d:?\d\d)",
    "ISO 8601 without a zone": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*",
    "ISO date": r"\d{4}-\d\d-\d\d",
    "'Mar 04, 2024 21:15 PM'": r"[A-Za-z]{3} \d\d?, \d{4} (00|1[3-9]|2\d):\d\d [AP]M",
    "'Mar 04, 2024 09:15 PM'": r"[A-Za-z]{3} \d\d?, \d{4} \d\d?:\d\d [AP]M",
}


def list_forms(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the forms in which values of records are written, the most frequent first.

    Parameters
    ----------
    records : sequence of mapping
        As the server sent them, of any resource.

    Returns
    -------
    dict of str to str
        For timestamps, dates, currencies, relations and ids; ``"not seen"`` if no record has a value.

    Examples
    --------
    >>> forms = list_forms([{"id": 7, "createdAt": 1709586900, "currency": {"code": "EUR"}}])
    >>> forms["timestamps"], forms["currency"], forms["dates"]
    ('Unix seconds', 'object with code', 'not seen')
    """
    return {
        "timestamps": _forms(records, "createdAt", _time_form),
        "dates": _forms(records, "estimatedCloseDate", _time_form),
        "currency": _forms(records, "currency", _currency_form),
        "relations": _relation_forms(records),
        "ids": _forms(records, "id", lambda value: "text" if isinstance(value, str) else "number"),
    }


def flag_forms(records: Iterable[Mapping[str, Any]], path: str) -> str:
    """Return how a field writes true and false.

    Examples
    --------
    >>> flag_forms([{"isActive": 1}, {"isActive": 0}, {}], "isActive")
    '1 and 0'
    """
    return _forms(records, path, _flag_form)


def _forms(records: Iterable[Mapping[str, Any]], path: str, form_of: Callable[[Any], str]) -> str:
    return _listed(form_of(record[path]) for record in records if record.get(path) not in MISSING)


def _listed(forms: Iterable[str]) -> str:
    return "; ".join(form for form, _ in Counter(forms).most_common()) or "not seen"


def _time_form(value: Any) -> str:
    number = _number_of(value)
    unit = "seconds" if number is not None and number < MILLISECONDS_FROM else "milliseconds"
    if isinstance(value, str):
        forms = (form for form, pattern in _TEXT_FORMS.items() if re.fullmatch(pattern, value.strip()))
        return next(forms, "text of another form").format(unit)
    return "neither number nor text" if number is None else f"Unix {unit}"


def _number_of(value: Any) -> float | None:
    """Return a number, also if it is written as nine digits of text or more; ``None`` for other values."""
    if isinstance(value, str) and re.fullmatch(r"\d{9,15}", value.strip()):
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _currency_form(value: Any) -> str:
    if isinstance(value, dict):
        return "object with code" if "code" in value else "object without code"
    return "text" if isinstance(value, str) else "neither text nor object"


def _flag_form(value: Any) -> str:
    forms = {bool: "true and false", int: "1 and 0", str: "text"}
    return forms.get(type(value), "other")


def _relation_forms(records: Iterable[Mapping[str, Any]]) -> str:
    """Return how owners and contacts are written: nested or flat, and how their names are spelled."""
    forms = []
    for name in ("owner", "primaryContact"):
        capitalised = name[0].upper() + name[1:]
        spellings = {name.lower(): ", in lower case", capitalised: ", capitalised", name: ""}
        for record in records:
            for key, spelling in spellings.items():
                if record.get(key) not in MISSING:
                    form = "nested" if isinstance(record[key], dict) else "an id alone"
                    forms.append(form + spelling)
            flat = (f"{name}.id", f"{name}Id", f"{capitalised}Id")
            forms += ["flat" for key in flat if record.get(key) not in MISSING]
    return _listed(forms)
