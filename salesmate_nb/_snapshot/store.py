"""A snapshot of a resource: its rows as they were, in one plain Parquet file that any tool opens."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import shutil
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import filelock
import pyarrow as pa
import pyarrow.parquet as pq

from salesmate_nb._frames.arrow import arrow_schema, assemble, concat
from salesmate_nb._reading.query import Query, choose_columns
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources.base import Field
from salesmate_nb.settings import Settings

VERSION = 2
UNREADABLE = Field(name="_unreadable", path="_unreadable", kind="string")  # no custom field begins so
_KEY = b"salesmate"
_PANDAS = b"PANDAS_ATTRS"  # where pandas keeps a frame's attrs
_DAMAGES = (OSError, ValueError, KeyError, TypeError, pa.ArrowException)
_LOCK_TIMEOUT = 3700.0  # seconds; another kernel may be reading it all, within the company's calls


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Rows as they were at a moment.

    Parameters
    ----------
    table : pyarrow.Table
        By id, each once; categories as plain text. After the columns of the fields comes ``_unreadable``.
    fields : tuple of Field
        What the columns are.
    order : mapping of str to sequence of str
        For columns whose values are chosen from a list: the values, in the server's order.
    watermark : datetime or None
        All changes up to here are in it, by the server's clock; ``None`` where the server did not tell.
    read_at : str
        When that was known last, by this machine's clock; ISO 8601 in UTC.
    """

    table: pa.Table
    fields: tuple[Field, ...]
    order: Mapping[str, Sequence[str]] = field(default_factory=dict)
    watermark: dt.datetime | None = None
    read_at: str = ""

    def told(self) -> dict[str, Any]:
        """Return what stands beside the rows, for JSON."""
        return {
            "fields": [asdict(one) for one in self.fields],
            "order": {name: list(values) for name, values in self.order.items()},
            "watermark": self.watermark.isoformat() if self.watermark else None,
            "read_at": self.read_at,
        }

    @classmethod
    def of(cls, table: pa.Table, told: Mapping[str, Any]) -> Self:
        """Put rows and what stands beside them together; raises ``ValueError`` where they do not fit."""
        watermark = told["watermark"]
        fields = tuple(Field(**one) for one in told["fields"])
        if not table.schema.equals(arrow_schema((*fields, UNREADABLE))):
            raise ValueError("columns and fields differ")
        return cls(
            table=table.replace_schema_metadata(None),
            fields=fields,
            order=told["order"],
            watermark=dt.datetime.fromisoformat(watermark) if watermark else None,
            read_at=str(told["read_at"]),
        )


class SnapshotFile:
    """A snapshot in ``<folder>/<name>.parquet``, for this user alone.

    The format is public: Parquet with zstd, one row for each record, columns as in the frame but
    categories as plain strings; ``_unreadable`` names the columns, with commas, whose value is missing in
    that row because it could not be read. The schema's metadata hold JSON under ``salesmate``: whose rows
    they are (``bound``), their ``fields``, ``order``, ``watermark`` and ``read_at``; and pandas' ``attrs``.

    Files have mode 0600 in a folder of mode 0700, and are replaced in one step. Pages of a read that was
    cut off stay in ``<name>.parts`` until it is gone on with.

    Parameters
    ----------
    folder : Path
        Made when first needed.
    name : str
        The resource's.
    bound : mapping of str to str
        Whose rows they are; those of another account, API or user are not used.
    """

    def __init__(self, folder: Path, name: str, bound: Mapping[str, str]) -> None:
        self.path = folder / f"{name}.parquet"
        self._bound = {"version": str(VERSION), **bound}
        self._parts = folder / f"{name}.parts"

    def load(self) -> Snapshot | None:
        """Return the snapshot, if there is one of this account, API and user; a damaged one is set aside."""
        try:
            return self._read(self.path)
        except FileNotFoundError:
            return None
        except _DAMAGES as err:
            aside = self.path.with_suffix(".damaged")
            with contextlib.suppress(OSError):
                self.path.replace(aside)
            warnings.warn(
                f"{self.path} cannot be read ({type(err).__name__}); it was set aside as {aside.name}. "
                "A refresh reads all anew.",
                stacklevel=2,
            )
            return None

    def save(self, snapshot: Snapshot) -> Snapshot:
        """Keep a snapshot in place of the one before, and clear what was staged.

        Raises
        ------
        SalesmateError
            Where the disk refuses it.
        """
        now = replace(snapshot, read_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))
        self._write(self.path, now.table, now.told())
        self.unstage()
        for left in self.path.parent.glob(f".{self.path.stem}.*.tmp"):  # by a process that was killed
            left.unlink(missing_ok=True)
        return now

    def unstage(self) -> None:
        """Remove what was staged."""
        shutil.rmtree(self._parts, ignore_errors=True)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other kernels from refreshing it at the same time.

        Raises
        ------
        SalesmateError
            Where the disk refuses, or another kernel takes over an hour.
        """
        with contextlib.ExitStack() as held:
            with _refusals(self.path):
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = filelock.FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_TIMEOUT, mode=0o600)
                held.enter_context(lock)
            yield

    def staged(self, fields: Sequence[Field]) -> Snapshot | None:
        """Return what a read of the same fields had when it was cut off."""
        try:
            parts = [self._read(path) for path in sorted(self._parts.glob("*.parquet"))]
        except _DAMAGES:
            parts = []
        found = [part for part in parts if part is not None and part.fields == tuple(fields)]
        if not found or len(found) != len(parts):
            self.unstage()
            return None
        return replace(found[0], table=rows_of(fields, [part.table for part in found]))

    def stage(self, snapshot: Snapshot) -> None:
        """Keep rows of a read that is going on, beside those that are staged already."""
        if snapshot.table.num_rows:
            number = len(list(self._parts.glob("*.parquet")))
            self._write(self._parts / f"{number:05}.parquet", snapshot.table, snapshot.told())

    def _read(self, path: Path) -> Snapshot | None:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            table = pq.read_table(file, page_checksum_verification=True)
        told = json.loads((table.schema.metadata or {})[_KEY])
        return Snapshot.of(table, told) if told["bound"] == self._bound else None

    def _write(self, path: Path, table: pa.Table, told: Mapping[str, Any]) -> None:
        described = json.dumps({"bound": self._bound, **told})
        attrs = json.dumps({"salesmate": {"host": self._bound.get("host"), "read_at": told["read_at"]}})
        table = table.replace_schema_metadata({_KEY: described, _PANDAS: attrs})
        with _refusals(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".tmp")
            try:
                with os.fdopen(handle, "wb") as file:
                    pq.write_table(table, file, compression="zstd", write_page_checksum=True)
                Path(made).replace(path)
            except BaseException:
                Path(made).unlink(missing_ok=True)
                raise


def snapshot_folder(settings: Settings, profile: str) -> Path:
    """Return where a login's snapshots lie: beside its token, by host and profile."""
    host = re.sub(r"[^A-Za-z0-9.-]", "_", settings.api_url.partition("://")[2])
    return settings.token_cache / "snapshots" / host / profile


def rows_of(fields: Iterable[Field], pages: Iterable[pa.RecordBatch | pa.Table] = ()) -> pa.Table:
    """Put pages one after another, with the columns of a snapshot."""
    return concat([*fields, UNREADABLE], pages)


def upsert(table: pa.Table, rows: pa.Table) -> pa.Table:
    """Return a table with rows put in place of those with the same id, or added; by id."""
    if not rows.num_rows:
        return table
    kept = without(table, rows.column("id").to_pylist())
    return pa.concat_tables([kept, rows], promote_options="default").sort_by("id")


def without(table: pa.Table, ids: Iterable[int]) -> pa.Table:
    """Return a table without the rows of some ids."""
    gone = set(ids)
    return table.filter(pa.array([one not in gone for one in table.column("id").to_pylist()], pa.bool_()))


def with_parse_errors(rows: pa.RecordBatch, parse_errors: Mapping[str, Sequence[int]]) -> pa.RecordBatch:
    """Return a page with ``_unreadable``, made of the rows of each column whose value could not be read."""
    names: dict[int, list[str]] = {}
    for name, places in parse_errors.items():
        for place in places:
            names.setdefault(place, []).append(name)
    marks = [",".join(names[place]) if place in names else None for place in range(rows.num_rows)]
    return rows.append_column(UNREADABLE.name, pa.array(marks, pa.string()))


def wanted(snapshot: Snapshot, query: Query) -> tuple[pa.Table, dict[str, int]]:
    """Return the queried rows and columns, typed as a live read is, and how many values could not be read.

    Of columns that the filters check, the values of all rows count: a row may be left out because of one.
    """
    shown = None if query.columns is None else choose_columns(query.columns, snapshot.fields)
    table = snapshot.table
    checked = {name: count for name, count in _unreadable(table).items() if name in query.filters.columns}
    if query.filters.columns:
        batches = table.combine_chunks().to_batches()
        table = pa.Table.from_batches(
            [rows.filter(query.filters.mask(rows)) for rows in batches], table.schema
        )
    if query.limit is not None:
        table = table.slice(0, query.limit)
    unreadable = _unreadable(table) | checked
    found = assemble(snapshot.fields, [table], order=snapshot.order)
    if shown is None:
        return found, unreadable
    columns = {field.path: field.name for field in snapshot.fields}
    labels = {name: columns[field.path] for name, field in shown.items()}
    counted = {name: unreadable[label] for name, label in labels.items() if label in unreadable}
    return pa.table({name: found.column(label) for name, label in labels.items()}), checked | counted


def _unreadable(table: pa.Table) -> dict[str, int]:
    """Return for each column that has any how many values could not be read."""
    marks = table.column(UNREADABLE.name).drop_null().to_pylist()
    return dict(Counter(name for mark in marks for name in mark.split(",")))


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except filelock.Timeout as err:
        raise SalesmateError(
            f"Another process has been refreshing {path} for an hour. Try again; if it goes on, "
            "end that process."
        ) from err
    except (OSError, NotImplementedError) as err:
        why = getattr(err, "strerror", None) or err
        raise SalesmateError(
            f"{path} cannot be written ({why}). Set SALESMATE_TOKEN_CACHE to a folder of your own, "
            "or read live with refresh=None."
        ) from err
