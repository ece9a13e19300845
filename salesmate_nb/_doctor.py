"""The doctor: what a server supports and which formats it sends, found by a few requests, for bug reports."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import platform
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import pyarrow as pa

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.response import find_rows
from salesmate_nb._api.waiting import Waiter
from salesmate_nb._frames.forms import SECONDS_BELOW, flag_forms, list_forms, number_of
from salesmate_nb._frames.parsing import MISSING, parse_datetime
from salesmate_nb._search.search import (
    PAGE,
    Record,
    Rule,
    SearchPage,
    SearchRequest,
    list_v1,
    record_id,
    search_v4,
)
from salesmate_nb.errors import ApiError, BadResponse, RateLimited
from salesmate_nb.resources import DEALS, RESOURCES
from salesmate_nb.resources.users import USERS_PATH
from salesmate_nb.settings import Settings

MAX_REQUESTS = 12

_FIELDS = (  # none of a customer's texts or amounts
    *("id", "createdAt", "lastModifiedAt", "estimatedCloseDate", "currency"),
    *("owner.id", "owner.name", "primaryContact.id", "primaryContact.name"),
)
_EPOCH_RULE = Rule("IS_AFTER", "createdAt", "Created At", "DateTime", "Jan 01, 1970 05:30 AM")
_MARGIN = dt.timedelta(hours=26)  # more than any two time zones differ: a rule may be read in another zone
_FEW = 4  # deals that are too few to show an order
_ABOUT = 100  # from here on, totals are rounded to two digits
_NAME = re.compile(r"[A-Za-z]{1,40}|[0-9]{4}")  # a server's name of an error, and no text of a customer


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What the doctor found, by section; holds no secret, and of customers neither texts, ids nor amounts.

    Parameters
    ----------
    connection : mapping of str to str
        Login, API, the user's own name, time zone, and API calls left.
    search : mapping of str to str
        What the search for deals supports.
    totals : mapping of str to str
        For each resource, whether the server counts it; numbers are rounded.
    formats : mapping of str to str
        How values are written.
    versions : mapping of str to str
        Of this package, Python and what frames depend on.
    requests : int
        API requests that this took, 12 at most.
    """

    connection: Mapping[str, str]
    search: Mapping[str, str]
    totals: Mapping[str, str]
    formats: Mapping[str, str]
    versions: Mapping[str, str]
    requests: int

    def __repr__(self) -> str:
        sections = {
            f"Salesmate doctor: {self.requests} requests": self.connection,
            "search for deals": self.search,
            "totals": self.totals,
            "formats": self.formats,
            "versions": self.versions,
        }
        lines = []
        for title, findings in sections.items():
            lines += [title, *(f"  {name:<22} {finding}" for name, finding in findings.items())]
        return "\n".join(lines)


class Doctor:
    """Examines one account by at most `MAX_REQUESTS` requests, none of which is repeated.

    Whatever a server refuses is a finding. Only a login that is not accepted, or no connection, is an error.

    Parameters
    ----------
    api_client : ApiClient
        Makes authorized requests.
    settings : Settings
        The account.
    limiter : RateLimiter
        Counts the requests.
    """

    def __init__(self, api_client: ApiClient, settings: Settings, limiter: RateLimiter) -> None:
        self._api_client = api_client
        self._settings = settings
        self._limiter = limiter
        self._zone = ZoneInfo(settings.timezone or "UTC")
        self._left = MAX_REQUESTS
        self._payload: Any = None

    def diagnose(self) -> Diagnosis:
        """Make the requests, and return what they show.

        Raises
        ------
        LoginRequired, ConnectionFailed
            If the login is not accepted, or no response comes.
        """
        before = self._limiter.request_count
        self._left, is_v4 = MAX_REQUESTS, self._settings.linkname is not None
        user, flags = (
            self._current_user() if is_v4 else ("not known: requires SALESMATE_LINKNAME", "not seen")
        )
        search, deals = self._first_page()
        totals = {"deals": deals if isinstance(deals, str) else self._total_of(deals)}
        records = [] if isinstance(deals, str) else list(deals.records)
        if isinstance(deals, SearchPage):
            search["sort by id"] = self._sort(deals)
            if is_v4:
                search |= self._rules(deals)
        for resource in RESOURCES.values() if is_v4 else ():
            if resource is not DEALS:
                page = self._search(SearchRequest(resource=resource, fields=("id", "createdAt"), rows=2))
                totals[resource.name] = page if isinstance(page, str) else self._total_of(page)
                records += [] if isinstance(page, str) else page.records
        if isinstance(deals, SearchPage) and is_v4 and search["createdAt, both ends"] != "applied":
            search["createdAt, BETWEEN"] = self._between(deals)
        return Diagnosis(
            connection=self._connection(user),
            search=search,
            totals=totals,
            formats={**list_forms(records), "flags": flags},
            versions=_versions(),
            requests=self._limiter.request_count - before,
        )

    def _call(self, method: str, path: str, **options: Any) -> Any:
        """Send one request, without retries and without waiting for the rate limit."""
        self._left -= 1
        once = {**options, "idempotent": False, "waiter": Waiter(0.0)}
        self._payload = self._api_client.request(method, path, **once)
        return self._payload

    def _search(self, request: SearchRequest) -> SearchPage | str:
        """Return a page, or what came instead of one."""
        if self._left <= 0:
            return "not tried"
        try:
            return (search_v4 if self._settings.linkname else list_v1)(self._call, request)
        except ApiError as err:
            return _refusal(err)

    def _connection(self, user: Record | str) -> dict[str, str]:
        settings = self._settings
        regular = f"https://{settings.linkname or 'api'}.salesmate.io"
        is_other = settings.api_url != regular
        return {
            "login": "key" if settings.access_token else "OAuth",
            "API": ("v4" if settings.linkname else "v1") + (", at another address" if is_other else ""),
            "who": user if isinstance(user, str) else _name(user),
            "time zone": f"{settings.timezone or 'none'} in the settings, {_zone(user)}",
            "API calls left": f"{self._limiter.remaining:,} of {self._limiter.calls_per_hour:,} this hour",
        }

    def _current_user(self) -> tuple[Record | str, str]:
        """Return the user of this login, or why it is not known, and how the list writes true and false."""
        try:
            rows = find_rows(self._call("GET", USERS_PATH)) or []
        except ApiError as err:
            return f"not known: the list of users is {_refusal(err)}", "not seen"
        users = [user for user in rows if isinstance(user, dict)]
        flags = flag_forms(users, "isActive")
        current = [user for user in users if str(user.get("isCurrentUser")).lower() in {"1", "true"}]
        return (current[0] if current else "not known: the list of users does not show it"), flags

    def _first_page(self) -> tuple[dict[str, str], SearchPage | str]:
        """Return what the first page of deals shows, and the page or what came instead."""
        every = SearchRequest(resource=DEALS, fields=_FIELDS, rows=PAGE + 1)
        found: dict[str, str] = {}
        page = self._search(every)
        found["rules: []"] = _if_page(page, "all rows")
        if isinstance(page, str):  # because of the rows, or because of the rules
            found["rows in a page"] = f"{PAGE + 1} are {page}"
            page = self._search(replace(every, rows=PAGE))
            found["rules: []"] = _if_page(page, "all rows")
        else:
            found["rows in a page"] = _rows_in_a_page(page)
        if isinstance(page, str) and self._settings.linkname:
            page = self._search(replace(every, rules=(_EPOCH_RULE,), rows=PAGE))
            found["rule of 1970"] = _if_page(page, "all rows")
        return found, page

    def _sort(self, page: SearchPage) -> str:
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
            request = SearchRequest(resource=DEALS, fields=("id",), rows=rows, offset=start)
            second = self._search(request)
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

    def _rules(self, base: SearchPage) -> dict[str, str]:
        """Try each rule on the deals; the first page shows which records it must leave out."""
        every = SearchRequest(resource=DEALS, fields=("id", "createdAt", "lastModifiedAt"))
        found = {}
        try:
            middle = sorted(map(record_id, base.records))[(len(base.records) - 1) // 2]
            found["rule on id"] = self._verdict(
                base, every.above(middle), lambda record: record_id(record) <= middle
            )
        except (BadResponse, IndexError):
            found["rule on id"] = "not tried: an id is not a number"
        found["createdAt, one end"] = self._after(base, every, "createdAt")
        found["createdAt, both ends"] = self._inside(base, every, _between_rules)
        found["lastModifiedAt"] = self._after(base, every, "lastModifiedAt")
        epoch = self._search(replace(every, rules=(_EPOCH_RULE,), rows=1))
        if isinstance(epoch, SearchPage) and epoch.total and base.total and epoch.total < base.total:
            found["rule of 1970"] = "fewer rows than without"
        else:
            found["rule of 1970"] = _if_page(epoch, "all rows")
        return found

    def _after(self, base: SearchPage, every: SearchRequest, path: str) -> str:
        times = self._times(base.records, path)
        if len(times) < 2:  # noqa: PLR2004 - a range has two ends
            return "not tried: no dates can be read"
        middle = times[0] + (times[-1] - times[0]) / 2
        rule = _after_rule(every, middle, self._zone)._replace(path=path)

        def is_outside(record: Record) -> bool:
            return any(time < middle - _MARGIN for time in self._times([record], path))

        return self._verdict(base, replace(every, rules=(rule,)), is_outside)

    def _inside(
        self, base: SearchPage, every: SearchRequest, rules: Callable[[Rule, Rule], tuple[Rule, ...]]
    ) -> str:
        times = self._times(base.records, "createdAt")
        if len(times) < 2:  # noqa: PLR2004 - a range has two ends
            return "not tried: no dates can be read"
        quarter = (times[-1] - times[0]) / 4
        low, high = times[0] + quarter, times[-1] - quarter
        ends = (_after_rule(every, low, self._zone), _after_rule(every, high, self._zone))

        def is_outside(record: Record) -> bool:
            found = self._times([record], "createdAt")
            return any(time < low - _MARGIN or time > high + _MARGIN for time in found)

        return self._verdict(base, replace(every, rules=rules(*ends)), is_outside)

    def _between(self, base: SearchPage) -> str:
        every = SearchRequest(resource=DEALS, fields=("id", "createdAt"))
        return self._inside(
            base, every, lambda low, high: (low._replace(condition="BETWEEN", data=[low.data, high.data]),)
        )

    def _verdict(self, base: SearchPage, request: SearchRequest, is_outside: Callable[[Record], bool]) -> str:
        page = self._search(request)
        if isinstance(page, str):
            return page
        if any(map(is_outside, page.records)):
            return "ignored"
        if not any(map(is_outside, base.records)):
            return "accepted; whether it is applied cannot be seen"
        if not page.records:
            return "accepted, but finds nothing"
        is_counted = page.total is not None and base.total is not None and base.total > len(base.records)
        return "ignored" if is_counted and page.total == base.total else "applied"

    def _times(self, records: Iterable[Record], path: str) -> list[dt.datetime]:
        """Return the times that can be read, sorted."""
        times = []
        for record in records:
            value = record.get(path)
            number = number_of(value)
            if number is not None:
                value = number * 1000 if number < SECONDS_BELOW else number
            try:
                times.append(parse_datetime(value, self._zone))
            except (ValueError, OverflowError):
                continue
        return sorted(times)

    def _total_of(self, page: SearchPage) -> str:
        """Return how the server counts, by the response that came last."""
        data = self._payload.get("Data", self._payload) if isinstance(self._payload, dict) else None
        text = ", as text" if isinstance(data, dict) and isinstance(data.get("totalRows"), str) else ""
        if page.total is None:
            return "not given"
        if page.total < len(page.records):
            return f"too small{text}: less than one page"
        about = f"about {_rounded(page.total):,}" if page.total >= _ABOUT else f"fewer than {_ABOUT}"
        return f"{about}{text}"


def _between_rules(low: Rule, high: Rule) -> tuple[Rule, ...]:
    return low, high._replace(condition="IS_BEFORE")


def _after_rule(every: SearchRequest, time: dt.datetime, zone: ZoneInfo) -> Rule:
    return every.created_from(time, zone).rules[-1]


def _if_page(page: SearchPage | str, finding: str) -> str:
    return page if isinstance(page, str) else finding


def _refusal(err: ApiError) -> str:
    """Return in words why there is no page, without the server's own message."""
    if isinstance(err, RateLimited):
        return "refused: the hourly limit is reached"
    if isinstance(err, BadResponse):
        return "not readable: no list of records came"
    name = f" {err.code}" if _NAME.fullmatch(err.code or "") else ""
    return f"refused (HTTP {err.status}{name})"


def _rows_in_a_page(page: SearchPage) -> str:
    count = len(page.records)
    if count > PAGE:
        return f"more than {PAGE}"
    if count == PAGE or (page.total or 0) > count:
        return f"{count} at most"
    return "not seen: too few deals"


def _rounded(number: int) -> int:
    return round(number, 2 - len(str(number)))


def _name(user: Record) -> str:
    name = user.get("name") or " ".join(str(user.get(part) or "") for part in ("firstName", "lastName"))
    return "".join(filter(str.isprintable, str(name))).strip()[:60] or "a user without a name"


def _zone(user: Record | str) -> str:
    name = None if isinstance(user, str) else user.get("timezone")
    if name in MISSING:
        return "that of this user is not known"
    try:
        return f"{ZoneInfo(str(name))} of this user"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "that of this user is not an IANA name"


def _versions() -> dict[str, str]:
    try:
        own = importlib.metadata.version("salesmate-nb")
    except importlib.metadata.PackageNotFoundError:
        own = "not installed, imported from a folder"
    return {
        "salesmate_nb": own,
        "Python": f"{platform.python_version()} on {platform.system()}",
        "pandas": pd.__version__,
        "pyarrow": pa.__version__,
    }
