"""The order of pages: kept from page to page, or not, as on the account that was measured."""

from __future__ import annotations

import collections
import random
import threading
from collections.abc import Hashable, Sequence
from functools import partial

from salesmate_nb.sandbox._crm.store import Cut
from salesmate_nb.sandbox.options import Order

_CLASSES = 4  # of rows; one of them moves in each request
_MEASURED_STABLE = frozenset({"activity"})


class PageOrder:
    """Decide which of the sorted rows a page holds; safe to use from many threads.

    If the order is unstable, a page repeats rows of earlier pages in place of some of its own, which come on
    no page of that pass. Measured: two pages of 250 held 315 to 346 of 359 rows. Within a page rows are
    sorted as requested. A quarter of the rows is affected in one request for a page, another quarter in the
    next one, so two or three passes together hold every row. The same requests get the same pages, whatever
    the order in which they arrive.

    Parameters
    ----------
    order : {"unstable", "stable", "newest first"}
        Whether the order is kept.
    seed : int
        Which rows move where.

    Examples
    --------
    >>> cut = PageOrder("unstable", seed=0).cut("deal", "all")
    >>> first, second = cut(range(20), 0, 10), cut(range(20), 10, 10)
    >>> len(set(first)), len({*first, *second}) < 20
    (10, True)
    """

    def __init__(self, order: Order, seed: int) -> None:
        self._is_stable = order != "unstable"
        self._seed = seed
        self._lock = threading.Lock()
        self._requests: collections.Counter[Hashable] = collections.Counter()

    def cut(self, resource: str, search: str) -> Cut | None:
        """Return the function that cuts a page out of the sorted ids; None to cut them as they are.

        Parameters
        ----------
        resource : str
            Its name, such as ``deal``.
        search : str
            The same for searches that match the same records.
        """
        if self._is_stable or resource in _MEASURED_STABLE:
            return None
        return partial(self._cut, (resource, search))

    def _cut(self, search: Hashable, ids: Sequence[int], offset: int, rows: int) -> list[int]:
        with self._lock:
            count = self._requests[search, offset]
            self._requests[search, offset] += 1
        places = range(min(offset, len(ids)), min(offset + rows, len(ids)))
        affected = [place for place in range(places.stop) if _class(ids[place]) == count % _CLASSES]
        own = [place for place in affected if place >= places.start]
        draw = random.Random(f"{self._seed} {offset} {count}")  # noqa: S311 - no secrets
        taken_from = dict(zip(own, draw.sample(affected, len(own)), strict=True))
        return [ids[place] for place in sorted(taken_from.get(place, place) for place in places)]


def _class(record_id: int) -> int:
    return (record_id * 2_654_435_761 >> 16) % _CLASSES
