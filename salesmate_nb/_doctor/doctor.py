"""The doctor: examines one account, from who is connected to how values are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from salesmate_nb._api.client import ApiClient
from salesmate_nb._api.rate_limit import RateLimiter
from salesmate_nb._api.response import find_rows
from salesmate_nb._auth.current_user import CurrentUser
from salesmate_nb._doctor.diagnosis import Diagnosis, versions
from salesmate_nb._doctor.forms import flag_forms, list_forms
from salesmate_nb._doctor.pages import first_page, sort_by_id, total_in_words
from salesmate_nb._doctor.probes import Probes, error_name
from salesmate_nb._doctor.rules import RuleTrials
from salesmate_nb._search.search import Record, SearchPage, SearchRequest
from salesmate_nb.errors import ConnectionFailed, LoginRequired, NotFound, SalesmateError
from salesmate_nb.resources import DEALS, RESOURCES
from salesmate_nb.resources.users import USERS_PATH
from salesmate_nb.settings import COPY_THE_KEY, Settings


class Doctor:
    """Examines one account once.

    Whatever a server refuses is a finding. A login that is not accepted, a workspace that does not exist, or
    no connection ends the examination, with what was found so far.

    Parameters
    ----------
    api_client : ApiClient
        Makes authorized requests.
    settings : Settings
        The account.
    limiter : RateLimiter
        Counts the requests.
    earlier : mapping of str to str
        What earlier reads found that the server supports.
    learn : callable
        Called with the list of users, which shows who is connected.
    """

    def __init__(
        self,
        api_client: ApiClient,
        settings: Settings,
        limiter: RateLimiter,
        *,
        earlier: Mapping[str, str],
        learn: Callable[[list[Any]], None],
    ) -> None:
        self._settings = settings
        self._limiter = limiter
        self._earlier = earlier
        self._learn = learn
        self._is_v4 = settings.linkname is not None
        self._probes = Probes(api_client, is_v4=self._is_v4)
        self._user, self._zone, self._flags = "not known", "that of this user is not known", "not seen"
        self._search: dict[str, str] = {}
        self._totals: dict[str, str] = {}
        self._records: list[Record] = []

    def diagnose(self, problem: SalesmateError | None = None) -> Diagnosis:
        """Make the requests, and return what they show.

        Parameters
        ----------
        problem : SalesmateError, optional
            Why no request can be made.
        """
        before = self._limiter.request_count
        try:
            if problem is None:
                self._examine()
        except (LoginRequired, ConnectionFailed, NotFound) as err:
            problem = err
        return Diagnosis(
            connection=self._connection(problem),
            search=self._search,
            totals=self._totals,
            formats={**list_forms(self._records), "flags": self._flags} if self._totals else {},
            earlier=self._earlier,
            versions=versions(),
            requests=self._limiter.request_count - before,
            problem=problem,
        )

    def _examine(self) -> None:
        if self._is_v4:
            self._find_user()
        found, deals = first_page(self._probes, has_rules=self._is_v4)
        self._search |= found
        self._count("deals", deals)
        trials = None
        if isinstance(deals, SearchPage):
            self._search["sort by id"] = sort_by_id(self._probes, deals)
            if self._is_v4:
                trials = RuleTrials(self._probes, deals, ZoneInfo(self._settings.zone))
                self._search |= trials.all()
        for resource in RESOURCES.values() if self._is_v4 else ():
            if resource is not DEALS:
                few = SearchRequest(resource=resource, fields=("id", "createdAt"), rows=2)
                self._count(resource.name, self._probes.search(few))
        if trials and self._search["createdAt, both ends"] != "applied":
            self._search["createdAt, BETWEEN"] = trials.within("BETWEEN")

    def _find_user(self) -> None:
        """Find out who is connected, and how the list of users writes true and false."""
        response = self._probes.get(USERS_PATH)
        if isinstance(response, str):
            self._user = f"not known: the list of users is {response}"
            return
        users = [user for user in find_rows(response) or [] if isinstance(user, dict)]
        self._learn(users)
        self._flags = flag_forms(users, "isActive")
        user = CurrentUser.from_users(users)
        self._user = user.name or "not known: the list of users does not show it"
        self._zone = _zone_in_words(user.timezone)

    def _count(self, name: str, page: SearchPage | str) -> None:
        self._totals[name] = total_in_words(page, self._probes.last_response)
        self._records += [] if isinstance(page, str) else page.records

    def _connection(self, problem: SalesmateError | None) -> dict[str, str]:
        settings, limiter = self._settings, self._limiter
        is_other = settings.api_url != f"https://{settings.linkname or 'api'}.salesmate.io"
        found = {
            "login": "Session Key" if settings.session_key else "OAuth" if settings.client_id else "nobody",
            "API": ("v4" if self._is_v4 else "v1") + (", at another address" if is_other else ""),
            "who": self._user if self._is_v4 else "not known: requires SALESMATE_LINKNAME",
            "time zone": f"{settings.timezone or 'none'} in the settings, {self._zone}",
            "API calls left": f"{limiter.remaining:,} of {limiter.calls_per_hour:,} this hour",
        }
        return found if problem is None else {"problem": _problem_in_words(problem, settings), **found}


def _problem_in_words(problem: SalesmateError, settings: Settings) -> str:
    """Return what happened and what to do, without the host and the server's own message."""
    if isinstance(problem, ConnectionFailed):
        return "No response came. Check the network, SALESMATE_API_URL and SALESMATE_LINKNAME."
    if isinstance(problem, NotFound):
        return "The workspace does not exist (NoSuchLinkExist). Check SALESMATE_LINKNAME."
    name = error_name(getattr(problem, "code", None))
    words = f" ({name.strip()})" if name else ""
    if settings.session_key:
        what = "has expired" if "has expired" in str(problem) else "was not accepted"
        return f"The Session Key {what}{words}. {COPY_THE_KEY}"
    v4 = " No public client is known to use OAuth with the v4 API; a Session Key works." if words else ""
    return f"Not logged in, or the login was not accepted{words}. Run `salesmate-nb login`.{v4}"


def _zone_in_words(name: str) -> str:
    if not name:
        return "that of this user is not known"
    try:
        return f"{ZoneInfo(name)} of this user"
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "that of this user is not an IANA name"
