"""Excel files, as openpyxl reads them: rows, types, formats, and what a sheet cannot hold."""

from __future__ import annotations

import datetime as dt
import io
import sys

import openpyxl
import pandas as pd
import pytest

from salesmate_nb._frames.export import excel
from salesmate_nb._frames.export.excel import write_excel
from salesmate_nb.errors import SalesmateError

REPORT = {"host": "https://acme.salesmate.io", "resource": "deals", "timezone": "Europe/Berlin"}


def book_of(frame, **options):
    """Write a frame, and return the workbook as an independent program reads it."""
    file = io.BytesIO()
    write_excel(frame, file, **options)
    return openpyxl.load_workbook(file)


def cells_of(frame):
    """Return the cells of the only column of a frame."""
    return [cell for (cell,) in book_of(frame).worksheets[0].iter_rows(min_row=2)]


@pytest.fixture
def deals():
    frame = pd.DataFrame(
        {
            "id": pd.array([1001, 1002, 1003], "Int64"),
            "title": pd.Series(["Renewal", "日本", None], dtype="str"),
            "status": pd.Categorical(["Won", None, "Open"]),
            "deal_value": [1234567.891, float("nan"), -3.5],
            "created_at": pd.to_datetime(["2026-01-31T23:30Z", "2026-07-01T12:00Z", None]),
            "estimated_close_date": pd.to_datetime(["2026-01-31T23:00Z", "2026-06-30T22:00Z", None]),
            "is_big": pd.array([True, False, None], "boolean"),
        }
    )
    frame.attrs["salesmate"] = REPORT
    return frame


def test_rows_and_types(deals):
    """Ids are numbers, times are real dates of the account's zone, and what is missing is empty."""
    header, *rows = book_of(deals).worksheets[0].iter_rows(values_only=True)
    assert header == tuple(deals.columns)
    assert rows == [
        (1001, "Renewal", "Won", 1234567.891, dt.datetime(2026, 2, 1, 0, 30), dt.datetime(2026, 2, 1), True),
        (1002, "日本", None, None, dt.datetime(2026, 7, 1, 14), dt.datetime(2026, 7, 1), False),
        (1003, None, "Open", -3.5, None, None, None),
    ]


def test_look(deals):
    """Money has thousands and two decimals, days have no time; the header stays in view, with filters."""
    sheet = book_of(deals).worksheets[0]
    formats = [cell.number_format for cell in sheet[2]]
    assert formats == ["General"] * 3 + ["#,##0.00", "yyyy-mm-dd hh:mm", "yyyy-mm-dd", "General"]
    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == ("Deals", "A2", "A1:G4")
    assert sheet.column_dimensions["E"].width > len("2026-02-01 00:30")


def test_where_and_when_from(deals):
    """The second sheet says where the rows are from, and in which zone the times are."""
    about = dict(book_of(deals, timezone="Asia/Tokyo")["About"].iter_rows(values_only=True))
    assert about["Source"] == "https://acme.salesmate.io"
    assert about["Time zone"].startswith("Asia/Tokyo")


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")'])
def test_no_formula(text):
    """A text that begins like a formula is a text, and stays one after somebody edits the cell."""
    for cell in (
        *cells_of(pd.DataFrame({"title": [text]})),
        book_of(pd.DataFrame({text: [1]})).worksheets[0]["A1"],
    ):
        assert (cell.data_type, cell.quotePrefix) == ("s", True)
        assert cell.value.strip() == text.strip()


def test_link():
    """A deal's page is a link; an address elsewhere is a text."""
    url = "https://acme.salesmate.io/#/app/deals/7/detail"
    (link,) = cells_of(pd.DataFrame({"deal_url": [url]}))
    (text,) = cells_of(pd.DataFrame({"website": [url]}))
    assert f"{link.hyperlink.target}#{link.hyperlink.location}" == link.value == text.value == url
    assert text.hyperlink is None


def test_long_link():
    """An address too long for a link is a text."""
    (text,) = cells_of(pd.DataFrame({"deal_url": ["https://acme.example/" + "x" * 3_000]}))
    assert (text.hyperlink, len(text.value)) == (None, 3_021)


def test_more_links_than_excel_allows(monkeypatch):
    """Beyond what Excel allows, an address is a text."""
    monkeypatch.setattr(excel, "_MOST_LINKS", 1)
    first, second = cells_of(pd.DataFrame({"deal_url": ["https://a.example/1", "https://a.example/2"]}))
    assert (first.hyperlink is None, second.hyperlink, second.value) == (False, None, "https://a.example/2")


def test_control_characters():
    """Characters that XML does not have are written in the way of Excel, which shows them."""
    (cell,) = cells_of(pd.DataFrame({"title": ["a\x00b\x0bc\ufffe"]}))
    assert cell.value == "a_x0000_b_x000B_c_xFFFE_"


def test_long_text():
    """A text that a cell cannot hold is an error that says where, and what to do; one that fits is whole."""
    (cell,) = cells_of(pd.DataFrame({"description": ["x" * 32_767]}))
    assert len(cell.value) == 32_767
    for text in ("x" * 32_768, "\U0001f600" * 16_384):
        with pytest.raises(SalesmateError, match=r"^description, row 2, has a text of .* 32,767\. Leave"):
            write_excel(pd.DataFrame({"description": ["short", text]}), io.BytesIO())


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (pd.DataFrame(index=range(1_048_576)), "1,048,576 rows, and a sheet of Excel holds 1,048,575"),
        (pd.DataFrame(columns=range(16_385)), "16,385 columns, and a sheet of Excel holds 16,384"),
    ],
)
def test_too_large(frame, what):
    """More rows or columns than a sheet holds are an error, not a shorter sheet."""
    with pytest.raises(SalesmateError, match=what):
        write_excel(frame, io.BytesIO())


def test_rows_in_pieces(monkeypatch):
    """Rows are written in pieces, none lost at the seams."""
    monkeypatch.setattr(excel, "_ROWS", 3)
    assert [cell.value for cell in cells_of(pd.DataFrame({"id": range(8)}))] == list(range(8))


def test_labels_of_rows():
    """The labels of groups and of other rows are written; numbers without a name are not."""
    frame = pd.DataFrame({"stage": ["New", "New", "Demo"], "value": [1.0, 2.0, 4.0]})
    for labelled, rows in (
        (frame.groupby("stage").sum(), [("stage", "value"), ("Demo", 4), ("New", 3)]),
        (frame.agg({"value": ["min", "max"]}), [("", "value"), ("min", 1), ("max", 4)]),
        (frame[["value"]].iloc[[2]], [("value",), (4,)]),
        (pd.DataFrame({"a": [5]}, pd.MultiIndex.from_tuples([("x", 1)])), [("", "", "a"), ("x", 1, 5)]),
    ):
        assert list(book_of(labelled).worksheets[0].iter_rows(values_only=True)) == rows


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"id": pd.array([], "Int64")})])
def test_empty(frame):
    """A frame without rows has its header, and one without columns is an empty sheet."""
    rows = [row for row in book_of(frame).worksheets[0].iter_rows(values_only=True) if any(row)]
    assert rows == ([("id",)] if len(frame.columns) else [])


def test_odd_columns():
    """Column names that repeat, are numbers or have several levels are written as text."""
    frame = pd.DataFrame([[1, 2, 3]], columns=pd.Index(["a", "a", 7], dtype=object))
    levels = pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("value", "EUR")]))
    assert [cell.value for cell in book_of(frame).worksheets[0][1]] == ["a", "a", "7"]
    assert book_of(levels).worksheets[0]["A1"].value == "value EUR"


def test_without_the_extra(monkeypatch):
    """Without XlsxWriter, the error says what to install."""
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(SalesmateError, match=r'pip install "salesmate-nb\[excel\]"'):
        write_excel(pd.DataFrame(), io.BytesIO())


def test_nothing_left_behind(monkeypatch, tmp_path):
    """The rows that are kept on disk along the way are removed, also after an error."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    write_excel(pd.DataFrame({"id": [1]}), io.BytesIO())
    with pytest.raises(SalesmateError):
        write_excel(pd.DataFrame({"a": ["x" * 40_000]}), io.BytesIO())
    assert not list(folder.iterdir())
