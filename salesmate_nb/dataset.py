"""Typed pages to a folder of Parquet files, in constant memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from salesmate_nb.errors import SalesmateError
from salesmate_nb.frame import schema
from salesmate_nb.schema import Field

_GROUP = 50_000  # rows that are written together, at most
_LEAST = 5_000  # and at least, where a partition has so many
_FILE = 1_000_000  # rows of a file


def write(
    path: Path, fields: Sequence[Field], pages: Iterable[pa.RecordBatch], *, partition_by: Sequence[str] = ()
) -> int:
    """Write pages to a folder that appears when all are written.

    Parameters
    ----------
    path : Path
        The folder.
    fields : sequence of Field
        What the pages hold.
    pages : iterable of pyarrow.RecordBatch
        Taken one at a time.
    partition_by : sequence of str
        Columns whose values become folders.

    Returns
    -------
    int
        The number of rows.

    Raises
    ------
    SalesmateError
        Where the folder exists, a column does not, or the disk refuses.
    """
    columns = schema(fields)
    if path.exists():
        raise SalesmateError(f"{path} exists already. Name a new folder, or remove that one.")
    if unknown := [name for name in partition_by if name not in columns.names]:
        raise SalesmateError(f"partition_by: there is no column {unknown[0]!r}. There are: {columns.names}.")
    rows = _Counted(pages)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as made:
            whole = Path(made) / path.name
            whole.mkdir(mode=0o700)
            ds.write_dataset(
                pa.RecordBatchReader.from_batches(columns, rows),
                whole,
                format="parquet",
                file_options=ds.ParquetFileFormat().make_write_options(compression="zstd"),
                partitioning=list(partition_by) or None,
                partitioning_flavor="hive" if partition_by else None,
                min_rows_per_group=_LEAST,
                max_rows_per_group=_GROUP,
                max_rows_per_file=_FILE,
            )
            if not rows.count:  # the columns all the same
                pq.write_table(columns.empty_table(), whole / "part-0.parquet")
            whole.replace(path)
    except OSError as err:
        raise SalesmateError(
            f"{path} cannot be written ({err.strerror or err}). Name another folder."
        ) from err
    return rows.count


class _Counted:
    """Counts rows as they go by."""

    def __init__(self, pages: Iterable[pa.RecordBatch]) -> None:
        self._pages = pages
        self.count = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for page in self._pages:
            self.count += page.num_rows
            yield page
