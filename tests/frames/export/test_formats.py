"""Frames written for other programs: CSV and JSON in UTF-8, Parquet and Excel."""

from __future__ import annotations

import csv
import io
import json
import os

import pandas as pd
import pytest

from salesmate_nb._frames.export.formats import FORMATS, write_frame

ODD = ["Łódź", "a\rb", "c\nd", "e\r\nf", 'g"h', "i,j", "", "日本"]


@pytest.fixture
def frame():
    titles = pd.Series(ODD, dtype="str")
    when = pd.Series(pd.Timestamp("2026-01-31 09:00", tz="UTC")).repeat(len(ODD)).array
    return pd.DataFrame({"id": pd.array(range(len(ODD)), "Int64"), "title": titles, "created_at": when})


def written(frame, kind, **options):
    file = io.BytesIO()
    write_frame(frame, kind, file, **options)
    assert not file.closed
    return file.getvalue()


@pytest.mark.parametrize("system", ["\n", "\r\n"])
def test_csv(frame, monkeypatch, system):
    """CSV is RFC 4180 on every system: CRLF after each row, and a value with any line break is quoted."""
    monkeypatch.setattr(os, "linesep", system)
    rows = list(csv.reader(io.StringIO(written(frame, "csv").decode("utf-8"), newline="")))
    assert [row[1] for row in rows] == ["title", *ODD]
    assert written(frame.iloc[1:3, 1:2], "csv") == b'title\r\n"a\rb"\r\n"c\nd"\r\n'


def test_escaped_csv():
    """CSV for a spreadsheet has no text taken for a formula, and the mark by which Excel knows UTF-8."""
    frame = pd.DataFrame({"title": ["=1+1"], "deal_value": [-1.0]})
    assert written(frame, "csv") == b"title,deal_value\r\n=1+1,-1.0\r\n"
    assert written(frame, "csv", is_escaped=True) == b"\xef\xbb\xbftitle,deal_value\r\n'=1+1,-1.0\r\n"


def test_json(frame):
    """JSON is UTF-8, with dates in ISO 8601."""
    rows = json.loads(written(frame, "json"))
    assert [row["title"] for row in rows] == ODD
    assert rows[0]["created_at"].startswith("2026-01-31T09:00:00")
    assert "日本".encode() in written(frame, "json")


def test_parquet(frame):
    """Parquet gives the same frame back."""
    back = pd.read_parquet(io.BytesIO(written(frame, "parquet")))
    assert back.dtypes.astype("str").equals(frame.dtypes.astype("str"))
    pd.testing.assert_frame_equal(back.astype(frame.dtypes.to_dict()), frame)  # UTC may be another object


@pytest.mark.parametrize("kind", FORMATS)
def test_no_rows(frame, kind):
    """A frame without rows has its columns, and in JSON is an empty list."""
    content = written(frame.head(0), kind)
    if kind == "json":
        assert json.loads(content) == []
    else:
        read = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}[kind]
        assert list(read(io.BytesIO(content)).columns) == list(frame.columns)
