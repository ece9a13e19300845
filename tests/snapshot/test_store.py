"""The snapshot file: what is written, for whom it is used, and what a damaged or interrupted one costs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import errno
import json
import random
import stat
import warnings

import filelock
import pyarrow.parquet as pq
import pytest

from salesmate_nb import SalesmateError, Settings
from salesmate_nb._snapshot import store
from salesmate_nb._snapshot.store import Snapshot, SnapshotFile, snapshot_folder
from tests.helpers import posix

BOUND = {"host": "https://acme.salesmate.io", "who": "client my-app"}


@pytest.fixture
def file(tmp_path):
    """Return a snapshot file that is not there yet."""
    return SnapshotFile(tmp_path / "snapshots" / "host", "deals", BOUND)


@pytest.fixture(scope="session")
def snapshot(fields, table_of):
    """Return a snapshot of three rows."""
    return Snapshot(
        table=table_of(
            {"id": 1, "title": "Zürich", "status": "Won", "lastModifiedAt": "2026-01-01T00:00:00Z"},
            {"id": 2, "status": "Lost", "lastModifiedAt": "soon"},
            {"id": 2**62 + 1},
        ),
        fields=fields,
        order={"status": ["Open", "Won", "Lost"]},
        watermark=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )


def names(file):
    return sorted(path.name for path in file.path.parent.iterdir())


def test_saved_snapshot_is_loaded(file, snapshot):
    """What is loaded equals what was saved."""
    assert file.load() is None
    assert file.save(snapshot) == snapshot == file.load()


def test_snapshot_without_rows_or_watermark(file, snapshot):
    """An empty account, and a server without timestamps, are saved too."""
    empty = dataclasses.replace(snapshot, table=snapshot.table.slice(0, 0), watermark=None)
    assert file.load() is None
    assert file.save(empty) == file.load()


@posix
def test_files_are_private(file, snapshot):
    """Files have mode 0600, their folders 0700."""
    with file.lock():
        file.add_to_checkpoint(snapshot)
        modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in file.path.parent.rglob("*")}
        assert modes == {True: 0o700, False: 0o600}
        file.save(snapshot)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_files_reach_the_disk(file, snapshot, monkeypatch):
    """A file is synchronised before it gets its name."""
    synced = []
    monkeypatch.setattr("os.fsync", synced.append)
    file.save(snapshot)
    assert len(synced) == 1


def test_format(file, snapshot):
    """Plain Parquet with zstd; its metadata are JSON, and pandas finds host and time in `attrs`."""
    file.save(snapshot)
    parquet = pq.ParquetFile(file.path)
    assert parquet.metadata.row_group(0).column(0).compression == "ZSTD"
    assert parquet.schema_arrow.names == ["id", "title", "status", "last_modified_at", "_unreadable"]
    metadata = json.loads(parquet.schema_arrow.metadata[b"salesmate"])
    assert set(metadata) == {"bound", *(each.name for each in dataclasses.fields(snapshot))} - {"table"}
    assert metadata["bound"] == {"version": str(store.VERSION), **BOUND}
    attrs = json.loads(parquet.schema_arrow.metadata[b"PANDAS_ATTRS"])
    assert attrs == {"salesmate": {"host": BOUND["host"], "read_at": metadata["read_at"]}}


@pytest.mark.parametrize(
    "change", [{"host": "https://other.example.com"}, {"who": "client other"}, {"zone": "UTC"}]
)
def test_snapshot_of_another_login_is_not_used(file, snapshot, change):
    """Another account, user or time zone finds no snapshot, and leaves this one as it is."""
    saved = file.save(snapshot)
    other = SnapshotFile(file.path.parent, "deals", {**BOUND, **change})
    assert other.load() is None
    assert file.load() == saved


def test_snapshot_of_another_version_is_not_used(file, snapshot, monkeypatch):
    """A file of an older format is ignored without a warning, and replaced by the next save."""
    monkeypatch.setattr(store, "VERSION", store.VERSION - 1)
    SnapshotFile(file.path.parent, "deals", BOUND).save(snapshot)
    assert file.load() is None
    assert file.save(snapshot) == file.load()


def test_flipped_bit_is_noticed(file, fields, table_of):
    """A bit that flips on the disk never changes a value: the file is moved aside, with a warning."""
    chance, flips, noticed = random.Random(8), 40, 0
    rows = [{"id": number, "title": chance.randbytes(40).hex()} for number in range(1000)]
    saved = file.save(Snapshot(table=table_of(*rows), fields=fields))
    whole = file.path.read_bytes()
    for _ in range(flips):
        place = chance.randrange(4, len(whole) * 3 // 4)
        file.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loaded = file.load()
        if loaded is None:
            noticed += 1
            assert "moved to deals.damaged" in str(caught[0].message)
            assert names(file) == ["deals.damaged"]
        else:
            assert loaded == saved  # a header's bit that means nothing
    assert noticed >= flips - 2


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not Parquet" * 9])
def test_damaged_file_is_moved(file, snapshot, content):
    """A file that is cut off or something else is moved aside, and does not hinder the next save."""
    file.save(snapshot)
    file.path.write_bytes(content or file.path.read_bytes()[:100])
    with pytest.warns(
        UserWarning, match=r"cannot be read .* moved to deals\.damaged\. The next refresh reads all"
    ):
        assert file.load() is None
    assert file.save(snapshot) == file.load()


def test_parquet_file_of_others_is_not_used(file, snapshot):
    """Parquet without our metadata is not taken for a snapshot."""
    file.save(snapshot)
    pq.write_table(snapshot.table, file.path)
    with pytest.warns(UserWarning, match=r"\(KeyError\); it was moved"):
        assert file.load() is None


@posix
def test_links_are_not_followed(file, snapshot, tmp_path):
    """A link in place of the file is not read, and never written through."""
    file.save(snapshot)
    file.path.rename(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes()
    file.path.symlink_to(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="moved to"):
        assert file.load() is None
    file.path.symlink_to(tmp_path / "elsewhere")
    file.save(dataclasses.replace(snapshot, table=snapshot.table.slice(0, 1)))
    assert (tmp_path / "elsewhere").read_bytes() == before


@posix
def test_file_of_another_user_is_not_used(file, snapshot, monkeypatch):
    """A file that belongs to somebody else is not read, and the warning says why."""
    file.save(snapshot)
    monkeypatch.setattr("os.geteuid", lambda: 4711)
    with pytest.warns(UserWarning, match="it belongs to another user"):
        assert file.load() is None


def test_full_disk_keeps_the_previous_file(file, snapshot, monkeypatch):
    """The error names the file and the remedy; the previous snapshot stays, and nothing else."""
    saved = file.save(snapshot)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.write_table", full)
        with pytest.raises(
            SalesmateError, match=r"cannot be written \(No space left.* SALESMATE_TOKEN_CACHE"
        ):
            file.save(snapshot)
    assert names(file) == ["deals.parquet"]
    assert file.load() == saved


def test_leftovers_are_removed(file, snapshot):
    """The unfinished file of a process that was killed does not stay on disk; others' files do."""
    file.save(snapshot)
    for name in (".deals.x1y2z3w4.tmp", ".users.x1y2z3w4.tmp"):
        (file.path.parent / name).write_bytes(b"half")
    file.save(snapshot)
    assert names(file) == [".users.x1y2z3w4.tmp", "deals.parquet"]


def test_lock_is_held(file, monkeypatch):
    """While one refresh runs, another waits; after the timeout the error says what to do."""
    monkeypatch.setattr(store, "_LOCK_TIMEOUT", 0.05)
    with (
        file.lock(),
        pytest.raises(SalesmateError, match="Another process has been refreshing"),
        SnapshotFile(file.path.parent, "deals", BOUND).lock(),
    ):
        pass
    with file.lock():
        pass


def test_disk_without_locks(file, monkeypatch):
    """A file system that has no locks is an error that names the setting."""

    def refuse(*_, **__):
        raise NotImplementedError("no locks here")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with pytest.raises(SalesmateError, match=r"\(no locks here\)\. Set SALESMATE_TOKEN_CACHE"), file.lock():
        pass


def test_errors_inside_the_lock_are_kept(file):
    """An error of the work under the lock is not taken for one of the lock."""
    with pytest.raises(FileNotFoundError, match="mine"), file.lock():
        raise FileNotFoundError("mine")


def test_checkpoint_of_an_interrupted_read(file, snapshot, fields):
    """Rows that were written one after another come back together, until a save discards them."""
    assert file.load_checkpoint(fields) is None
    for start in range(3):
        file.add_to_checkpoint(dataclasses.replace(snapshot, table=snapshot.table.slice(start, 1)))
    file.add_to_checkpoint(dataclasses.replace(snapshot, table=snapshot.table.slice(0, 0)))
    assert len(list(file.path.parent.glob("deals.parts/*.parquet"))) == 3
    assert file.load_checkpoint(fields) == snapshot
    file.save(snapshot)
    assert file.load_checkpoint(fields) is None
    assert names(file) == ["deals.parquet"]


@pytest.mark.parametrize("spoil", ["fields", "login", "bytes"])
def test_unusable_checkpoint(file, snapshot, fields, spoil):
    """A checkpoint of other fields or another login, or a damaged one, is discarded without a warning."""
    file.add_to_checkpoint(snapshot)
    file.add_to_checkpoint(snapshot)
    reader, wanted = file, fields
    if spoil == "fields":
        wanted = fields[:-1]
    elif spoil == "login":
        reader = SnapshotFile(file.path.parent, "deals", {**BOUND, "who": "client other"})
    else:
        (file.path.parent / "deals.parts" / "00001.parquet").write_bytes(b"PAR1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert reader.load_checkpoint(wanted) is None
    assert names(file) == []


@pytest.mark.parametrize("path", ["title", "newField"])
def test_columns_and_fields_must_agree(snapshot, path):
    """Rows whose columns are not those of the fields are refused."""
    metadata = snapshot.metadata()
    metadata["fields"] = [*metadata["fields"], {"name": "extra", "path": path, "kind": "int"}]
    with pytest.raises(ValueError, match="differ"):
        Snapshot.from_table(snapshot.table, metadata)


def test_folder(tmp_path):
    """Snapshots of each host and profile have a folder of their own, beside the token."""
    settings = Settings(linkname="acme", token_cache=tmp_path)
    assert snapshot_folder(settings, "boss") == tmp_path / "snapshots" / "acme.salesmate.io" / "boss"
    local = Settings(api_url="http://127.0.0.1:8000/x", token_cache=tmp_path)
    assert snapshot_folder(local, "default").parent.name == "127.0.0.1_8000_x"
