"""Pipelines of an account: their stages as records, and the order that these give to deals."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from salesmate_nb._api.response import find_rows
from salesmate_nb._search.search import Record, RequestFunction
from salesmate_nb.errors import ApiError, BadResponse, ConnectionFailed, RateLimited
from salesmate_nb.resources.pipelines import PIPELINES_PATH

log = logging.getLogger("salesmate_nb")


class Pipelines:
    """The order of pipelines and stages, requested once; if that is refused, the order stays as it was."""

    def __init__(self) -> None:
        self._order: Mapping[str, Sequence[str]] | None = None

    def merge_into(
        self, order: Mapping[str, Sequence[str]], call: RequestFunction
    ) -> Mapping[str, Sequence[str]]:
        """Return the order of categories, with pipelines and stages in that of the pipelines.

        Parameters
        ----------
        order : mapping of str to sequence of str
            The order from the field catalog. Its other options of ``pipeline`` and ``stage`` follow those
            of the pipelines.
        call : callable
            Makes one API request; it is called once in the lifetime of this object, without retries.

        Raises
        ------
        RateLimited, LoginRequired
            If no other request would succeed either.
        """
        if self._order is None:
            self._order = _request_order(call)
        merged = {
            name: tuple(dict.fromkeys((*values, *order.get(name, ()))))
            for name, values in self._order.items()
        }
        return {**order, **merged}


def stage_records(payload: Any) -> list[Record]:
    """Return the stages of all pipelines, one record each, in the server's order.

    Parameters
    ----------
    payload : object
        The response: a list of pipelines, each with a list of stages (as three other connectors read it).

    Returns
    -------
    list of dict
        Each with the values of its pipeline and its ``position`` there, from 1. Stages that are not a list
        become one record whose stage cannot be read.

    Raises
    ------
    BadResponse
        If it contains no list of pipelines.

    Examples
    --------
    >>> stage_records([{"pipeline": "Sales", "stages": [{"stage": "New"}]}])
    [{'pipeline': 'Sales', 'stage': 'New', 'position': 1}]
    """
    pipelines = find_rows(payload)
    if pipelines is None or not all(isinstance(pipeline, dict) for pipeline in pipelines):
        raise BadResponse("The response has no list of pipelines. Check SALESMATE_API_URL.")
    records = []
    for pipeline in pipelines:
        shared = {name: value for name, value in pipeline.items() if name != "stages"}
        for position, stage in enumerate(_stages(pipeline.get("stages")), 1):
            records.append({**shared, **stage, "pipeline": pipeline.get("pipeline"), "position": position})
    return records


def stage_order(records: Iterable[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return the names of pipelines and stages in order; a name that occurs twice has its first place.

    Examples
    --------
    >>> stage_order([{"pipeline": "Sales", "stage": "New"}, {"pipeline": "Sales", "stage": "Won"}])
    {'pipeline': ('Sales',), 'stage': ('New', 'Won')}
    """
    names: dict[str, dict[str, None]] = {"pipeline": {}, "stage": {}}
    for record in records:
        for column, seen in names.items():
            if isinstance(name := record.get(column), str) and name:
                seen[name] = None
    return {column: tuple(seen) for column, seen in names.items()}


def _request_order(call: RequestFunction) -> Mapping[str, Sequence[str]]:
    try:
        return stage_order(stage_records(call("GET", PIPELINES_PATH, idempotent=False)))
    except RateLimited:
        raise
    except (ApiError, ConnectionFailed) as err:
        log.info(
            "stages are in the order of the field catalog, because the pipelines cannot be read: %s", err
        )
        return {}


def _stages(stages: Any) -> list[Record]:
    if not stages:
        return []
    if not isinstance(stages, list):
        return [{"stage": {"unreadable": stages}}]
    return [stage if isinstance(stage, dict) else {"stage": stage} for stage in stages]
