"""The snapshot file of a resource: plain Parquet that any tool opens, private to this user."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import filelock
import pyarrow as pa
import pyarrow.parquet as pq

from salesmate_nb._base import files
from salesmate_nb._base.warn import warn
from salesmate_nb._frames.arrow import arrow_schema, concat
from salesmate_nb.errors import LoginRequired, SalesmateError
from salesmate_nb.resources.base import Field
from salesmate_nb.settings import Settings

VERSION = 4
UNREADABLE = Field(name="_unreadable", path="_unreadable", kind="string")  # no custom field starts with "_"
_METADATA = b"salesmate"
_PANDAS_ATTRS = b"PANDAS_ATTRS"  # where pandas stores a frame's attrs
_DAMAGE = (OSError, ValueError, KeyError, TypeError, pa.ArrowException)
_PLAIN: dict[str, type] = {  # attributes of a snapshot that are in its metadata as they are
    **dict.fromkeys(("read_at", "compared_at", "began_at", "round_since", "checked_since"), str),
    "checked": int,
    "lateness": float,
}
_OWNER = ("host", "workspace", "who")  # of what a snapshot is bound to: whose rows they are
_LOCK_TIMEOUT = 3700.0  # seconds; another kernel's full read may wait an hour for the rate limit


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All rows of a resource as of one point in time.

    Parameters
    ----------
    table : pyarrow.Table
        Sorted by id, each row once; categories as plain strings. ``_unreadable`` follows the fields' columns.
    fields : tuple of Field
        The fields of the columns.
    order : mapping of str to sequence of str
        For columns whose values are chosen from a list: the values, in the server's order.
    watermark : datetime or None
        All changes up to this timestamp of the server are included; ``None`` if the server gave none.
    read_at : str
        When the rows were last known to be current, by the server's clock; ISO 8601 in UTC.
    compared_at : str
        When the ids of all rows were last compared with the server's, by this machine's clock, written in the
        same way; empty if that is not known.
    deleted : tuple of int
        The ids in the server's list of deleted rows at that time, ascending; empty if it gave none.
    began_at : str
        When the refresh began that the rows are of, never later than by the server's clock.
    checked : int
        The id up to which rows were read again in the round under way; -1 if it is about to begin.
    round_since : str
        When that round began.
    checked_since : str
        When the round before it began: every row was read at that time or later.
    lateness : float
        By how many seconds the server was seen to report changes too late.
    history : int
        The number of the refresh in the history beside the file; -1 if there is none.
    """

    table: pa.Table
    fields: tuple[Field, ...]
    order: Mapping[str, Sequence[str]] = field(default_factory=dict)
    watermark: dt.datetime | None = None
    read_at: str = ""
    compared_at: str = ""
    deleted: tuple[int, ...] = ()
    began_at: str = ""
    checked: int = -1
    round_since: str = ""
    checked_since: str = ""
    lateness: float = 0.0
    history: int = -1

    @property
    def paths(self) -> dict[str, str]:
        """The API's name of each column."""
        return {column.name: column.path for column in (*self.fields, UNREADABLE)}

    def metadata(self) -> dict[str, Any]:
        """Return everything but the rows, ready for JSON."""
        return {
            "fields": [asdict(column) for column in self.fields],
            "order": {name: list(values) for name, values in self.order.items()},
            "watermark": self.watermark.isoformat() if self.watermark else None,
            "deleted": list(self.deleted),
            "history": self.history,
            **{name: getattr(self, name) for name in _PLAIN},
        }

    @classmethod
    def from_table(cls, table: pa.Table, metadata: Mapping[str, Any]) -> Self:
        """Combine rows with what :meth:`metadata` returned.

        Raises
        ------
        ValueError
            If the table's columns are not those of the fields.
        KeyError, TypeError
            If the metadata are not of this form.
        """
        watermark = metadata["watermark"]
        fields = tuple(Field(**column) for column in metadata["fields"])
        if not table.schema.equals(arrow_schema((*fields, UNREADABLE))):
            raise ValueError("columns and fields differ")
        return cls(
            table=table.replace_schema_metadata(None),
            fields=fields,
            order=metadata["order"],
            watermark=dt.datetime.fromisoformat(watermark) if watermark else None,
            deleted=tuple(map(int, metadata["deleted"])),
            history=int(metadata.get("history", -1)),
            **{name: kind(metadata[name]) for name, kind in _PLAIN.items()},
        )


class SnapshotFile:
    """A snapshot in ``<folder>/<name>.parquet``, private to this user.

    The format is public: Parquet with zstd, one row per record, columns as in the frame but categories as
    plain strings. ``_unreadable`` lists, separated by commas, the columns whose value is missing in that
    row because it could not be read. The schema's metadata hold JSON under ``salesmate``: whose rows they
    are (``bound``), and the other attributes of :class:`Snapshot`; and pandas' ``attrs``.

    Files have mode 0600 in a folder of mode 0700, and are replaced in one step. The pages of an
    interrupted read stay in ``<name>.parts``, its checkpoint, until a later read resumes.

    Parameters
    ----------
    folder : Path
        Created when first needed.
    name : str
        The resource's name.
    bound : mapping of str to str
        Whose rows they are; a snapshot of another account, API, user or format version is not used.
    check : callable, optional
        Called before rows are written; it raises an error if they are not of this user any more.
    """

    def __init__(
        self, folder: Path, name: str, bound: Mapping[str, str], check: Callable[[], None] = lambda: None
    ) -> None:
        self.path = folder / f"{name}.parquet"
        self._check = check
        self._stands: Callable[[], bool] = lambda: True
        self._bound = {"version": str(VERSION), **bound}
        self._parts = folder / f"{name}.parts"

    def load(self) -> Snapshot | None:
        """Return the snapshot, or ``None`` if there is none of this account, API and user.

        A file that cannot be read is moved to ``<name>.damaged``, with a warning.
        """
        try:
            return self._read(self.path)
        except FileNotFoundError:
            return None
        except _DAMAGE as err:
            damaged = self.path.with_suffix(".damaged")
            with contextlib.suppress(OSError):
                self.path.replace(damaged)
            why = getattr(err, "strerror", None) or type(err).__name__  # Arrow's own texts run over lines
            warn(
                f"{self.path} cannot be read ({why}); it was moved to {damaged.name}. "
                "The next refresh reads all records again."
            )
            return None

    def save(self, snapshot: Snapshot) -> Snapshot:
        """Replace the file, discard the checkpoint, and return the snapshot.

        Raises
        ------
        SalesmateError
            If the disk refuses it; the previous file is kept.
        """
        self._write(self.path, snapshot)
        self.discard_checkpoint()
        files.remove_leftovers(self.path)
        return snapshot

    @contextlib.contextmanager
    def writing(self, path: Path) -> Iterator[None]:
        """Check that rows may be written, and report what the disk refuses beside this file.

        Raises
        ------
        SalesmateError
            If the rows are not of this user any more, or the disk refuses.
        """
        self.check_logout()
        self._check()
        with _reporting(path):
            yield

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other threads and processes from refreshing the same snapshot.

        Raises
        ------
        SalesmateError
            If the disk refuses, or the lock stays held for more than an hour.
        """
        with contextlib.ExitStack() as held:
            with _reporting(self.path):
                held.enter_context(files.lock(self.path, _LOCK_TIMEOUT))
                self._stands = held.enter_context(files.watch_folder(self.path.parent))
            yield

    def check_logout(self) -> None:
        """Check that no logout has removed the folder since the file was locked.

        Raises
        ------
        LoginRequired
            If one has; nothing may be written there then.
        """
        if not self._stands():
            raise LoginRequired(
                "Somebody logged out while records were read, so they were not saved. Run connect(), and "
                "read again if rows are to be kept here."
            )

    def load_checkpoint(self, fields: Sequence[Field]) -> Snapshot | None:
        """Return the rows that an interrupted read of the same fields left; discard any others."""
        try:
            parts = [self._read(path) for path in sorted(self._parts.glob("*.parquet"))]
        except _DAMAGE:
            parts = []
        usable = [part for part in parts if part is not None and part.fields == tuple(fields)]
        if not usable or len(usable) != len(parts):
            self.discard_checkpoint()
            return None
        rows = concat([*fields, UNREADABLE], [part.table for part in usable])
        return replace(usable[0], table=rows)

    def add_to_checkpoint(self, rows: Snapshot) -> None:
        """Write rows of a running read to disk, beside those already in the checkpoint.

        Raises
        ------
        SalesmateError
            If the disk refuses it.
        """
        if rows.table.num_rows:
            number = len(list(self._parts.glob("*.parquet")))
            self._write(self._parts / f"{number:05}.parquet", rows)

    def remove_others(self) -> None:
        """Remove the rows of other users and workspaces from the folder, of every resource.

        If Salesmate names neither the user of the key that is used now nor that of the one before, the rows
        are removed, since another user may see others, and the history stays.
        """
        patterns = ("*.parquet", "*.parts/*.parquet", "*.history*/*.parquet")
        removed = list[bool]()
        for path in itertools.chain.from_iterable(map(self.path.parent.glob, patterns)):
            with contextlib.suppress(*_DAMAGE), files.open_private(path) as file:
                bound = json.loads((pq.read_schema(file).metadata or {})[_METADATA])["bound"]
                is_of_another = history_owner(bound) != history_owner(self._bound)
                is_history = ".history" in path.parent.suffixes
                if is_of_another or not (is_history or bound.get("who") == self._bound.get("who")):
                    path.unlink()
                    removed.append(is_of_another)
        if any(removed):
            warn(
                f"The rows and the history saved in {self.path.parent} are of another user, so they were "
                "removed."
            )
        elif removed:
            warn(
                f"The rows saved in {self.path.parent} were read with another key, and Salesmate does not "
                "say whose it was. All rows are read again, and the history of deals continues. If that key "
                "was another user's, run logout() and connect() again: then a new history begins."
            )

    def discard_checkpoint(self) -> None:
        """Remove the rows that an interrupted read left."""
        shutil.rmtree(self._parts, ignore_errors=True)

    def _read(self, path: Path) -> Snapshot | None:
        with files.open_private(path) as file:
            table = pq.read_table(file, page_checksum_verification=True)
        metadata = json.loads((table.schema.metadata or {})[_METADATA])
        return Snapshot.from_table(table, metadata) if metadata["bound"] == self._bound else None

    def _write(self, path: Path, snapshot: Snapshot) -> None:
        self.check_logout()
        self._check()
        metadata = json.dumps({"bound": self._bound, **snapshot.metadata()})
        attrs = json.dumps({"salesmate": {"host": self._bound.get("host"), "read_at": snapshot.read_at}})
        table = snapshot.table.replace_schema_metadata({_METADATA: metadata, _PANDAS_ATTRS: attrs})
        with _reporting(path), files.atomic_write(path) as file:
            pq.write_table(table, file, compression="zstd", write_page_checksum=True)
            self.check_logout()  # the folder may have been removed, and made again for this file


def now() -> str:
    """Return the time by this machine's clock: ISO 8601 in UTC."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def history_owner(bound: Mapping[str, str]) -> dict[str, str]:
    """Return whose history it is, of what a snapshot is bound to.

    A user whom Salesmate does not name counts as the same one with each key: keys last some weeks, and a
    history cannot be read again.
    """
    owner = {name: bound.get(name, "") for name in _OWNER}
    is_known = owner["who"].startswith("user ")
    return owner if is_known else {**owner, "who": "unknown"}


def snapshot_folder(settings: Settings, profile: str) -> Path:
    """Return the folder of a login's snapshots: beside its token, by host and profile."""
    host = re.sub(r"[^A-Za-z0-9.-]", "_", settings.api_url.partition("://")[2])
    return settings.token_cache / "snapshots" / host / profile


@contextlib.contextmanager
def _reporting(path: Path) -> Iterator[None]:
    """Turn what the disk refuses into an error that says what to do."""
    try:
        yield
    except filelock.Timeout as err:
        raise SalesmateError(
            f"Another process has been refreshing {path} for an hour. Try again; if this repeats, "
            "end that process."
        ) from err
    except (OSError, NotImplementedError) as err:
        raise SalesmateError(
            f"{path} cannot be written ({files.reason(err)}). Set SALESMATE_TOKEN_CACHE to a folder of "
            "your own, or read live with refresh='live'."
        ) from err
