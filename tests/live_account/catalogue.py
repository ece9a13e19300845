"""What the account says of itself: fields, pipelines, currencies and tags."""

from __future__ import annotations

import re

_OPTIONS = ("pipeline", "status", "stage", "priority", "source", "currency", "type")
_KINDS = {"dateTime": "dateTime", "decimal": "number", "int": "number", "checkbox": "boolean", "date": "date"}


def label_of(name, labels):
    """Return the label of a field: the one given, or its name in words.

    Examples
    --------
    >>> label_of("estimatedCloseDate", {}), label_of("textCustomField1", {"textCustomField1": "Region"})
    ('Estimated Close Date', 'Region')
    """
    words = re.findall(r"[A-Z]?[a-z]+|\d+", name)
    return labels.get(name, " ".join(words).title())


def fields_of(module, records, labels, behaviour):
    """List the fields of a module: those the facts name, and those its records have.

    Parameters
    ----------
    module, records, labels, behaviour
        Of the account; labels by the name of the field.

    Returns
    -------
    list of dict
        With fieldName, displayName, type and fieldOptions.
    """
    names = dict(module.fields)
    for record in records:
        for name in record.keys() - names.keys():
            names[name] = _kind(name)
    for name in labels.keys() - names.keys():
        if module.name == "deal":
            names[name] = _kind(name)  # a custom field that no deal has a value of
    return [
        {
            "fieldName": name,
            "displayName": label_of(name, labels),
            "type": kind,
            "fieldOptions": _options(name, kind, records, behaviour.options),
        }
        for name, kind in names.items()
    ]


def _kind(name):
    if "Lookup" in name:
        return "lookup"
    kind = re.match(r"(\w+?)CustomField\d+", name)
    return _KINDS.get(kind[1], kind[1]) if kind else "text"


def _options(name, kind, records, form):
    if kind == "lookup":
        return {"url": "/apis/v3/lookups/active/users" if name == "owner" else "/apis/v3/lookups/active/x"}
    if kind not in {"select", "multiSelect"} and name not in _OPTIONS:
        return {}
    values = {}
    for record in records:
        value = record.get(name)
        values |= dict.fromkeys(value if isinstance(value, list) else [value])
    values = [value for value in values if value]
    if form == "url":
        return {"url": f"/apis/v3/lookups/active/{name}"}
    if form == "mappedDependency" and name == "stage":
        return {"mappedDependency": [{"rules": {p["pipeline"]: _names(p) for p in pipelines_of(records)}}]}
    if form == "values":
        return {"values": values}
    return {"valuesMeta": [{"label": value, "value": value} for value in values]}


def _names(pipeline):
    return [stage["stage"] for stage in pipeline["stages"]]


def pipelines_of(deals):
    """List the pipelines of the deals, their stages in the order they first appear (decided here)."""
    found = {}
    for deal in deals:
        stages = found.setdefault(deal.get("pipeline"), {})
        stages[deal.get("stage")] = {"Won": 100, "Lost": 0}.get(deal.get("status"))
    return [
        {
            "pipeline": pipeline,
            "isWinProbabilityEnabledManually": False,
            "stages": [
                {
                    "stage": stage,
                    "winProbability": 100 * place // (len(stages) + 1) if chance is None else chance,
                    "rottenPeriod": 30,
                }
                for place, (stage, chance) in enumerate(stages.items(), 1)
            ],
        }
        for pipeline, stages in found.items()
        if pipeline
    ]


def currencies_of(deals):
    """List the currencies of the deals."""
    codes = sorted({deal["currency"] for deal in deals if deal.get("currency")})
    return [{"code": code, "name": code, "displayLabel": f"{code} ({code})"} for code in codes]


def tags_of(records):
    """List the tags of all records."""
    return [{"tag": tag} for tag in sorted({tag for record in records for tag in record.get("tags") or []})]
