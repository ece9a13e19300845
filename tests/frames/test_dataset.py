"""Parquet datasets: written page by page, and opened by pandas, DuckDB, Polars and Dask."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from salesmate_nb import IncompleteRead, SalesmateError, Settings, connect, sandbox
from salesmate_nb._frames import dataset
from salesmate_nb.resources.base import Field
from salesmate_nb.sandbox import ScriptedResponse
from tests.helpers import posix

GROWTH = r"""
import re, sys
from pathlib import Path
from salesmate_nb import Settings, connect
from salesmate_nb._frames import dataset

url, linkname, key, folder, cache = sys.argv[1:]
account = Settings(api_url=url, linkname=linkname, access_token=key, token_cache=cache, calls_per_hour=9999)
connection = connect(account)
connection.deals_df(limit=250)
dataset._ROWS = 5_000
peak = lambda: int(re.search(r"VmHWM:\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1])
before = peak()
rows = connection.write_dataset("deals", folder, progress=False)
print(rows, peak() - before)
"""


@pytest.fixture(scope="module")
def box():
    """Serve an account that no test changes."""
    with sandbox.start(deals=600, seed=2, api="v4", behavior="kind") as running:
        yield running


@pytest.fixture
def connection(box):
    """Connect over v4, by the Session Key."""
    return by_key(box)


def by_key(box):
    account = {
        "api_url": box.url,
        "linkname": box.linkname,
        "session_key": box.session_key,
        "timezone": "UTC",
    }
    return connect(Settings(token_cache=box.settings.token_cache, **account))


@pytest.mark.parametrize("partition_by", [(), "status", ["status", "currency"]])
def test_open_dataset_in_other_tools(connection, tmp_path, partition_by):
    """pandas, DuckDB, Polars and Dask find each deal once, with the values of a frame."""
    import dask.dataframe
    import duckdb
    import polars as pl

    frame = connection.deals_df()
    folder = tmp_path / "deals"
    assert connection.write_dataset("deals", folder, partition_by=partition_by) == len(frame)
    total = frame.loc[frame["status"] == "Won", "deal_value"].sum()

    files = f"read_parquet('{folder}/**/*.parquet', hive_partitioning=true)"
    query = f"SELECT count(*), count(DISTINCT id), sum(deal_value) FILTER (status = 'Won') FROM {files}"
    rows, distinct, won = duckdb.sql(query).fetchall()[0]
    assert (rows, distinct) == (len(frame), len(frame))
    assert won == pytest.approx(total)

    lazy = dask.dataframe.read_parquet(folder)
    assert len(lazy) == len(frame)
    assert lazy[lazy["status"].astype("str") == "Won"]["deal_value"].sum().compute() == pytest.approx(total)

    scanned = pl.scan_parquet(folder / "**" / "*.parquet", hive_partitioning=True)
    won = scanned.filter(pl.col("status").cast(pl.String) == "Won").select("deal_value").sum()
    assert won.collect().item() == pytest.approx(total)

    back = pd.read_parquet(folder).sort_values("id").reset_index(drop=True)
    assert set(back.columns) == set(frame.columns)
    assert list(back["id"]) == list(frame["id"])
    pd.testing.assert_series_equal(back["created_at"], frame["created_at"], check_dtype=False)


def test_open_snapshot_in_other_tools(connection):
    """A snapshot is plain Parquet: the whole frame, with the column names it has in pandas."""
    import dask.dataframe
    import duckdb
    import polars as pl

    frame = connection.deals_df(refresh="full")
    (path,) = connection.settings.token_cache.rglob("deals.parquet")
    assert duckdb.sql(f"SELECT count(*), max(id) FROM '{path}'").fetchall() == [
        (len(frame), frame["id"].max())
    ]
    assert pl.read_parquet(path)["deal_value"].sum() == pytest.approx(frame["deal_value"].sum())
    assert len(dask.dataframe.read_parquet(path)) == len(frame)
    assert list(pd.read_parquet(path)["title"]) == list(frame["title"])
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("of", ["contacts", "companies", "activities"])
def test_other_resources(connection, tmp_path, of):
    """Contacts, companies and activities can be written too."""
    rows = connection.write_dataset(of, tmp_path / of)
    assert rows == len(getattr(connection, f"{of}_df")()) == len(pd.read_parquet(tmp_path / of))


@posix
def test_folder_is_private(connection, tmp_path):
    """Customers' data are in a folder that only this user can enter."""
    connection.write_dataset("deals", tmp_path / "deep" / "deals")
    assert stat.S_IMODE((tmp_path / "deep" / "deals").stat().st_mode) == 0o700


@posix
def test_new_folders_above_are_private(connection, tmp_path):
    """Folders that are created above the dataset are private too, whatever the umask."""
    old = os.umask(0)
    try:
        connection.write_dataset("deals", tmp_path / "a" / "b" / "deals")
    finally:
        os.umask(old)
    folders = (tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "deals")
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 3


def test_invalid_arguments(connection, tmp_path):
    """If the folder exists, or a column does not, nothing is written."""
    (tmp_path / "there").mkdir()
    (tmp_path / "file").touch()
    for match, path, options in (
        ("exists already", "there", {}),
        (r"no column 'x'\. There are: id, title, ", "new", {"partition_by": "x"}),
        ("cannot be written", "file/new", {}),
        (r"Variables such as \$HOME are not replaced", "$HOME", {}),
    ):
        with pytest.raises(SalesmateError, match=match):
            connection.write_dataset("deals", tmp_path / path, **options)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "work") == ["file", "there"]


def test_home_folder(tmp_path, monkeypatch):
    """A path may begin with ~, for the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    dataset.write(Path("~/deals"), [], [])
    assert (tmp_path / "deals" / "part-0.parquet").exists()


def test_failed_read_leaves_no_folder(tmp_path):
    """The folder appears when all is written, or not at all."""
    with sandbox.start(deals=1500, behavior="kind") as box:
        connection = by_key(box)
        real = [ScriptedResponse(real=True)] * 4
        box.script("/apis/deal/v4/search", *real, *[ScriptedResponse(status=403)] * 40)
        with pytest.raises(SalesmateError, match="403"):
            connection.write_dataset("deals", tmp_path / "deals")
        box.unscript()
        total = b'{"Status": "success", "Data": {"data": [], "totalRows": 9}}'
        box.script("/apis/deal/v4/search", *[ScriptedResponse(body=total)] * 40)
        with pytest.raises(IncompleteRead):
            connection.write_dataset("deals", tmp_path / "deals")
    assert [path.name for path in tmp_path.iterdir() if "deals" in path.name] == []


ODD = [
    None,
    "a/b",
    "..",
    ".",
    "Zürich 北京",
    "x=y",
    "100%",
    "%2F",
    "a\\b",
    "two\nlines",
    "'q'",
    '"d"',
    "x" * 200,
    "1",
]


def test_partitions_of_odd_values(tmp_path):
    """The folder of any value stays inside the dataset, and other tools read the same value."""
    import dask.dataframe
    import duckdb

    deals = [{"id": number, "title": "A", "source": source} for number, source in enumerate(ODD * 2, 1)]
    for deal in deals:
        deal |= {"createdAt": "2026-01-01T00:00:00Z", "lastModifiedAt": "2026-01-01T00:00:00Z"}
    (tmp_path / "deals.json").write_text(json.dumps(deals))
    folder = tmp_path / "deals"
    with sandbox.start(data=tmp_path / "deals.json", behavior="kind") as box:
        by_key(box).write_dataset("deals", folder, partition_by=["source", "source"])
    assert len(list(folder.iterdir())) == len(ODD)
    files = f"read_parquet('{folder}/*/*.parquet', hive_partitioning=true, hive_types_autocast=false)"
    by_duckdb = duckdb.sql(f"SELECT source FROM {files} ORDER BY id").fetchall()
    assert [source for (source,) in by_duckdb] == ODD * 2
    named = ds.partitioning(pa.schema([("source", pa.string())]), flavor="hive")
    by_pandas = pd.read_parquet(folder, partitioning=named).sort_values("id")["source"]
    assert [None if pd.isna(source) else source for source in by_pandas] == ODD * 2
    assert len(dask.dataframe.read_parquet(folder)) == len(ODD) * 2


def test_empty_account(tmp_path):
    """A dataset without rows has all columns."""
    with sandbox.start(deals=0, behavior="kind") as box:
        connection = by_key(box)
        assert connection.write_dataset("deals", tmp_path / "deals") == 0
        assert list(pd.read_parquet(tmp_path / "deals").columns) == list(connection.deals_df().columns)


def test_pages_are_written_while_reading(tmp_path, monkeypatch):
    """Rows are on disk before the next pages are read, and never more than a part is held."""
    monkeypatch.setattr(dataset, "_ROWS", 500)
    files_by_page = []

    def pages():
        for start in range(0, 2000, 250):
            files_by_page.append(len(list(tmp_path.rglob("*.parquet"))))
            yield pa.RecordBatch.from_pydict({"id": pa.array(range(start, start + 250), pa.int64())})

    field = Field(name="id", path="id", kind="int")
    assert dataset.write(tmp_path / "deals", [field], pages()) == 2000
    assert files_by_page == [0, 0, 1, 1, 2, 2, 3, 3]
    assert sorted(pd.read_parquet(tmp_path / "deals")["id"]) == list(range(2000))


@pytest.mark.slow
def test_memory_stays_constant(tmp_path):
    """Six times as many deals take hardly more memory, since pages are written as they are read."""
    grown = {}
    for count in (6_000, 36_000):
        with sandbox.start(deals=count, behavior="kind") as box:
            done = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    GROWTH,
                    box.url,
                    box.linkname,
                    box.session_key,
                    tmp_path / str(count),
                    tmp_path / "keys",
                ],
                capture_output=True,
                text=True,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        rows, grown[count] = map(int, done.stdout.split())
        assert rows == count
    assert grown[36_000] < grown[6_000] + 20_000  # kilobytes; as a table the rows would take 36,000 more


def test_oauth_login_writes_a_dataset(box, tmp_path):
    """A login by OAuth can write too, not only a Session Key."""
    connection = connect(box)
    assert dataclasses.asdict(box.settings)["linkname"] == box.linkname
    assert connection.write_dataset("deals", tmp_path / "deals") == 600
