"""The history folder: what each refresh writes, what is read back, and what a cut-off one leaves."""

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salesmate_nb._history.events import TIMESTAMP, compare
from salesmate_nb._history.folder import HistoryFolder
from salesmate_nb.errors import SalesmateError
from tests.helpers import is_private

START = dt.datetime(2026, 1, 1, 6, tzinfo=dt.UTC)
FIELDS = {"id": "id", "stage": "stage", "created_at": "createdAt", "last_modified_at": "lastModifiedAt"}


def day(number):
    """Return the time of a refresh."""
    return START + dt.timedelta(days=number)


def state(number, count=40):
    """Return the deals on a day: one more edited each day."""
    stages = [f"stage {number}" if row < number else "new" for row in range(count)]
    times = [day(number) if row < number else START for row in range(count)]
    ids = pa.array(range(count), pa.int64())
    created = pa.array([START] * count, TIMESTAMP)
    return pa.table(
        {"id": ids, "stage": stages, "created_at": created, "last_modified_at": pa.array(times, TIMESTAMP)}
    )


@pytest.fixture
def history(tmp_path):
    """Return a folder with the first state alone."""
    folder = HistoryFolder(tmp_path, "deals", {"host": "acme"})
    folder.begin(state(0), FIELDS, day(0))
    return folder


def refresh(history, number):
    """Record the refresh of a day, without compaction."""
    events = compare(state(number - 1), state(number), day(number), day(number - 1))
    history.append(number, events, FIELDS, day(number))


def test_each_day_is_as_it_was(history):
    """The state of each day is that of its last refresh, before and after parts were merged."""
    for number in range(1, 21):
        refresh(history, number)
        history.compact(number, FIELDS)
    loaded = history.load(20, FIELDS)
    assert loaded.since == day(0)
    assert loaded.refreshes == tuple(map(day, range(21)))
    for number in range(21):
        at = day(number) + dt.timedelta(hours=5)
        assert loaded.report(at)["read_at"] == day(number).isoformat()
        assert loaded.as_of(at, state(0).schema).equals(state(number))
    assert len(list(history.path.iterdir())) < 8


def test_refresh_that_was_cut_off(history):
    """Events of a refresh that no snapshot counts are not read, and replaced by those of the next one."""
    refresh(history, 1)
    refresh(history, 2)  # its snapshot was not written
    at = day(9)
    assert history.load(1, FIELDS).as_of(at, state(0).schema).equals(state(1))
    events = compare(state(1), state(5), day(5), day(1))
    history.append(2, events, FIELDS, day(5))
    assert history.load(2, FIELDS).as_of(at, state(0).schema).equals(state(5))
    assert history.load(2, FIELDS).refreshes == (day(0), day(1), day(5))


def test_compaction_that_was_cut_off(history):
    """Parts that were merged, but not removed yet, are not read twice."""
    for number in (1, 2, 3):
        refresh(history, number)
    kept = {path.name: path.read_bytes() for path in history.path.iterdir()}
    history.compact(3, FIELDS)
    for name, content in kept.items():
        (history.path / name).write_bytes(content)
    assert history.load(3, FIELDS).refreshes == tuple(map(day, range(4)))
    history.compact(3, FIELDS)
    assert sorted(path.name for path in history.path.iterdir()) == [
        "000001-000003.parquet",
        "baseline.parquet",
    ]


def test_history_of_somebody_else(history, tmp_path):
    """The history of another account, or none, is not read."""
    assert HistoryFolder(tmp_path, "deals", {"host": "other"}).load(None, FIELDS) is None
    assert HistoryFolder(tmp_path, "contacts", {"host": "acme"}).load(None, FIELDS) is None


def test_renamed_column(history):
    """A column that was renamed since has its name of today in all that is returned."""
    refresh(history, 1)
    today = {{"stage": "phase"}.get(name, name): path for name, path in FIELDS.items()}
    loaded = history.load(1, today)
    assert loaded.first.column_names == list(today)
    assert set(loaded.events["field"].to_pylist()) == {"phase", "last_modified_at"}


def test_public_format(history):
    """The files are private, and Parquet of the documented columns."""
    refresh(history, 1)
    path = history.path / "000001-000001.parquet"
    assert is_private(path)
    assert pq.read_table(path).to_pylist()[0] == {
        "id": 0,
        "field": "stage",
        "old": "new",
        "new": "stage 1",
        "changed_at": day(1),
        "seen_at": day(1),
    }


def test_damaged_part(history):
    """A damaged part is an error that names the file, and never a shorter history."""
    refresh(history, 1)
    (history.path / "000001-000001.parquet").write_bytes(b"PAR1")
    with pytest.raises(SalesmateError, match=r"000001-000001\.parquet cannot be read"):
        history.load(1, FIELDS)
    refresh(history, 2)
    history.compact(2, FIELDS)  # leaves it for somebody who can repair it
    assert (history.path / "000001-000001.parquet").read_bytes() == b"PAR1"


def test_damaged_baseline(history):
    """A damaged first state is moved aside with all that followed, so that a new history can begin."""
    (history.path / "baseline.parquet").write_bytes(b"PAR1")
    with pytest.warns(UserWarning, match=r"deals\.history\.damaged"):
        assert not history.exists()
    assert not history.path.exists()
    history.begin(state(3), FIELDS, day(3))
    assert history.exists()
    assert history.load(0, FIELDS).since == day(3)
