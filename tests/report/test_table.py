"""Tables for people."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from salesmate_nb import report
from salesmate_nb.errors import SalesmateError

FRAME = pd.DataFrame(
    {
        "owner_name": ["Ann", "Bo", None],
        "currency": ["EUR", "EUR", "USD"],
        "deals": [3, 1, 2],
        "value": [1200.0, 50.0, 7.0],
        "median_age_days": [9.0, 12.0, 30.0],
        "without_value": 0,
    }
)


def lines(table):
    """Return the words of each line of a table's text."""
    return [re.split(r"\s{2,}", line.strip()) for line in str(table).splitlines()]


def test_totals_by_currency():
    """Each currency with several rows has its own total of counts and amounts; medians have none."""
    assert lines(report.table(FRAME)) == [
        ["Owner", "Currency", "Deals", "Value", "Median age days"],
        ["Ann", "EUR", "3", "1,200", "9"],
        ["Bo", "EUR", "1", "50", "12"],
        ["(none)", "USD", "2", "7", "30"],
        ["Total", "EUR", "4", "1,250"],
    ]


def test_total_without_currency():
    """Without a currency all counts have one total; a table may have none."""
    counts = FRAME[["owner_name", "deals"]]
    assert lines(report.table(counts))[-1] == ["Total", "6"]
    assert len(lines(report.table(counts, total=False))) == 4


def test_missing_without_column():
    """What counts missing values is a column only if it counts some."""
    assert "Without value" in str(report.table(FRAME.assign(without_value=[0, 1, 0])))
    assert "Without value" not in str(report.table(FRAME))


def test_first_rows():
    """A long table shows its first rows and says of how many; the total is of all rows."""
    table = report.table(FRAME.iloc[:2], rows=1)
    assert lines(table)[1:] == [
        ["Ann", "EUR", "3", "1,200", "9"],
        ["Total", "EUR", "4", "1,250"],
        ["1 of 2 rows"],
    ]
    assert "1 of 2 rows" in table._repr_html_()


def test_empty():
    """A table without rows is a sentence, in text and HTML; a total of nothing is not shown."""
    table = report.table(FRAME[:0], empty="No deal slipped.")
    assert (str(table), table._repr_html_(), table.styler) == (
        "No deal slipped.",
        "<p>No deal slipped.</p>",
        None,
    )


def test_html():
    """Numbers are to the right, names are escaped and keep their direction, and the total is bold."""
    html = report.table(FRAME.replace("Ann", "<b>שם")).styler.to_html()
    assert "<bdi>&lt;b&gt;שם</bdi>" in html
    (style,) = re.findall(r"<style.*?</style>", html, re.DOTALL)
    assert re.search(r"\.col0 \{\s*text-align: left", style)
    assert re.search(r"\.col3 \{\s*text-align: right", style)
    assert re.search(r"\.row3 \{\s*font-weight: bold", style)


def test_same_html():
    """The HTML depends on nothing but the content, so that a notebook run again is the same file."""
    html = [
        report.table(frame)._repr_html_() for frame in (FRAME, FRAME.copy(), FRAME.assign(deals=[3, 1, 3]))
    ]
    assert html[0] == html[1] != html[2]


def test_links():
    """A column becomes links to the addresses of another, which is not shown; only those of the web do."""
    frame = pd.DataFrame(
        {"title": ["A", "B"], "url": ['https://acme.salesmate.io/?"', "javascript:alert(1)"]}
    )
    table = report.table(frame, links={"title": "url"})
    assert str(table).split() == ["Title", "A", "B"]
    html = table._repr_html_()
    assert re.findall(r'href="(.*?)"', html) == ["https://acme.salesmate.io/?&quot;"]
    with pytest.raises(SalesmateError, match="no column 'address'"):
        report.table(frame, links={"title": "address"})


def test_days_of_a_zone():
    """Dates are days of the zone that was asked for; headings can be chosen."""
    frame = pd.DataFrame({"closed_date": pd.to_datetime(["2026-06-30T22:30Z"])})
    assert lines(report.table(frame)) == [["Closed"], ["30 Jun 2026"]]
    table = report.table(frame, timezone="Europe/Berlin", names={"closed_date": "Day"})
    assert lines(table) == [["Day"], ["1 Jul 2026"]]


def test_index():
    """A named index is the first columns of the table."""
    assert lines(report.table(FRAME.set_index("owner_name")[["deals"]]))[1] == ["Ann", "3"]
