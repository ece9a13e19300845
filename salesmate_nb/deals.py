"""Deals: from what is wanted to raw records, or to a typed frame."""

from __future__ import annotations

import difflib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

import pandas as pd
import pyarrow as pa
from tqdm.auto import tqdm

from salesmate_nb import search
from salesmate_nb.audience import Audience, audience
from salesmate_nb.errors import SalesmateError
from salesmate_nb.filters import Filters
from salesmate_nb.frame import PageReader, assemble, to_pandas
from salesmate_nb.schema import DEAL_FIELDS, Field, custom_field
from salesmate_nb.settings import Settings


class Deals:
    """The deals of one account.

    Parameters
    ----------
    call : callable
        Makes one authorised call and returns the JSON it got.
    settings : Settings
        A linkname in them means the v4 search, none means v1; and the zone of dates without one.
    """

    def __init__(self, call: search.Call, settings: Settings) -> None:
        self._call = call
        self._settings = settings
        self._custom: list[Field] | None = None

    def records(
        self, filters: Filters, *, limit: int | None = None, progress: bool | None = None
    ) -> Iterator[search.Record]:
        """Yield wanted deals as the server sent them, page by page."""
        reader = PageReader(
            _named(("id", *filters.columns), DEAL_FIELDS), timezone=self._settings.timezone, discover=False
        )
        for records, _ in self._wanted(filters, self._fields(), reader, limit, progress):
            yield from records

    def frame(
        self,
        filters: Filters,
        *,
        columns: Sequence[str] | None = None,
        limit: int | None = None,
        progress: bool | None = None,
    ) -> pd.DataFrame:
        """Read wanted deals into a frame; ``attrs["salesmate"]["unreadable"]`` counts what did not fit."""
        known = self._fields()
        fields = known if columns is None else _named(("id", *filters.columns, *columns), known)
        reader = PageReader(fields, timezone=self._settings.timezone, discover=columns is None)
        table = assemble(reader, [rows for _, rows in self._wanted(filters, fields, reader, limit, progress)])
        frame = to_pandas(table if columns is None else table.select(list(columns)))
        frame.attrs["salesmate"] = {"unreadable": dict(reader.unreadable)}
        return frame

    def _wanted(
        self,
        filters: Filters,
        fields: Sequence[Field],
        reader: PageReader,
        limit: int | None,
        progress: bool | None,  # noqa: FBT001 - private, and as the public methods have it
    ) -> Iterator[tuple[list[search.Record], pa.RecordBatch]]:
        """Yield of each page the wanted records and their typed rows, `limit` rows in all."""
        left = limit
        if left == 0:
            return
        with closing(self._pages(filters, fields, limit)) as pages, _bar(progress) as bar:
            for page in pages:
                bar.total = page.total if limit is None else limit
                rows = reader.read(page.records)
                keep = [number for number, wanted in enumerate(filters.mask(rows)) if wanted][:left]
                bar.update(len(page.records) if limit is None else len(keep))
                yield [page.records[number] for number in keep], rows.take(pa.array(keep, pa.int64()))
                if left is not None:
                    left -= len(keep)
                    if left <= 0:
                        return

    def _pages(self, filters: Filters, fields: Sequence[Field], limit: int | None) -> Generator[search.Page]:
        if self._settings.linkname is None:
            return search.pages_v1(self._call)
        rows = search.PAGE if limit is None or filters.columns else min(limit, search.PAGE)
        return search.pages(self._call, filters, [field.path for field in fields], rows=rows)

    def _fields(self) -> list[Field]:
        """Return the schema's fields, and over v4 the account's custom ones; v1's are met while reading."""
        if self._settings.linkname is None:
            return list(DEAL_FIELDS)
        if self._custom is None:
            self._custom = [custom_field(name) for name in search.custom_fields(self._call)]
        return [*DEAL_FIELDS, *self._custom]


def _named(names: Sequence[str], known: Sequence[Field]) -> list[Field]:
    by_name = {field.name: field for field in known}
    for name in names:
        if name not in by_name:
            close = difflib.get_close_matches(name, by_name, n=1)
            advice = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(by_name)}."
            raise SalesmateError(f"columns: there is no column {name!r}. {advice}")
    return [by_name[name] for name in dict.fromkeys(names)]


def _bar(progress: bool | None) -> tqdm[Any]:  # noqa: FBT001 - as the public methods have it
    shown = audience() is not Audience.NOBODY if progress is None else progress
    return tqdm(desc="deals", unit=" deals", disable=not shown, leave=False)
