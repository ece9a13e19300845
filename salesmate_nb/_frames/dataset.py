"""Typed pages to a folder of Parquet files, in constant memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from salesmate_nb._frames.arrow import arrow_schema
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources.base import Field

_ROWS = 50_000  # rows that are held, and written together: to a file, or one for each partition


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
    columns = arrow_schema(fields)
    if path.exists():
        raise SalesmateError(f"{path} exists already. Name a new folder, or remove that one.")
    if unknown := [name for name in partition_by if name not in columns.names]:
        raise SalesmateError(f"partition_by: there is no column {unknown[0]!r}. There are: {columns.names}.")
    how = {
        "format": "parquet",
        "file_options": ds.ParquetFileFormat().make_write_options(compression="zstd"),
        "partitioning": list(dict.fromkeys(partition_by)) or None,
        "partitioning_flavor": "hive" if partition_by else None,
        "existing_data_behavior": "overwrite_or_ignore",  # each part has names of its own
    }
    rows = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as made:
            whole = Path(made) / path.name
            whole.mkdir(mode=0o700)
            for number, part in enumerate(_parts(columns, pages)):
                ds.write_dataset(part, whole, basename_template=f"part-{number}-{{i}}.parquet", **how)
                rows += part.num_rows
            if not rows:  # the columns all the same
                pq.write_table(columns.empty_table(), whole / "part-0.parquet")
            whole.replace(path)
    except OSError as err:
        raise SalesmateError(
            f"{path} cannot be written ({err.strerror or err}). Name another folder."
        ) from err
    return rows


def _parts(columns: pa.Schema, pages: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Put pages together into parts; Arrow's own writer would take them faster than the disk does."""
    held: list[pa.RecordBatch] = []
    for page in pages:
        held.append(page)
        if sum(one.num_rows for one in held) >= _ROWS:
            yield pa.Table.from_batches(held, columns)
            held = []
    if held:
        yield pa.Table.from_batches(held, columns)
