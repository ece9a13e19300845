"""What an account does in one way or another: the switches, named sets of them, and random mixtures."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args, get_origin, get_type_hints

Support = Literal["supported", "refused", "ignored"]
Order = Literal["unstable", "shuffled", "stable", "stable within createdAt only", "newest first always"]
Timestamps = Literal[
    "seconds",
    "milliseconds",
    "text seconds",
    "text milliseconds",
    "ISO",
    "ISO offset",
    "ISO local",
    "v3",
    "mixed",
]


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How an account behaves. The defaults are the measured account (section 5 of the facts).

    Attributes
    ----------
    timestamps
        How dates with a time are written. Section 5: Unix seconds. Section 4: milliseconds, digits in text,
        ISO with or without a zone, and ``Mar 04, 2024 21:15 PM`` (``v3``) in the account's zone, which drops
        the seconds. ``mixed`` draws one of them for each value, so that one page holds several.
        ``ISO local`` has no zone and is written in the account's (decided here).
        `estimatedCloseDate` is an ISO date in text in every form (section 5).
    order
        Section 5: ``unstable``, in spite of a sort. One pass of offsets repeats some rows and never gives
        others (`loss`), and a new pass draws others. Within a page the rows are sorted as asked.
        ``shuffled``: every request displaces a fifth of the rows by its own draw, and pages are unsorted;
        a harsher form, not measured. ``stable``: the sort is kept, equal values by id.
        ``stable within createdAt only``: a sort by createdAt is kept, equal values come in another order in
        each request, and any other sort is unstable. ``newest first always``: the sort is ignored.
    activity_order
        As `order`, for activities: their passes were stable (section 5).
    ties
        How equal values are ordered where a sort is kept: ``by id``; ``anew`` in each request, as a database
        does without a tie-breaker (issue 16); or ``by replica``, in one of two orders.
    stable_with
        What makes the order stable after all. Open in section 5: ``moduleId`` (not 0), ``orderType``, or
        ``a list`` of sorts.
    loss
        The least and the greatest share of rows that one unstable pass never gives. Section 5: 315 to 346
        distinct ids of 359.
    lost_again
        How likely a row that the pass before lost is lost again, beside any other row. Section 5: two
        passes sufficed, which passes of independent draws (1.0) seldom do.
    disorder
        Seconds by which the order of dates differs from the dates written; issue 14: no reason to give
        a strategy up.
    id_rules
        Section 5: every rule on the id that was tried is refused.
    created_after
        ``IS_AFTER`` on createdAt, used by five or more public clients (section 2).
    epoch_rule
        That rule with a date in 1970. Section 5: only ``rules: []`` is known to work.
    empty_rules
        An empty list of rules. Section 5: accepted, means all. Issue 14: an account may refuse it, so that
        only the epoch rule means all.
    created_until
        ``IS_BEFORE`` and ``BETWEEN`` on createdAt, seen in no client (section 2); the name of one of them
        means that only this one is supported.
    minute_edge
        What a rule to the minute (section 2) means within its own minute; open. ``later seconds``: compared
        with the first second of that minute; ``next minute``: the rows of that minute are left out;
        ``same minute``: they are included.
    modified_after
        ``IS_AFTER`` on lastModifiedAt, used by one public client (section 2).
    other_rules
        The rules seen in use (section 2): status, owner, pipeline, isCompleted, e-mail, tags,
        ``isDeleted`` ``"false"``.
    deleted_rule
        ``isDeleted`` ``"true"``, open in section 5.
    unknown_rules
        Any rule that the facts do not name.
    refusal
        How a rule is refused, open in section 5: a status of 400, 403, 422 or 500, or 200 with a failure of
        any name. ``random`` draws one for each refusal.
    refusal_name
        The name in the failure, where the usual one of that status will not do.
    row_cap
        Section 5: `rows` over 250 silently gives 250.
    paging
        Section 4: a server may ignore `rows` and `from`: ``everything``, or ``same page`` each time.
    totals
        `totalRows`. Section 4: ``missing``, ``text``, ``zero``; ``lagging`` by `total_lag` (changing), or
        counting the ``page`` alone.
    activity_totals
        Section 5: missing when asked without getRecordsCount and viewType. ``asked``: given with both.
    total_lag
        By how much a lagging total is short; below zero, by how much it is too great.
    empty_list
        What stands in place of a list of no rows. Section 4: ``null``.
    relations
        Section 5: only where ``sub-fields`` are asked for by name, and then only these. ``always``: whole.
    relation_keys
        Section 5: ``camel`` (owner); section 4: ``capitalised`` (Owner), or ``flat`` (owner.name).
        ``lower`` (primarycontact) is the other way to read "keys come lower-case".
    relation_form
        Section 4: a bare ``id`` in place of an ``object``.
    empty_relation
        Section 4: ``{}``, ``null``, an empty text, or absent.
    missing
        The same of other values without content.
    currency
        Text, or an object with code, rate and symbol; open in section 5.
    flags
        `isActive`, `isCompleted` and the like as 1/0 or true/false (section 3).
    tags
        Comma-separated text, or a list (section 4).
    activity_links
        Section 3: contact/company/deal (measured), or primaryContact/primaryCompany/relatedTo.
    numbers_as_text
        The share of numbers, ids included, that are written as text (section 4).
    error_keys
        Section 2: in real failures ``lower`` case code, name and message.
    catalogue
        Which of the three paths of section 2 gives the fields. The others are not found.
    options
        How a field's options are given (section 3).
    pipelines
        Whether ``v3/apps/dealPipeline`` is there (section 2).
    limit
        Requests in `limit_seconds` before 429. Section 2: 1,500 an hour; what follows is open. None: no end.
    limit_seconds
        After how long the count starts at zero again.
    retry_after
        Whether 429 says after how many seconds to come back.
    latency
        Seconds that each response takes.
    expired_status
        The status that code 4002 comes with. Section 5: 401; section 2: a failure can come with 200.
    key_lasts
        After how many requests the key expires. Section 5: after some weeks.
    forbidden
        Modules this user has no right to see: 403 Forbidden.
    """

    timestamps: Timestamps = "seconds"
    order: Order = "unstable"
    activity_order: Order = "stable"
    stable_with: Literal["nothing", "moduleId", "orderType", "a list"] = "nothing"
    ties: Literal["by id", "anew", "by replica"] = "by id"
    loss: tuple[float, float] = (13 / 359, 44 / 359)
    lost_again: float = 0.1
    disorder: float = 0.0
    id_rules: Support = "refused"
    created_after: Support = "supported"
    epoch_rule: Support = "supported"
    empty_rules: Literal["supported", "refused"] = "supported"
    created_until: Literal["supported", "refused", "ignored", "IS_BEFORE", "BETWEEN"] = "refused"
    minute_edge: Literal["later seconds", "next minute", "same minute"] = "later seconds"
    modified_after: Support = "supported"
    other_rules: Support = "supported"
    deleted_rule: Support = "refused"
    unknown_rules: Literal["refused", "ignored"] = "refused"
    refusal: Literal["400", "403", "422", "500", "200", "random"] = "400"
    refusal_name: str = ""
    row_cap: int = 250
    paging: Literal["offsets", "everything", "same page"] = "offsets"
    totals: Literal["right", "missing", "text", "zero", "lagging", "page"] = "right"
    activity_totals: Literal["missing", "asked", "as others"] = "asked"
    total_lag: int = 3
    empty_list: Literal["[]", "null", "absent"] = "[]"
    relations: Literal["sub-fields", "always"] = "sub-fields"
    relation_keys: Literal["camel", "capitalised", "flat", "lower"] = "camel"
    relation_form: Literal["object", "id", "random"] = "object"
    empty_relation: Literal["{}", "null", "''", "absent", "random"] = "{}"
    missing: Literal["null", "''", "absent", "random"] = "null"
    currency: Literal["text", "object"] = "text"
    flags: Literal["number", "boolean"] = "number"
    tags: Literal["text", "list"] = "text"
    activity_links: Literal["contact", "primaryContact"] = "contact"
    numbers_as_text: float = 0.0
    error_keys: Literal["lower", "capitalised"] = "lower"
    catalogue: Literal["v3", "module/v4", "v1", "none"] = "v3"
    options: Literal["values", "valuesMeta", "mappedDependency", "url"] = "values"
    pipelines: Literal["given", "missing"] = "given"
    limit: int | None = 1500
    limit_seconds: float = 3600.0
    retry_after: bool = False
    latency: float = 0.0
    expired_status: Literal[401, 200] = 401
    key_lasts: int | None = None
    forbidden: tuple[str, ...] = ()

    @property
    def is_repeatable(self):
        """Whether a record is written in the same form each time."""
        drawn = {self.missing, self.empty_relation, self.relation_form} & {"random"}
        return not drawn and not self.numbers_as_text and self.timestamps != "mixed"

    def __post_init__(self):
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name}={getattr(self, name)!r}: expected one of {allowed}")

    @property
    def resolution(self):
        """Seconds below which a date as written may differ from the truth (rounded down)."""
        return 60 if self.timestamps in {"v3", "mixed"} else 1

    def __str__(self):
        """Name what differs from the measured account, for a failing test to show."""
        usual = Behaviour()
        shown = {f.name: getattr(self, f.name) for f in fields(self)}
        shown = {name: value for name, value in shown.items() if value != getattr(usual, name)}
        return ", ".join(f"{name}={value!r}" for name, value in shown.items()) or "measured"


_CHOICES = {
    name: get_args(hint) for name, hint in get_type_hints(Behaviour).items() if get_origin(hint) is Literal
}

_MEASURED = Behaviour()
_KIND = Behaviour(
    order="stable",
    id_rules="supported",
    created_until="supported",
    deleted_rule="supported",
    unknown_rules="ignored",
    activity_totals="as others",
    relations="always",
)
BEHAVIOURS = {
    "measured": _MEASURED,
    "kind": _KIND,
    "milliseconds": replace(_MEASURED, timestamps="milliseconds"),
    "v3 dates": replace(_MEASURED, timestamps="v3", order="stable", created_until="supported"),
    "mixed dates": replace(_MEASURED, timestamps="mixed", order="stable"),
    "ids supported": replace(_MEASURED, id_rules="supported", order="stable"),
    "ids ignored": replace(_MEASURED, id_rules="ignored", unknown_rules="ignored"),
    "windows only": replace(_MEASURED, created_until="supported"),
    "everything refused": replace(
        _MEASURED,
        created_after="refused",
        epoch_rule="refused",
        modified_after="refused",
        other_rules="refused",
        refusal="random",
    ),
    "everything ignored": replace(
        _MEASURED,
        id_rules="ignored",
        created_after="ignored",
        epoch_rule="ignored",
        created_until="ignored",
        modified_after="ignored",
        other_rules="ignored",
        deleted_rule="ignored",
        unknown_rules="ignored",
        order="stable",
    ),
    "failures with 200": replace(_MEASURED, refusal="200", expired_status=200),
    "no totals": replace(_MEASURED, totals="missing", activity_totals="missing"),
    "no totals, stable": replace(_MEASURED, totals="missing", activity_totals="missing", order="stable"),
    "newest first": replace(_MEASURED, order="newest first always", modified_after="ignored"),
    "ties in any order": replace(_MEASURED, order="stable within createdAt only"),
    "independent passes": replace(_MEASURED, lost_again=1.0),
    "shuffled": replace(_MEASURED, order="shuffled"),
    "other forms": replace(
        _MEASURED,
        order="stable",
        relation_keys="flat",
        empty_relation="random",
        missing="random",
        currency="object",
        flags="boolean",
        tags="list",
        activity_links="primaryContact",
        numbers_as_text=0.3,
        empty_list="null",
        catalogue="module/v4",
        options="valuesMeta",
    ),
}

_WEIGHTS = {  # what the facts make likelier is drawn oftener
    "timestamps": {
        "seconds": 4,
        "milliseconds": 1,
        "text seconds": 1,
        "text milliseconds": 1,
        "ISO": 1,
        "ISO offset": 1,
        "v3": 1,
        "mixed": 1,
    },
    "order": {"unstable": 3, "stable": 3, "stable within createdAt only": 2, "newest first always": 2},
    "activity_order": {"unstable": 1, "stable": 4, "newest first always": 1},
    "id_rules": {"refused": 3, "supported": 1, "ignored": 1},
    "refusal": dict.fromkeys(("400", "403", "422", "500", "200", "random"), 1),
    "totals": {"right": 6, "missing": 2, "text": 2, "zero": 1, "lagging": 1, "page": 1},
    "relation_keys": {"camel": 4, "capitalised": 1, "flat": 1},
}
_FREE = (  # drawn evenly from all their values
    *("stable_with", "created_after", "epoch_rule", "created_until", "minute_edge", "modified_after"),
    *("other_rules", "deleted_rule", "unknown_rules", "activity_totals", "empty_list", "relations"),
    *("empty_relation", "missing", "currency", "flags", "tags", "activity_links", "error_keys", "catalogue"),
    *("options", "pipelines", "expired_status"),
)


def random_behaviour(seed, *, decidable=True):
    """Draw a mixture of behaviours.

    Left out, since no client could find the truth by a search alone: relations as bare ids, dates in an
    unnamed zone, and servers that ignore `rows` and `from`. Speed and limits stay as measured.

    Parameters
    ----------
    seed
        What makes the draw repeatable.
    decidable
        Whether an unstable order always comes with totals that count the rows, exactly: without
        one, nobody can know for certain that united passes hold every row.

    Returns
    -------
    Behaviour
        The mixture; ``str()`` of it names what differs from the measured account.
    """
    rng = random.Random(f"behaviour {seed}")
    drawn = {}
    for name, weights in _WEIGHTS.items():
        [drawn[name]] = rng.choices(list(weights), list(weights.values()))
    drawn |= {name: rng.choice(_CHOICES[name]) for name in _FREE}
    drawn["row_cap"] = rng.choice((250, 250, 250, 100, 40))
    drawn["lost_again"] = rng.choice((0.1, 1.0))
    drawn["disorder"] = rng.choice((0.0, 0.0, 0.9))
    drawn["numbers_as_text"] = rng.choice((0.0, 0.0, 0.3, 1.0))
    drawn["total_lag"] = rng.choice((1, 3, -2))
    drawn["retry_after"] = rng.random() < 0.5
    if decidable:
        if drawn["order"] in {"unstable", "stable within createdAt only"}:
            drawn["totals"] = rng.choice(("right", "text"))
        if drawn["activity_order"] == "unstable":
            drawn["totals"] = rng.choice(("right", "text"))
            drawn["activity_totals"] = "as others"
    return Behaviour(**drawn)
