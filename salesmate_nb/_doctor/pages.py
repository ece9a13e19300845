"""What pages of deals show: how many rows fit, whether the sort is kept, and how the server counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from salesmate_nb._doctor.probes import Probes
from salesmate_nb._search.search import PAGE, SearchPage, SearchRequest, record_id
from salesmate_nb.errors import BadResponse
from salesmate_nb.resources import DEALS

_FIELDS = (  # none of a customer's texts or amounts
    *("id", "createdAt", "lastModifiedAt", "estimatedCloseDate", "currency"),
    *("owner.id", "owner.name", "primaryContact.id", "primaryContact.name"),
)
_FEW = 4  # deals that are too few to show an order
_ABOUT = 100  # from here on, totals are rounded to two digits


def first_page(probes: Probes, *, has_rules: bool) -> tuple[dict[str, str], SearchPage | str]:
    """Return what the first page of deals shows, and the page or what came instead.

    Parameters
    ----------
    probes : Probes
        Makes one to three requests.
    has_rules : bool
        Whether the API has rules, so that one may be needed to get all deals.
    """
    every = SearchRequest(resource=DEALS, fields=_FIELDS, rows=PAGE + 1)
    found: dict[str, str] = {}
    page = probes.search(every)
    found["rules: []"] = if_page(page, "all rows")
    if isinstance(page, str):  # because of the rows, or because of the rules
        found["rows in a page"] = f"{PAGE + 1} are {page}"
        page = probes.search(replace(every, rows=PAGE))
        found["rules: []"] = if_page(page, "all rows")
    else:
        found["rows in a page"] = _rows_in_a_page(page)
    if isinstance(page, str) and has_rules:
        page = probes.search(replace(every.unfiltered(by_epoch=True), rows=PAGE))
        found["rule of 1970"] = if_page(page, "all rows")
    return found, page


def sort_by_id(probes: Probes, page: SearchPage) -> str:
    """Request a second page that overlaps the first, and return whether both are in one order."""
    try:
        ids = [record_id(record) for record in page.records]
        if len(ids) < _FEW:
            return "not seen: too few deals"
        if ids != sorted(set(ids)):
            return "ignored: a page is in another order"
        is_whole = len(ids) >= (page.total or PAGE) or (not page.total and len(ids) < PAGE)
        rows = len(ids) // 2 + 1 if is_whole else PAGE
        start = rows - 1 if is_whole else len(ids) - 1
        second = probes.search(SearchRequest(resource=DEALS, fields=("id",), rows=rows, offset=start))
        if isinstance(second, str):
            return f"the second page is {second}"
        later = [record_id(record) for record in second.records]
    except BadResponse:
        return "not seen: an id is not a number"
    if later == ids:
        return "not seen: from is ignored, the same page comes again"
    known = ids[start : start + rows]
    is_kept = later[: len(known)] == known[: len(later)] != [] and later == sorted(set(later))
    return "kept between two pages" if is_kept else "not kept between two pages"


def total_in_words(page: SearchPage | str, response: Any) -> str:
    """Return how the server counts records, rounded; or what came instead of a page.

    Parameters
    ----------
    page : SearchPage or str
        A page of records, or in words why there is none.
    response : object
        The JSON that the page is from.

    Examples
    --------
    >>> page = SearchPage(records=[], total=8_765)
    >>> total_in_words(page, {"Data": {"data": [], "totalRows": "8765"}})
    'about 8,800, as text'
    """
    if isinstance(page, str):
        return page
    if page.total is None:
        return "not given"
    data = response.get("Data", response) if isinstance(response, dict) else None
    text = ", as text" if isinstance(data, dict) and isinstance(data.get("totalRows"), str) else ""
    if page.total < len(page.records):
        return f"too small{text}: less than one page"
    rounded = round(page.total, 2 - len(str(page.total)))
    return (f"about {rounded:,}" if page.total >= _ABOUT else f"fewer than {_ABOUT}") + text


def if_page(page: SearchPage | str, finding: str) -> str:
    """Return the finding if a page came, or what came instead."""
    return page if isinstance(page, str) else finding


def _rows_in_a_page(page: SearchPage) -> str:
    count = len(page.records)
    if count > PAGE:
        return f"more than {PAGE}"
    if count == PAGE or (page.total or 0) > count:
        return f"{count} at most"
    return "not seen: too few deals"
