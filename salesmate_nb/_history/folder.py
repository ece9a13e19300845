"""The history folder of a resource: plain Parquet that any tool opens, private to this user."""

from __future__ import annotations

import contextlib
import datetime as dt
import errno
import itertools
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from salesmate_nb._base import files
from salesmate_nb._base.warn import warn
from salesmate_nb._history.events import SCHEMA, TIMESTAMP, names_today
from salesmate_nb._history.history import History
from salesmate_nb._history.parts import Part, cover
from salesmate_nb.errors import SalesmateError

VERSION = 1
_METADATA = b"salesmate"
_MERGED_ROWS = 200_000  # parts of so many events are not merged again
_READINGS = 3  # another process may merge parts while they are read
_NO_FILE = frozenset({None, errno.ENOENT, errno.ELOOP})  # merged since it was listed; a folder or a link
_DAMAGE = (OSError, ValueError, KeyError, TypeError, pa.ArrowException)


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file that was read: whose rows, today's names of its columns, and the times of its refreshes."""

    bound: Mapping[str, str]
    table: pa.Table
    names: Mapping[str, str]
    refreshes: tuple[dt.datetime, ...]

    def today(self, name: str) -> str:
        """Return the name of a column today."""
        return self.names.get(name, name)

    @property
    def events(self) -> pa.Table:
        """The rows, if they are events, with today's names of columns."""
        if all(old == new for old, new in self.names.items()):
            return self.table
        encoded = self.table.column("field").combine_chunks().dictionary_encode()
        names = pa.array([self.today(name) for name in encoded.dictionary.to_pylist()], pa.string())
        return self.table.set_column(1, "field", pc.take(names, encoded.indices))

    def until(self, count: int) -> _File:
        """Return the events of the first refreshes only."""
        if count >= len(self.refreshes):
            return self
        kept = self.refreshes[:count]
        is_kept = pc.less_equal(self.table.column("seen_at"), pa.scalar(kept[-1], TIMESTAMP))
        return replace(self, table=self.table.filter(is_kept), refreshes=kept)


class HistoryFolder:
    """A history in ``<folder>/<name>.history``, private to this user.

    The format is public. ``baseline.parquet`` holds the first state, one row for each record. Each other
    file, ``<first>-<last>.parquet``, holds the events of the refreshes with these numbers: ``id``,
    ``field``, ``old``, ``new``, ``changed_at`` and ``seen_at``, as
    :func:`~salesmate_nb._history.events.compare` describes them. A file whose numbers are within those of
    another one was merged into it; files of other names are ignored. The schema's metadata hold JSON under
    ``salesmate``: whose rows they are (``bound``), the API's names of the columns (``fields``), and when
    each refresh was made (``refreshes``, ISO 8601 in UTC).

    The snapshot holds the number of the last refresh that counts. So a refresh writes its events, and then
    the snapshot: if it is cut off between the two, the events are not counted, and the next one replaces
    them.

    Parameters
    ----------
    folder : Path
        The folder of the snapshot. Its lock protects the history too.
    name : str
        The resource's name.
    bound : mapping of str to str
        Whose rows they are; the history of another account, API or user is not used.
    check : callable, optional
        Called before a file gets its name; it raises an error if none may be written any more.
    """

    def __init__(
        self, folder: Path, name: str, bound: Mapping[str, str], check: Callable[[], None] = lambda: None
    ) -> None:
        self._check = check
        self.path = folder / f"{name}.history"
        self._bound = {"version": str(VERSION), **bound}

    def begin(self, state: pa.Table, fields: Mapping[str, str], read_at: dt.datetime) -> None:
        """Begin a new history with a first state; remove the one that was there.

        Parameters
        ----------
        state : pyarrow.Table
            Its rows ascending by ``id``.
        fields : mapping of str to str
            The API's name of each column.
        read_at : datetime
            When it was read.
        """
        self.remove()
        self._write("baseline.parquet", state, fields, [read_at])

    def append(
        self, number: int, events: pa.Table, fields: Mapping[str, str], refreshed_at: dt.datetime
    ) -> None:
        """Write the events of one refresh, in place of any that an interrupted one left.

        Other files of later refreshes are renamed, with a warning: no snapshot counts them, so they are
        damaged, or copies.
        """
        new = Part(number, number)
        for part in self._parts(after=number - 1):
            if part != new or not part.is_whole:
                self._rename(part)
        for leftover in self.path.glob(".*.tmp"):  # of processes that were killed
            leftover.unlink(missing_ok=True)
        self._write(new.file_name, events, fields, [refreshed_at])

    def exists(self) -> bool:
        """Return whether there is a history of this account, API and user. Call it while holding the lock.

        One whose first state is lost or damaged is moved aside, with a warning.

        Raises
        ------
        SalesmateError
            If the disk refuses to read it.
        """
        try:
            return bool(self._metadata("baseline.parquet")["bound"] == self._bound)
        except FileNotFoundError:
            is_lost = bool(self._named())
        except OSError as err:
            raise self._unreadable("baseline.parquet", err) from err
        except _DAMAGE:
            is_lost = True
        if is_lost:
            self.set_aside()
        return False

    def set_aside(self) -> None:
        """Move a history that cannot be read to ``<name>.history.damaged``, with a warning."""
        damaged = _free(self.path.with_name(f"{self.path.name}.damaged"))
        self.path.replace(damaged)
        warn(f"{self.path} cannot be read; it was moved to {damaged.name}. A new history begins now.")

    def ends_with(self, number: int) -> bool:
        """Return whether a refresh is the last one that is on disk, but for one that was cut off.

        It is not if the snapshot or the history was put back from a backup.
        """
        is_there = number == 0 or any(part.last == number for part in self._named())
        return is_there and self.last_number(number) <= number + 1

    def last_number(self, counted: int = 0) -> int:
        """Return the number of the last refresh on disk that follows those up to a number without a gap.

        What comes after a damaged file, or is not later than the refresh before, is not part of the history.

        Raises
        ------
        SalesmateError
            If the disk refuses to read a file.
        """
        number, time = counted, self.last_refresh(counted)
        for part in cover(self._parts(after=counted)):
            if part.first != number + 1 or not part.is_whole or (time and part.refreshes[0] <= time):
                break
            number, time = part.last, part.refreshes[-1]
        return number

    def last_refresh(self, number: int) -> dt.datetime | None:
        """Return when the last refresh up to a number was made; ``None`` if that cannot be read."""
        parts = [part for part in self._named() if part.last <= number]
        with contextlib.suppress(SalesmateError):
            last = max(parts, key=lambda part: part.last).file_name if parts else "baseline.parquet"
            times = self._refreshes(last)
            return times[-1] if times else None
        return None

    def load(self, number: int | None, fields: Mapping[str, str]) -> History | None:
        """Return the history up to a refresh, or ``None`` if there is none of this account, API and user.

        Parameters
        ----------
        number : int or None
            Number of the last refresh that counts; ``None`` for all.
        fields : mapping of str to str
            The API's name of each column today: columns that were renamed since get their name of today.

        Raises
        ------
        SalesmateError
            If a part of it cannot be read, or is missing.
        """
        for reading in range(_READINGS):
            try:
                return self._load(number, fields)
            except SalesmateError:
                if reading == _READINGS - 1:
                    raise
        return None

    def compact(self, number: int, fields: Mapping[str, str]) -> None:
        """Merge the newest parts up to a refresh that counts, so that few small files remain.

        A part is merged with the ones after it as soon as these hold half as many events, so that an
        event is written again a few times at most, whatever the number of refreshes.
        """
        try:
            every = [part for part in self._parts() if part.last <= number]
            parts = cover(every)
            for part in every:
                if part not in parts and any(part.is_within(each) for each in parts if each.is_whole):
                    (self.path / part.file_name).unlink(missing_ok=True)
            counts = [pq.read_metadata(self.path / part.file_name).num_rows for part in parts]
        except (SalesmateError, *_DAMAGE):  # reading the history reports it
            return
        start = len(parts) - 1
        while (
            start > 0
            and parts[start - 1].last + 1 == parts[start].first
            and counts[start - 1] <= min(2 * sum(counts[start:]) + 1, _MERGED_ROWS)
        ):
            start -= 1
        if start < len(parts) - 1:
            # A damaged part, which is reported when the history is read; or a full disk: nothing is lost.
            with contextlib.suppress(SalesmateError, OSError):
                self._merge(parts[start:], fields)

    def remove(self) -> None:
        """Remove the history from the disk."""
        if self.path.exists():
            shutil.rmtree(self.path)

    def _load(self, number: int | None, fields: Mapping[str, str]) -> History | None:
        if not (self._named() or (self.path / "baseline.parquet").exists()):
            return None
        first = self._read("baseline.parquet", fields)
        if first.bound != self._bound:
            return None
        parts = cover(part for part in self._parts() if number is None or part.first <= number)
        self._check_complete(parts, number)
        read = [self._read(part.file_name, fields) for part in parts]
        if parts and number is not None:  # a snapshot from a backup is older than its history
            read[-1] = read[-1].until(number - parts[-1].first + 1)
        return History(
            first=first.table.rename_columns([first.today(name) for name in first.table.column_names]),
            events=pa.concat_tables([SCHEMA.empty_table(), *(each.events for each in read)]),
            refreshes=tuple(time for each in (first, *read) for time in each.refreshes),
        )

    def _check_complete(self, parts: Sequence[Part], number: int | None) -> None:
        """Check that there is a part for each refresh up to a number."""
        begin = Part(0, 0)
        end = [] if number is None else [Part(number + 1, number + 1)]
        for before, after in itertools.pairwise([begin, *parts, *end]):
            if before.last + 1 < after.first:
                raise SalesmateError(
                    f"{self.path} lacks the files of refreshes {before.last + 1} to {after.first - 1}, so "
                    "the history is not complete. Restore them from a backup, or remove the folder to begin "
                    "a new history."
                )

    def _unreadable(self, name: str, err: Exception) -> SalesmateError:
        return SalesmateError(
            f"{self.path / name} cannot be read ({_reason(err)}), so the history is not complete. "
            f"Restore the file from a backup, or remove {self.path} to begin a new history."
        )

    def _merge(self, parts: Sequence[Part], fields: Mapping[str, str]) -> None:
        read = [self._read(part.file_name, fields) for part in parts]
        merged = Part(parts[0].first, parts[-1].last)
        times = [time for each in read for time in each.refreshes]
        self._write(merged.file_name, pa.concat_tables(each.events for each in read), fields, times)
        for part in parts:
            (self.path / part.file_name).unlink(missing_ok=True)

    def _rename(self, part: Part) -> None:
        """Give a file that is not part of the history another name, with a warning."""
        unused = _free(self.path / f"unused-{part.file_name}")
        (self.path / part.file_name).replace(unused)
        warn(
            f"{self.path / part.file_name} is damaged, or is not of this history, so it was renamed to "
            f"{unused.name}. The history goes on without it."
        )

    def _named(self) -> list[Part]:
        """Return what the names of files say, whatever is in them."""
        return sorted(filter(None, (Part.named(path.name) for path in self.path.glob("*.parquet"))))

    def _parts(self, *, after: int = 0) -> list[Part]:
        """Return the files that may be parts with refreshes after a number, ascending.

        Raises
        ------
        SalesmateError
            If the disk refuses to read one.
        """
        named = [part for part in self._named() if part.last > after]
        return [replace(part, refreshes=self._refreshes(part.file_name)) for part in named]

    def _refreshes(self, name: str) -> tuple[dt.datetime, ...]:
        """Return when the refreshes of a file were made; nothing if it is damaged or of another user.

        Raises
        ------
        SalesmateError
            If the disk refuses to read it.
        """
        try:
            metadata = self._metadata(name)
            is_own = metadata["bound"] == self._bound
            return tuple(map(dt.datetime.fromisoformat, metadata["refreshes"])) if is_own else ()
        except OSError as err:
            if err.errno in _NO_FILE:
                return ()
            raise self._unreadable(name, err) from err
        except _DAMAGE:
            return ()

    def _metadata(self, name: str) -> dict[str, Any]:
        with files.open_private(self.path / name) as file:
            metadata: dict[str, Any] = json.loads(pq.read_schema(file).metadata[_METADATA])
        return metadata

    def _read(self, name: str, fields: Mapping[str, str]) -> _File:
        try:
            with files.open_private(self.path / name) as file:
                table = pq.read_table(file, page_checksum_verification=True)
            metadata = json.loads((table.schema.metadata or {})[_METADATA])
            return _File(
                bound=metadata["bound"],
                table=table.replace_schema_metadata(None),
                names=names_today(metadata["fields"], fields),
                refreshes=tuple(map(dt.datetime.fromisoformat, metadata["refreshes"])),
            )
        except _DAMAGE as err:
            raise self._unreadable(name, err) from err

    def _write(
        self, name: str, table: pa.Table, fields: Mapping[str, str], times: Sequence[dt.datetime]
    ) -> None:
        metadata = {
            "bound": self._bound,
            "fields": dict(fields),
            "refreshes": [time.isoformat() for time in times],
        }
        written = table.replace_schema_metadata({_METADATA: json.dumps(metadata)})
        with files.atomic_write(self.path / name) as file:
            pq.write_table(written, file, compression="zstd", write_page_checksum=True)
            self._check()


def _free(path: Path) -> Path:
    """Return a path that nothing has, or else with a number at the end of its name."""
    others = (path.with_name(f"{path.name}-{number}") for number in itertools.count(2))
    return next(each for each in itertools.chain([path], others) if not each.exists())


def _reason(err: Exception) -> str:
    return getattr(err, "strerror", None) or type(err).__name__  # Arrow's own texts run over lines
