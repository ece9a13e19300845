"""What users write, as type checkers see it: mypy and pyright check this file, and nothing runs it.

A line that ends in two ignore comments is a mistake that both must report: an ignore comment that ignores
nothing is an error to both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import salesmate_nb
from salesmate_nb import (
    Salesmate,
    SalesmateError,
    Settings,
    analysis,
    charts,
    connect,
    deals_df,
    escape_formulas,
    history,
    report,
    sandbox,
    sentences,
    to_excel,
)
from salesmate_nb.analysis import in_zone

# Settings and connections
settings = Settings(
    linkname="acme", access_token="made-up", timezone="Europe/Berlin", refresh="auto", concurrency=2
)
assert_type(settings.linkname, str | None)
assert_type(settings.token_cache, Path)
assert_type(Settings.load(timeout=10), Settings)
crm = connect()
assert_type(crm, Salesmate)
assert_type(connect(settings, profile="second", wait=60), Salesmate)
assert_type(Salesmate(settings, profile="second"), Salesmate)
with sandbox.start(deals=50, api="v4") as box:
    assert_type(connect(box), Salesmate)
assert_type(crm.authorized, bool)
assert_type(crm.login_url, str | None)
crm.finish_login("pasted")
crm.logout()
connect("acme")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Settings(refresh="always")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
Settings(link_name="acme")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# Deals: frames, tables and records
df = deals_df(
    status=["Won", "Lost"],
    stage="Negotiation",
    pipeline="Sales",
    owner=[7, "Ann"],
    modified_since=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    modified_until="7d",
    created_since=pd.Timestamp("2026-01-01"),
    created_until=dt.timedelta(days=7),
    closed_since="2026-01",
    closed_until=pd.Timedelta("1h"),
    where={"source": ["Web", None], "deal_value": {"min": 1000}, "tags": "vip"},
    columns=["id", "title"],
    url=True,
    limit=3,
    progress=False,
    wait=True,
    refresh="auto",
)
assert_type(df, pd.DataFrame)
assert_type(
    crm.deals_df(
        status="Won",
        stage=["New", "Negotiation"],
        pipeline=("Sales",),
        owner=7,
        modified_since=dt.date(2026, 1, 1),
        created_since="2026-01-01",
        columns="id",
        limit=None,
        progress=None,
        wait=False,
        refresh="never",
    ),
    pd.DataFrame,
)
table: pa.Table = crm.deals_arrow(status="Won", columns=["id"], limit=3, refresh="full")
assert_type(
    crm.deals(status="Won", owner="Ann", where={"stage": "New"}, limit=3, progress=False, wait=False),
    Iterator[dict[str, Any]],
)

deals_df(statu="Won")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
deals_df(limit="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
deals_df("Won")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
crm.deals_df(statu="Won")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
crm.deals_df(limit="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
crm.deals_df(refresh="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
crm.deals_df(where="Web")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
crm.deals_df(url="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
crm.deals(url=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
crm.deals_arrow(statu="Won")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
crm.deals(limit="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# The past of deals, and what moved
then = crm.deals_df(as_of="2026-11-16", refresh="auto")
assert_type(deals_df(as_of=dt.date(2026, 11, 16)), pd.DataFrame)
table = crm.deals_arrow(as_of=pd.Timestamp("2026-11-16"))
assert_type(crm.history_df(), pd.DataFrame)
assert_type(crm.history_df("2026-11-16", field=["stage", "created"], id=[7, 8]), pd.DataFrame)
changes = crm.history_df(since=dt.date(2026, 11, 16), field="stage", id=7)
stages = crm.pipelines_df()
assert_type(analysis.movement(then, df, "owner_name"), pd.DataFrame)
assert_type(analysis.movement(then, df, period=pd.Period("2026Q4")), pd.DataFrame)
quarter = ("2026-10-01", dt.date(2026, 12, 31))
assert_type(analysis.movement_deals(then, df, ["owner_name"], period=quarter), pd.DataFrame)
assert_type(analysis.time_in_stage(changes, df), pd.DataFrame)
assert_type(analysis.stage_conversion(changes, df, stages=stages, confidence=0.9), pd.DataFrame)
assert_type(analysis.slippage(changes, by="stage"), pd.DataFrame)
assert_type(analysis.forecast_accuracy(changes, df, freq="Q", stages=stages), pd.DataFrame)
imported = history.import_frames({"2026-11-09": then, dt.date(2026, 11, 16): df}, timezone="Europe/Berlin")
assert_type(imported, history.ImportedHistory)
assert_type(imported.deals_df(as_of="2026-11-12"), pd.DataFrame)
assert_type(imported.history_df(since="2026-11-12", field="stage"), pd.DataFrame)
crm.deals_df(refresh="live")
crm.deals_df(as_of=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
crm.history_df(field=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
crm.history_df(id="7")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
analysis.movement(then)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
history.import_frames([df])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Contacts, companies and activities: the same three, without what only deals have
assert_type(
    crm.contacts_df(
        owner="Ann",
        modified_since="2026-01-01",
        created_since="2026-01-01",
        created_until="2026-01-31",
        where={"type": "Customer"},
        columns=["id", "name"],
        limit=3,
        progress=False,
        wait=False,
        refresh="auto",
    ),
    pd.DataFrame,
)
assert_type(crm.companies_df(owner=[7], columns=["id"]), pd.DataFrame)
assert_type(crm.activities_df(created_since="2026-01-01", limit=3), pd.DataFrame)
table = crm.contacts_arrow(owner="Ann", columns=["id"], refresh="auto")
table = crm.companies_arrow(limit=3)
table = crm.activities_arrow(modified_since="2026-01-01")
assert_type(crm.contacts(owner="Ann", limit=3), Iterator[dict[str, Any]])
assert_type(crm.companies(created_since="2026-01-01"), Iterator[dict[str, Any]])
for activity in crm.activities(limit=3):
    assert_type(activity, dict[str, Any])
crm.contacts_df(closed_since="7d")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
crm.contacts_df(status="Won")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
crm.contacts_df(limit="3")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
crm.companies_arrow(statu="Won")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
crm.activities(ownr="Ann")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# Frames for other programs
to_excel(df, "deals.xlsx")
to_excel(df, Path("deals.xlsx"), timezone="Europe/Berlin")
assert_type(escape_formulas(df), pd.DataFrame)
assert_type(in_zone(df, "Europe/Berlin", naive=True), pd.DataFrame)
to_excel(df)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

# What else a connection reads
assert_type(crm.users_df(), pd.DataFrame)
assert_type(crm.fields_df(), pd.DataFrame)
assert_type(crm.pipelines_df(), pd.DataFrame)
assert_type(crm.write_dataset("deals", Path("deals"), partition_by="status", wait=False), int)
crm.write_dataset("deals", "folder")
crm.write_dataset("deals")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
crm.get("apis/core/v4/users", rows=5)
crm.post("apis/deal/v4/search", json={"fields": ["id"]})

# Charts, tables and sentences
charts.use("dark")
rates = analysis.win_rate(df, "source")
panels = charts.win_rate(rates, now=pd.Timestamp("2026-06-30"))
assert_type(panels, charts.Panels)
assert_type(panels[0], Axes)
assert_type(panels.figure, Figure | None)
assert_type(charts.bars(df, "owner_name", "deal_value", color="won"), charts.Panels)
assert_type(report.table(rates, total=False, rows=5), report.Table)
assert_type(report.headline(df, None, currency="EUR", freq="M"), report.Headline)
assert_type(sentences.win_rate(rates), sentences.Sentence)
charts.win_rate(rates, colour="won")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
report.table(rates, rows="5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

# Errors
try:
    deals_df()
except salesmate_nb.IncompleteRead as err:
    assert_type(err.read, int | None)
    assert_type(err.total, int | None)
except salesmate_nb.RateLimited as err:
    assert_type(err.status, int | None)
except (salesmate_nb.LoginRequired, salesmate_nb.SettingsError, salesmate_nb.ConnectionFailed):
    raise
except SalesmateError as err:
    raise SystemExit(str(err)) from err
