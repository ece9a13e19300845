"""Typed pages to a folder of Parquet files, in constant memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from salesmate_nb._base import files
from salesmate_nb._base.validators import expanded
from salesmate_nb._frames.arrow import arrow_schema
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources.base import Field

_ROWS = 50_000  # rows held in memory and written together: to one file, or one file per partition


def write(
    path: Path, fields: Sequence[Field], pages: Iterable[pa.RecordBatch], *, partition_by: Sequence[str] = ()
) -> int:
    """Write pages to a folder that appears once all are written.

    Parameters
    ----------
    path : Path
        The folder; it must not exist. It may begin with ``~``.
    fields : sequence of Field
        The columns of the pages.
    pages : iterable of pyarrow.RecordBatch
        Consumed one at a time.
    partition_by : sequence of str
        Columns whose values become folders.

    Returns
    -------
    int
        The number of rows.

    Raises
    ------
    SalesmateError
        If the folder exists, has a variable such as ``$HOME`` in its name, or the disk refuses.
    """
    schema = arrow_schema(fields)
    path = expanded("path", str(path))
    if os.path.lexists(path):
        raise SalesmateError(f"{path} exists already. Name a new folder, or remove that one.")
    options: dict[str, Any] = {
        "format": "parquet",
        "file_options": ds.ParquetFileFormat().make_write_options(compression="zstd"),
        "partitioning": list(dict.fromkeys(partition_by)) or None,
        "partitioning_flavor": "hive" if partition_by else None,
        "existing_data_behavior": "overwrite_or_ignore",  # each part's files have names of their own
    }
    rows = 0
    try:
        files.make_folder(path.parent)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
            folder = Path(temporary) / path.name
            folder.mkdir(mode=0o700)
            for number, part in enumerate(_parts(schema, pages)):
                ds.write_dataset(part, folder, basename_template=f"part-{number}-{{i}}.parquet", **options)
                rows += part.num_rows
            if not rows:  # the columns can be read all the same
                pq.write_table(schema.empty_table(), folder / "part-0.parquet")
            folder.replace(path)
    except OSError as err:
        raise SalesmateError(f"{path} cannot be written ({files.reason(err)}). Name another folder.") from err
    return rows


def _parts(schema: pa.Schema, pages: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Combine pages into parts; Arrow's own writer would consume them faster than the disk writes."""
    held: list[pa.RecordBatch] = []
    for page in pages:
        held.append(page)
        if sum(batch.num_rows for batch in held) >= _ROWS:
            yield pa.Table.from_batches(held, schema)
            held = []
    if held:
        yield pa.Table.from_batches(held, schema)
