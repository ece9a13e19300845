"""Completeness: whether every row was read, judged by all rows and all totals that arrived."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from salesmate_nb._search.search import SearchPage, SearchRequest, record_id

MOST_PASSES = 8
_QUIET_PASSES = 2  # that bring nothing new; a single one was measured to stop short in 3 % of accounts
_TURNS = 3  # of two totals, in turn, which chance does not explain
_FUTILE_PASSES = 3  # that bring nothing new, though the server counts more


@dataclass
class Completeness:
    """The rows that were read, by whatever strategy, and what the server says about their number.

    Attributes
    ----------
    seen : set of int
        The distinct ids.
    totals : list of int
        The server's totals of all rows: the first one, and each later one that differed.
    is_total_wrong : bool
        Whether a page holds rows that its own total leaves out. Some servers count late, or one page alone.
    cap : int or None
        The number of rows beyond which the server returns and counts none, should there be such a limit.
    reach : int
        The offset after the last row of all pages that were requested without further rules.
    is_unsteady : bool
        Whether totals that were requested one after the other fell and rose, as they do if two servers
        that hold different rows take turns.
    passes : int
        How many repeated passes were made.
    is_ordered : bool
        Whether the rows so far arrived in ascending order of their ids.
    """

    seen: set[int] = field(default_factory=set)
    totals: list[int] = field(default_factory=list)
    is_total_wrong: bool = False
    cap: int | None = None
    reach: int = 0
    is_unsteady: bool = False
    passes: int = 0
    is_ordered: bool = True
    _last_id: int = -1
    _quiet: int = 0
    _settled: int = 0
    _differ: bool = False
    _has_created: bool = False
    _is_newest_known: bool = False
    _highest: int = -1
    _highest_before: int = -1
    _before: int = 0
    _length: int = 0
    _once: set[int] = field(default_factory=set)
    _twice: set[int] = field(default_factory=set)

    @property
    def has_total(self) -> bool:
        """Whether the server sends a total that may be right."""
        return bool(self.totals) and not self.is_total_wrong and self.cap is None

    @property
    def is_counted(self) -> bool:
        """Whether as many rows were read as the server ever counted."""
        return self.has_total and len(self.seen) >= max(self.totals)

    @property
    def has_changed(self) -> bool:
        """Whether the totals or the number of rows show that rows were created or deleted during the read."""
        return self.has_total and (len(set(self.totals)) > 1 or len(self.seen) > max(self.totals))

    def take(self, page: SearchPage) -> SearchPage:
        """Return the rows of a page that were not read before."""
        seen = self.seen
        new = {number: record for record in page.records if (number := record_id(record)) not in seen}
        seen.update(new)
        for number in new:
            self.is_ordered = self.is_ordered and number > self._last_id
            self._last_id = number
        return SearchPage(records=list(new.values()), total=page.total)

    def record_total(self, request: SearchRequest, page: SearchPage) -> None:
        """Take the total and the place of a page that was requested without further rules."""
        if page.records:
            self.reach = max(self.reach, request.offset + len(page.records))
        if page.total is None:
            return
        ids = {record_id(record) for record in page.records}
        # rows that come again prove nothing: the server may ignore the offset
        if ids and page.total < min(request.offset + len(ids), len(ids | self.seen)):
            self.is_total_wrong = True
        if page.total not in self.totals[-1:]:
            self.totals.append(page.total)

    def after_walk(self, *, is_exact: bool) -> bool:
        """Return whether all rows were read, by a strategy that cannot miss one that existed throughout.

        Parameters
        ----------
        is_exact : bool
            Whether the pages show on their own that no row is missing; if not, it takes a total.

        Notes
        -----
        Fewer rows than the first total may be all, since rows may have been deleted during the read.
        """
        return self._is_enough if self.has_total else is_exact

    @property
    def _is_enough(self) -> bool:
        """Whether as many rows were read as there were throughout; deleted ones among them count, too."""
        return len(self.seen) >= (max(self.totals) if self.is_unsteady else min(self.totals))

    @property
    def _is_enough_without_created(self) -> bool:
        """Whether rows are enough if those that were created during the passes stand for no others.

        If others were deleted, there are as many as now, with the created ones.
        """
        before = sum(number <= self._highest_before for number in self.seen)
        is_current = not self.is_unsteady and len(self.seen) >= self.totals[-1]
        return self._is_enough and (is_current or before >= min(self.totals))

    def compare_totals(self, totals: Sequence[int]) -> None:
        """Take totals that were requested one after the other, after the largest one so far.

        Earlier ones may have arrived in another order than they were counted in, unless they are two that
        came again and again.
        """
        steps = {later > former for former, later in itertools.pairwise(totals) if later != former}
        takes_turns = len(set(self.totals)) == 2 and len(self.totals) > _TURNS  # noqa: PLR2004 - one and the other
        self.is_unsteady = self.is_unsteady or len(steps) > 1 or takes_turns

    def begin_pass(self) -> None:
        """Begin a pass over all rows."""
        self._highest = max(self.seen, default=-1)
        self._before = len(self.seen)
        if not self.passes:
            self._highest_before = self._highest

    def end_pass(self, found: set[int], length: int) -> None:
        """End a pass that returned these rows, the last of them just before the offset `length`."""
        self._length = length
        self.passes += 1
        self._twice |= self._once & found
        self._once |= found
        self._has_created = self._has_created or (
            self.passes > 1 and max(self.seen, default=-1) > self._highest
        )
        self._differ = self._differ or not found >= self.seen
        late = sum(number <= self._highest for number in self.seen) - self._before  # not newly created
        self._quiet = self._quiet + 1 if len(self.seen) == self._before else 0
        self._settled = self._settled + 1 if self._before and not late else 0

    @property
    def is_still(self) -> bool:
        """Whether nothing shows that rows were created or deleted."""
        return not (self._has_created or self.has_changed)

    def note_newest(self, number: int | None, before: int | None) -> None:
        """Take the highest id of all, and what it was at the start; ``None`` if that cannot be known."""
        self._is_newest_known = number is not None and before is not None
        self._has_created = self._has_created or (number or 0) > (before or 0)

    @property
    def after_passes(self) -> bool:
        """Whether all rows were read: as many as the server counts, or no new ones for long enough.

        If rows were created or deleted during the passes, their number shows nothing: deleted rows that were
        read stand for others that were not. That the newest row and the total stayed the same shows that none
        were; if the newest row is not known, one more pass has to bring nothing new. A row that came in one
        pass alone shows that others may have come in none. Without a total, there are at least as many rows
        as offsets: rows that come twice stand for others.
        """
        quiet = _QUIET_PASSES + (self._twice != self.seen)
        if self.has_total and self.is_still:
            # rows that only earlier strategies read may be deleted by now: one more pass has to confirm them
            passes = 1 if len(self._once) >= max(self.totals) else 2
            is_settled = self._is_newest_known or self._settled >= passes
            return self.is_counted and (is_settled or not self.seen)
        if self.has_total:
            return self._is_enough_without_created and self._settled >= quiet
        if len(self.seen) < self._length:  # unless the offsets are wrong, and the total is right after all
            return len(self.seen) == max(self.totals, default=-1) and self._quiet >= _FUTILE_PASSES
        return self._quiet >= (quiet if self._differ else 1) and self.passes > 1

    @property
    def is_agreed(self) -> bool:
        """Whether the last passes brought no new row."""
        return self._quiet >= _FUTILE_PASSES

    @property
    def is_futile(self) -> bool:
        """Whether further passes are not worth their requests.

        If as many rows are there as the server counts, a few more passes may confirm it.
        """
        most = MOST_PASSES + (_QUIET_PASSES + 1 if self.is_counted else 0)
        return self.passes >= most or self.is_agreed
