"""Names of people, stages and columns, as they are written in little space."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd

from salesmate_nb._values.text import visible

MISSING = "(none)"  # the one word for what is not set
_BLANK = "(blank)"  # a name of spaces
LONGEST = 32  # letters


def name_of(value: object, longest: int = LONGEST) -> str:
    """Return the name of a group on one line, shortened with an ellipsis; a missing one as ``(none)``.

    Examples
    --------
    >>> name_of("Ann  Weber"), name_of(None), name_of("Łódź " * 20, 12)
    ('Ann Weber', '(none)', 'Łódź Łódź Ł…')
    """
    text = MISSING if _is_missing(value) else visible(str(value)) or (_BLANK if value else "")
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"


def names_of(column: pd.Series, longest: int = LONGEST) -> list[str]:
    """Return the names of the values of a column."""
    return [name_of(value, longest) for value in column]


def words_of(column: Hashable) -> str:
    """Return the name of a column in words.

    Examples
    --------
    >>> words_of("owner_name"), words_of("deal_value"), words_of("company_billing_country")
    ('owner', 'value', 'company billing country')
    """
    text = str(column)
    return _WORDS.get(text, visible(text.replace("_", " ")))


_WORDS = {
    "owner_name": "owner",
    "deal_value": "value",
    "primary_company_name": "company",
    "primary_contact_name": "contact",
    "estimated_close_date": "close date",
    "closed_date": "closed",
    "created_at": "created",
    "last_modified_at": "modified",
    "last_activity_at": "last activity",
    "quarter_days": "days for 25 %",
    "median_days": "median days",
    "three_quarters_days": "days for 75 %",
    "listed": "deals listed",
}


def _is_missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))
