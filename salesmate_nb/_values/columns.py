"""Names of columns that a person writes: which columns were probably meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Sequence

from salesmate_nb._values.text import comparable

_WORD = re.compile(r"[A-Z]?[^\W_A-Z]+|[A-Z]+")  # of close_date, closeDate and "Close Date"
_ALSO: dict[str, tuple[str, ...]] = {  # the words of columns that a word may stand for, beside itself
    **dict.fromkeys(("amount", "price", "worth", "revenue", "sum"), ("value",)),
    **dict.fromkeys(("updated", "changed", "edited"), ("modified",)),
    **dict.fromkeys(("close", "closing", "closedate"), ("close", "closed")),
    **dict.fromkeys(("won", "lost"), ("closed",)),
    **dict.fromkeys(("expected", "forecast", "planned", "target"), ("estimated",)),
    **dict.fromkeys(("customer", "client", "account", "organization"), ("company",)),
    **dict.fromkeys(("rep", "user", "salesperson", "assignee", "seller", "agent"), ("owner",)),
    **dict.fromkeys(("name", "subject"), ("title",)),
    **dict.fromkeys(("note", "notes", "comment", "comments"), ("description",)),
    **dict.fromkeys(("prob", "chance", "likelihood"), ("probability",)),
    **dict.fromkeys(("phase", "step"), ("stage",)),
    **dict.fromkeys(("tag", "label", "labels"), ("tags",)),
    **dict.fromkeys(("tel", "telephone", "cell"), ("phone", "mobile")),
    **dict.fromkeys(("job", "position", "role"), ("designation",)),
    **dict.fromkeys(("done", "finished"), ("completed",)),
    **dict.fromkeys(("url", "web", "homepage"), ("website",)),
    **dict.fromkeys(("origin", "channel"), ("source",)),
    "size": ("employees", "value"),
    "title": ("designation",),
    "creation": ("created",),
    "person": ("contact",),
    "loss": ("lost",),
    "deal": ("related",),
}
_OF_RECORDS = {"deal", "company", "contact", "activity", "record", "sales", "lead"}
_ADDED = _OF_RECORDS | {"date", "time", "at", "on", "name", "code", "title", "e"}
"""Words that a column need not have."""

_MOST = 2
_ALIKE = 0.75  # how much of two words, or names, must be the same


def meant_columns(wanted: str, there_are: Iterable[str]) -> list[str]:
    """Return the columns that were probably meant, at most two: those with these words, or with synonyms.

    An id is not meant, unless it is named. Of several columns, those with the fewest other words come first.

    Parameters
    ----------
    wanted : str
        What was written; its words may be misspelled.
    there_are : iterable of str
        The columns.

    Examples
    --------
    >>> columns = [
    ...     "id",
    ...     "title",
    ...     "deal_value",
    ...     "owner_id",
    ...     "owner_name",
    ...     "estimated_close_date",
    ...     "closed_date",
    ... ]
    >>> meant_columns("owner", columns), meant_columns("Amount", columns)
    (['owner_name'], ['deal_value'])
    >>> meant_columns("close_date", columns)
    ['closed_date', 'estimated_close_date']
    """
    words_of = {name: _words(name) for name in there_are}
    known = {word for words in words_of.values() for word in words} | _ALSO.keys()
    words = [_spelled(word, known) for word in _words(wanted)]
    for added in (set(), _OF_RECORDS, _ADDED):
        needed = [word for word in words if word not in added]
        if found := _with_words(needed, words_of):
            return found[:1] if words_of[found[0]] == needed else found[:_MOST]
    return difflib.get_close_matches(comparable(wanted), words_of, n=1, cutoff=_ALIKE)


def advice(wanted: str, there_are: Collection[str]) -> str:
    """Return a sentence that names the columns that were probably meant, or all that there are.

    Examples
    --------
    >>> advice("amount", ["id", "deal_value"]), advice("x", ["id", "deal_value"])
    ("Did you mean 'deal_value'?", 'There are: id, deal_value.')
    """
    if "," in wanted:
        return f"Write several as a list: {[name.strip() for name in wanted.split(',')]}."
    meant = " or ".join(map(repr, meant_columns(wanted, there_are)))
    return f"Did you mean {meant}?" if meant else f"There are: {', '.join(there_are)}."


def _with_words(needed: Sequence[str], words_of: dict[str, list[str]]) -> list[str]:
    """Return the columns that have each of these words, or another one for it; the shortest first."""
    found = [
        name
        for name, words in words_of.items()
        if needed
        and all({word, *_ALSO.get(word, ())} & {*words} for word in needed)
        and ("id" in needed or "id" not in words)
    ]
    return sorted(found, key=lambda name: (len(words_of[name]), not {*needed} <= {*words_of[name]}))


def _words(name: str) -> list[str]:
    return [comparable(word) for word in _WORD.findall(name)]


def _spelled(word: str, known: Collection[str]) -> str:
    """Return a word as it is known; itself if no known word is like it."""
    if word in known:
        return word
    as_long = sorted(each for each in known if abs(len(each) - len(word)) <= 1)
    return next(iter(difflib.get_close_matches(word, as_long, n=1, cutoff=_ALIKE)), word)
