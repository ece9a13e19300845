"""The strategies to try for an API: the registry for new ones."""

from __future__ import annotations

from typing import Literal
from zoneinfo import ZoneInfo

from salesmate_nb._pagination.created.offsets import CreatedOffsets
from salesmate_nb._pagination.created.ranges import RangeStrategy
from salesmate_nb._pagination.open_read import Strategy
from salesmate_nb._pagination.paginators import CreatedWindowPaginator, KeysetPaginator, OffsetPaginator
from salesmate_nb._pagination.parallel_walks import ParallelWalks


def strategies_for(api: Literal["v1", "v4"], zone: ZoneInfo) -> list[Strategy]:
    """Return the strategies to try, the most surely supported first, and of two the cheaper one.

    Parameters
    ----------
    api : {"v1", "v4"}
        The API that is read; v1 takes no sort and no rules, so only offsets work there.
    zone : zoneinfo.ZoneInfo
        The account's time zone.

    Examples
    --------
    >>> [strategy.name for strategy in strategies_for("v4", ZoneInfo("UTC"))][:3]
    ['offsets', 'offsets, list sort', 'offsets by createdAt']
    """
    if api == "v1":
        return [ParallelWalks(OffsetPaginator())]
    return [
        ParallelWalks(OffsetPaginator()),
        ParallelWalks(OffsetPaginator(sorts_by_list=True)),
        CreatedOffsets(zone),
        RangeStrategy(zone, "BETWEEN"),
        RangeStrategy(zone, "IS_BEFORE"),
        CreatedOffsets(zone, is_descending=True),
        ParallelWalks(OffsetPaginator(is_descending=True)),
        ParallelWalks(KeysetPaginator()),
        ParallelWalks(CreatedWindowPaginator(zone)),
    ]
