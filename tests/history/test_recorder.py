"""Recording: a history begins, goes on, and survives what happens to the snapshot beside it."""

import datetime as dt
import shutil
import warnings

import pyarrow as pa
import pytest

from salesmate_nb._history.events import TIMESTAMP
from salesmate_nb._history.folder import HistoryFolder
from salesmate_nb._history.recorder import NONE, State, record

FIELDS = {"id": "id", "stage": "stage", "created_at": "createdAt", "last_modified_at": "lastModifiedAt"}
LATER = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)


def day(number):
    """Return the time of a refresh."""
    return dt.datetime(2026, 3, number, 6, tzinfo=dt.UTC)


def state(number, *stages, fields=FIELDS):
    """Return the deals that a refresh on a day found."""
    times = pa.array([day(1)] * len(stages), TIMESTAMP)
    columns = [pa.array(range(len(stages)), pa.int64()), pa.array(stages, pa.string()), times, times]
    return State(table=pa.table(columns, names=list(fields)), fields=fields, read_at=day(number))


@pytest.fixture
def folder(tmp_path):
    return HistoryFolder(tmp_path, "deals", {"host": "acme"})


def stages(folder, number, at=LATER, fields=FIELDS):
    """Return the stages as of a time."""
    history = folder.load(number, fields)
    return history.as_of(at, state(1, fields=fields).table.schema).column(1).to_pylist()


def test_first_snapshot(folder):
    """A first snapshot is the first state."""
    assert record(folder, NONE, None, state(2, "Demo")) == 0
    assert folder.load(0, FIELDS).refreshes == (day(2),)


def test_snapshot_without_history(folder):
    """The snapshot of an earlier version is the first state, and what changed since is the first refresh."""
    assert record(folder, NONE, state(2, "Demo"), state(3, "Offer")) == 1
    assert stages(folder, 1, day(2)) == ["Demo"]
    assert stages(folder, 1) == ["Offer"]


def test_refresh_whose_snapshot_was_not_written(folder):
    """The next refresh takes the number of one that does not count."""
    record(folder, NONE, None, state(2, "Demo"))
    assert record(folder, 0, state(2, "Demo"), state(3, "lost in a crash")) == 1
    assert record(folder, 0, state(2, "Demo"), state(4, "Offer")) == 1
    assert [event["new"] for event in folder.load(1, FIELDS).events.to_pylist()] == ["Offer"]


@pytest.mark.parametrize("before", [None, state(2, "Demo")])
def test_lost_snapshot(folder, before):
    """If the snapshot was lost, or knows of no history, the history goes on from its own last state."""
    record(folder, NONE, None, state(2, "Demo"))
    record(folder, 0, state(2, "Demo"), state(3, "Offer"))
    assert record(folder, NONE, before, state(4, "Signed")) == 2
    assert [stages(folder, 2, day(number)) for number in (2, 3, 4)] == [["Demo"], ["Offer"], ["Signed"]]


def lose_the_end(path):
    """Leave what a download that was cut off leaves."""
    path.write_bytes(path.read_bytes()[:-100])


def lose_a_value(path):
    """Damage the rows, and neither length nor metadata."""
    content = path.read_bytes()
    path.write_bytes(content[:8] + bytes(8) + content[16:])


def test_lost_snapshot_and_damaged_part(folder):
    """If the snapshot was lost, the history goes on from its last state that can be read."""
    record(folder, NONE, None, state(2, "Demo"))
    for number, stage in enumerate(["Offer", "Signed", "Paid"]):
        record(folder, number, state(number + 2, "Demo"), state(number + 3, stage))
    lose_the_end(folder.path / "000002-000002.parquet")
    with pytest.warns(UserWarning, match=r"\d\.parquet is damaged.* renamed to unused") as warned:
        assert record(folder, NONE, None, state(6, "Closed")) == 2
    assert len(warned) == 2
    days = [stages(folder, 2, day(number)) for number in (2, 3, 5, 6)]
    assert days == [["Demo"], ["Offer"], ["Offer"], ["Closed"]]


def test_lost_snapshot_and_damaged_history(folder):
    """If the snapshot was lost, and the history cannot be read, that is set aside and a new one begins."""
    record(folder, NONE, None, state(2, "Demo"))
    record(folder, 0, state(2, "Demo"), state(3, "Offer"))
    lose_a_value(folder.path / "000001-000001.parquet")
    with pytest.warns(UserWarning, match=r"moved to deals\.history\.damaged"):
        assert record(folder, NONE, None, state(4, "Signed")) == 0
    assert stages(folder, 0) == ["Signed"]


def copy_as(*names):
    """Return what copies the newest file of a history under other names, as people and programs do."""
    return lambda path: [shutil.copy(path / "000002-000002.parquet", path / name) for name in names]


@pytest.mark.parametrize(
    ("stray", "renamed"),
    [
        (copy_as("000099-000099.parquet", "000003-000004.parquet", "000001-000009.parquet"), 3),
        (copy_as("000001-000001 (1).parquet", ".DS_Store", ".~lock.000001-000001.parquet#", "x.parquet"), 0),
        (copy_as("000003-000003.parquet"), 0),
        (lambda path: (path / "000003-000003.parquet").write_bytes(b"PAR1"), 1),
        (lambda path: (path / "000004-000004.parquet").mkdir(), 1),
    ],
    ids=["copies", "other names", "copy as the next", "cut off", "folder"],
)
@pytest.mark.parametrize("is_lost", [False, True], ids=["snapshot", "no snapshot"])
def test_files_of_others(folder, stray, renamed, is_lost):
    """A file that is not part of the history costs nothing of it, and is renamed if its name says it is."""
    record(folder, NONE, None, state(2, "Demo"))
    record(folder, 0, state(2, "Demo"), state(3, "Offer"))
    record(folder, 1, state(3, "Offer"), state(4, "Signed"))
    stray(folder.path)
    assert stages(folder, 2) == ["Signed"]
    before = (NONE, None) if is_lost else (2, state(4, "Signed"))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert record(folder, *before, state(5, "Paid")) == 3
    assert len(warned) == renamed == len(list(folder.path.glob("unused-*")))
    folder.compact(3, FIELDS)
    days = [stages(folder, 3, day(number)) for number in (2, 3, 4, 5)]
    assert days == [["Demo"], ["Offer"], ["Signed"], ["Paid"]]
    assert folder.load(3, FIELDS).events.num_rows == 3


def test_snapshot_from_a_backup(folder):
    """A snapshot that is older than the history costs none of it, and one that is newer lacks no change."""
    record(folder, NONE, None, state(2, "Demo"))
    record(folder, 0, state(2, "Demo"), state(3, "Offer"))
    record(folder, 1, state(3, "Offer"), state(4, "Signed"))
    folder.compact(2, FIELDS)
    assert record(folder, 0, state(2, "Demo"), state(5, "Paid")) == 3
    assert [stages(folder, 3, day(number)) for number in (2, 3, 4, 5)] == [
        ["Demo"],
        ["Offer"],
        ["Signed"],
        ["Paid"],
    ]
    assert record(folder, 7, state(6, "Closed"), state(7, "Closed")) == 4
    assert stages(folder, 4) == ["Closed"]


def test_clock_that_is_set_back(folder):
    """Each refresh is later than the one before, whatever the clock says."""
    record(folder, NONE, None, state(9, "Demo"))
    record(folder, 0, state(9, "Demo"), state(3, "Offer"))
    first, second = folder.load(1, FIELDS).refreshes
    assert first < second < day(10)
    assert stages(folder, 1) == ["Offer"]


def test_column_renamed_between_refreshes(folder):
    """A column that the account renamed is the same column: nothing changed in it."""
    today = {{"stage": "phase"}.get(name, name): path for name, path in FIELDS.items()}
    record(folder, NONE, None, state(2, "Demo"))
    record(folder, 0, state(2, "Demo"), state(3, "Demo", fields=today))
    assert folder.load(1, today).events.num_rows == 0
    assert stages(folder, 1, fields=today) == ["Demo"]


def test_label_of_a_removed_column(folder):
    """A column that takes the name of one that was removed has its own values, then and now."""
    before = state(2, "Demo")
    two = {"id": "id", "phase": "textCustomField1", **FIELDS}
    columns = [before.table.column("id"), pa.array(["old"]), *before.table.columns[1:]]
    first = State(table=pa.table(columns, names=list(two)), fields=two, read_at=day(2))
    record(folder, NONE, None, first)
    today = {{"stage": "phase"}.get(name, name): path for name, path in FIELDS.items()}
    assert record(folder, 0, first, state(3, "Offer", fields=today)) == 1
    assert [stages(folder, 1, day(number), fields=today) for number in (2, 3)] == [["Demo"], ["Offer"]]
