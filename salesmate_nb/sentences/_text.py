"""Parts of sentences: amounts, shares, lists, and groups by currency."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pandas as pd

from salesmate_nb._wording.names import MISSING, name_of, words_of
from salesmate_nb._wording.numbers import number
from salesmate_nb._wording.ranking import distinct
from salesmate_nb._wording.shown import Sentence

_LARGE = 1e7  # amounts are written in millions
_MOST = 3  # groups of which sentences speak
NAME = 40  # letters


def money(amount: float, currency: str) -> str:
    """Return an amount with its currency.

    Examples
    --------
    >>> money(412_856.4, "EUR"), money(12_345_678, "EUR"), money(7, "(none)")
    ('412,856 EUR', '12.3 million EUR', '7 without currency')
    """
    large = abs(amount) >= _LARGE
    text = f"{number(amount / 1e6, 1)} million" if large else number(amount)
    return f"{text} without currency" if currency == MISSING else f"{text} {currency}"


def person(value: object, by: str) -> str:
    """Return the name of a group as the subject of a sentence.

    Examples
    --------
    >>> person("Ann", "owner_name"), person(None, "owner_name")
    ('Ann', 'deals without owner')
    """
    name = name_of(value, NAME)
    return f"deals without {words_of(by)}" if name == MISSING else name


def sentence(parts: Iterable[str]) -> str:
    """Return sentences as one text; each starts with a capital letter, and empty ones are left out."""
    return " ".join(text[0].upper() + text[1:] for text in parts if text)


def lines(groups: Iterable[Iterable[str]]) -> Sentence:
    """Return a line for each group of sentences."""
    return Sentence("\n".join(filter(None, map(sentence, groups))))


def in_groups(rows: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """Yield the names and the rows of the groups, at most three: those with the most rows in the frame.

    Parameters
    ----------
    rows : pandas.DataFrame
        With ``weight``, which says how much each row counts.
    columns : sequence of str
        The columns to group by; those that the frame has not, are left out.
    """
    groups: list[tuple[dict[str, str], pd.DataFrame]] = [({}, rows)]
    for column in columns:
        if column in rows.columns:
            groups = [
                ({**names, column: name}, part[mask])
                for names, part in groups
                for name, mask in distinct(part[column], NAME)
            ]
    heaviest = sorted(range(len(groups)), key=lambda place: -groups[place][1]["weight"].sum())[:_MOST]
    for place in sorted(heaviest):
        yield groups[place]
