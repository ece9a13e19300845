"""Field catalog: the account's own fields, from the first path that lists them, else from a record."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from salesmate_nb._api.response import unwrap
from salesmate_nb._base.warn import warn
from salesmate_nb._search.field_entries import ResourceFields, entries_of, fields_of_record, parse_catalog
from salesmate_nb._search.pipelines import Pipelines
from salesmate_nb._search.search import Record, RequestFunction, SearchRequest, record_id, search_v4
from salesmate_nb.errors import ApiError, BadResponse, RateLimited
from salesmate_nb.resources.base import Resource, is_custom

log = logging.getLogger("salesmate_nb")

_ALL_FIELDS = "v3"  # the path that lists the fields of all resources
_PATHS = {
    _ALL_FIELDS: "apis/v3/fields/getAllVisibleFields",
    "v4": "apis/module/v4/{number}/fields",
    "v1": "apis/v1/modules/{number}/fields",
}
NO_PATH = "none"
_RENEWED_AFTER = 3600.0  # seconds


class FieldCatalog:
    """The fields of all resources of an account, requested once an hour.

    Three paths are known, from other connectors only: v3 lists the fields of all resources, v4 and v1 those
    of one. They are tried in this order. If the server supports none of them, the custom fields of the
    newest record are used under their API names, and a warning is shown. Transient errors are raised
    instead, because column names would change from read to read.

    Parameters
    ----------
    clock : callable, optional
        Returns seconds that only rise.

    Attributes
    ----------
    pipelines : Pipelines
        The order of pipelines and stages, which is requested as often.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._is_first = True
        self._unlisted: set[str] = set()  # custom fields that records show, and the catalog lacks
        self._never_listed: set[str] = set()  # those that it lacked again
        self._begin()

    def _begin(self) -> None:
        """Begin with nothing, so that everything is requested when it is needed."""
        self.pipelines = Pipelines()
        self._asked_at = self._clock()
        self._all_fields: Any = None
        self._payloads: dict[str, tuple[str, Any]] = {}
        self._cache: dict[str, ResourceFields] = {}

    def _forget(self) -> None:
        """Forget what was requested, and what reads before knew of the newest record."""
        self._is_first = False
        self._never_listed |= self._unlisted
        self._unlisted = set()
        self._begin()

    def notice(self, resource: Resource, records: Sequence[Record]) -> None:
        """Take note of custom fields that records show, though the catalog lacks them."""
        known = self._cache.get(resource.name)
        if known is None or not known.is_complete:
            return
        listed = {each.path.partition(".")[0] for each in known.fields}
        shown = {name.partition(".")[0] for name in set[str]().union(*records)}
        self._unlisted |= {name for name in shown - listed if is_custom(name)} - self._never_listed

    def renew(self) -> bool:
        """Forget the catalog if records showed fields that it lacks, and return whether they did.

        A field that it lacks still is no reason to request it again within the hour.
        """
        is_outdated = bool(self._unlisted)
        if is_outdated:
            self._forget()
        return is_outdated

    def of(
        self,
        resource: Resource,
        call: RequestFunction,
        *,
        path: str = "",
        record_fields: Sequence[str] = (),
        needs_epoch: bool = False,
    ) -> ResourceFields:
        """Return the fields of a resource.

        Parameters
        ----------
        resource : Resource
            Which resource.
        call : callable
            Makes one API request.
        path : str
            The path that listed them last time, which is tried first; after ``"none"``, only v3 is tried.
        record_fields : sequence of str
            What the newest record had last time, in the API's names; after an hour, it is read again.
        needs_epoch : bool
            Whether a search with an empty list of rules is known to be refused.

        Raises
        ------
        SalesmateError
            If a request fails with a transient error, or the newest record cannot be requested either.
        """
        if self._clock() - self._asked_at > _RENEWED_AFTER:
            self._never_listed = set()
            self._forget()
        if resource.name not in self._cache:
            record_fields = record_fields if self._is_first else ()
            try:
                path, payload = self._list(resource, call, path)
            except ApiError as err:
                if err.is_transient:
                    raise
                found = _without_list(resource, call, record_fields, needs_epoch=needs_epoch)
                warn(
                    "Custom columns use the API's field names, and custom fields that the newest record "
                    f"lacks are missing, because the field catalog cannot be read: {err}"
                )
            else:
                found = replace(parse_catalog(payload, resource), path=path)
            self._cache[resource.name] = found
        return self._cache[resource.name]

    def payload(self, resource: Resource, call: RequestFunction) -> Any:
        """Return the first response that lists the fields of a resource, as the server sent it.

        Raises
        ------
        ApiError
            If none of the paths returns a list; the error is that of the first.
        """
        return self._list(resource, call)[1]

    def _list(self, resource: Resource, call: RequestFunction, known: str = "") -> tuple[str, Any]:
        """Return the path that lists the fields of a resource, and its response."""
        if resource.name not in self._payloads:
            self._payloads[resource.name] = self._first_list(resource, call, known)
        return self._payloads[resource.name]

    def _first_list(self, resource: Resource, call: RequestFunction, known: str) -> tuple[str, Any]:
        failures = []
        paths = [_ALL_FIELDS] if known == NO_PATH else sorted(_PATHS, key=lambda path: path != known)
        for path in paths:
            try:
                payload = self._request(path, resource, call)
                entries_of(payload, resource)
            except ApiError as err:
                if err.is_transient:
                    raise
                failures.append(err)
            else:
                return path, payload
        raise failures[0]

    def _request(self, path: str, resource: Resource, call: RequestFunction) -> Any:
        """Return a response; that of the path for all resources is kept, and so is its refusal."""
        if path != _ALL_FIELDS:
            return call("GET", _PATHS[path].format(number=resource.number))
        if self._all_fields is None:
            try:
                self._all_fields = call("GET", _PATHS[path])
            except ApiError as err:
                if err.is_transient:
                    raise
                self._all_fields = err
        if isinstance(self._all_fields, ApiError):
            raise self._all_fields
        return self._all_fields


def _without_list(
    resource: Resource, call: RequestFunction, known: Sequence[str], *, needs_epoch: bool
) -> ResourceFields:
    """Return the fields of the newest record, as it was last time if that is known."""
    if not known:
        request, newest = _newest(call, resource, needs_epoch=needs_epoch)
        known, needs_epoch = list(_whole(call, resource, newest)), bool(request.rules)
    return replace(fields_of_record(known, resource), path=NO_PATH, needs_epoch=needs_epoch)


def _newest(
    call: RequestFunction, resource: Resource, *, needs_epoch: bool
) -> tuple[SearchRequest, list[Record]]:
    """Return the search for the newest record that the server accepted, and that record, if there is one."""
    request = SearchRequest(resource=resource, fields=("id",), rows=1, is_descending=True)
    request = request.unfiltered(by_epoch=needs_epoch)
    try:
        return request, search_v4(call, replace(request, is_probe=True)).records[:1]
    except ApiError as err:
        if isinstance(err, RateLimited | BadResponse):
            raise
        log.info("the server refuses the rules %s: %s", request.rules, err)
    request = request.unfiltered(by_epoch=not needs_epoch)
    return request, search_v4(call, request).records[:1]


def _whole(call: RequestFunction, resource: Resource, newest: list[Record]) -> Record:
    """Return a record that was found with all its fields; with none if there is none, or it is refused."""
    if not newest:
        return {}
    try:
        record = unwrap(call("GET", f"{resource.path}/{record_id(newest[0])}"))
    except ApiError as err:
        if err.is_transient:
            raise
        log.info("custom fields are not read, because the newest record cannot be read: %s", err)
        return {}
    return record if isinstance(record, dict) else {}
