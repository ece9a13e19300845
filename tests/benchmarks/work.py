"""The work that is measured; each function runs in a process of its own."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import requests

from salesmate_nb import Settings, connect, sandbox
from salesmate_nb._api.json_body import parse_json
from salesmate_nb._frames.arrow import BatchBuilder, assemble
from salesmate_nb._frames.dataframe import to_pandas
from salesmate_nb.resources import DEALS
from salesmate_nb.resources.base import custom_field, is_custom
from salesmate_nb.sandbox import make_deals

PAGE = 250
_DTYPES = {"int": "Int64", "float": "float64", "string": "str", "category": "category", "bool": "boolean"}


def make_pages(count: int, folder: Path) -> None:
    """Write pages of deals as v4 sends them: all clean, and with five dirty columns in each fourth."""
    deals = [_clean(deal) for deal in make_deals(count, seed=1, zone=ZoneInfo("UTC"))]
    for name, change in (("clean", lambda deal, _: deal), ("dirty", _dirty)):
        (folder / name).mkdir(parents=True)
        for number in range(math.ceil(count / PAGE)):
            rows = [change(deal, number) for deal in deals[number * PAGE : (number + 1) * PAGE]]
            body = {"Status": "success", "Data": {"data": rows, "totalRows": count}}
            (folder / name / f"{number:05}.json").write_text(
                json.dumps(body, ensure_ascii=False), encoding="utf-8"
            )


def normalized(pages: list[bytes]) -> Any:
    """Do what most scripts do: convert all records at once by ``pd.json_normalize``, then set types."""
    records = [record for page in pages for record in json.loads(page)["Data"]["data"]]
    frame = pd.json_normalize(records)
    for field in DEALS.fields:
        if field.path not in frame:
            continue
        if field.kind == "datetime":
            frame[field.path] = pd.to_datetime(frame[field.path], format="ISO8601", utc=True)
        else:
            frame[field.path] = frame[field.path].astype(_DTYPES[field.kind])
    return frame


def ours(pages: list[bytes]) -> Any:
    """Parse page after page as the package does, and convert them to typed rows, and these to a frame."""
    builder = BatchBuilder(DEALS.fields)
    batches = [builder.build(parse_json(page)["Data"]["data"]) for page in pages]
    return to_pandas(assemble(builder.fields, batches), consume=True)


def parse_only(pages: Iterable[bytes]) -> None:
    """Parse the JSON only: the lower bound."""
    for page in pages:
        parse_json(page)


def loop(account: dict[str, Any]) -> tuple[int, int]:
    """Read all deals over a socket as a script does: page by page, then ``json_normalize``."""
    records: list[Any] = []
    session = requests.Session()
    session.headers = {
        "accessToken": account["session_key"],
        "x-linkname": f"{account['linkname']}.salesmate.io",
    }
    body = {"sort": {"fieldName": "deal.id", "order": "asc"}, "moduleId": 4, "getRecordsCount": True}
    while True:
        url = f"{account['api_url']}/apis/deal/v4/search?rows={PAGE}&from={len(records)}"
        data = session.post(url, json=body, timeout=60).json()["Data"]
        records += data["data"]
        if not data["data"] or len(records) >= data["totalRows"]:
            return len(pd.json_normalize(records)), math.ceil(len(records) / PAGE)


def deals_df(account: dict[str, Any]) -> tuple[int, int]:
    """Read all deals over a socket with the package."""
    frame = connect(Settings(**account)).deals_df(progress=False)
    return len(frame), frame.attrs["salesmate"]["calls"]


def snapshot(account: dict[str, Any]) -> tuple[int, int]:
    """Refresh a snapshot."""
    frame = connect(Settings(**account)).deals_df(refresh="auto", progress=False)
    return len(frame), frame.attrs["salesmate"]["calls"]


def offline(account: dict[str, Any]) -> tuple[int, int]:
    """Read a snapshot without a refresh."""
    frame = connect(Settings(**account)).deals_df(refresh="never")
    return len(frame), frame.attrs["salesmate"]["calls"]


def serve(count: int, latency: float, folder: Path, pipe: Connection) -> None:
    """Run a sandbox until its process is killed; each message is the share of the deals to change."""
    with sandbox.start(deals=count, latency=latency, behavior="kind") as box:
        account = replace(box.settings, linkname=box.linkname, session_key=box.session_key)
        pipe.send({**account, "token_cache": str(folder), "calls_per_hour": 10_000})
        while True:
            changed = box.deals.ids()[:: round(1 / pipe.recv())]
            for deal in changed:
                box.deals.edit(deal, title="changed")
            pipe.send(len(changed))


def on_pages(work: Callable[[Any], Any], folder: Path) -> tuple[float, float, Any]:
    """Take the CPU time of work on pages in memory; one page is worked on before, to load all modules.

    It waits for nothing, so that its elapsed time would only add what else the machine does.
    """
    pages = [path.read_bytes() for path in sorted(folder.iterdir())]
    work(pages[:1])
    return timed(work, pages, clock=time.process_time)


def timed(
    work: Callable[[Any], Any], argument: Any, *, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, float, Any]:
    """Return the seconds that work took, the megabytes its memory peaked at, and its result if small."""
    before = _resident()
    start = clock()
    result = work(argument)
    seconds = clock() - start
    return seconds, _peak() - before, result if isinstance(result, tuple) else None


def _peak() -> float:
    """Return the peak of resident memory in megabytes; ``ru_maxrss`` would include the parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _resident() -> float:
    """Return the resident memory in megabytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _clean(deal: dict[str, Any]) -> dict[str, Any]:
    """Return a deal in one form only, since `json_normalize` cannot convert others."""
    nested = {name: deal.get(name) or deal.get(name[0].upper() + name[1:]) for name in _RELATIONS}
    plain = {name: value for name, value in deal.items() if "." not in name and not name[0].isupper()}
    fields = (*DEALS.fields, *map(custom_field, filter(is_custom, plain)))
    kinds = {field.path: field.kind for field in fields}
    kept = {name: _typed(value, kinds.get(name, "string")) for name, value in plain.items()}
    relations = {name: value if isinstance(value, dict) else None for name, value in nested.items()}
    return {**kept, **relations}


_RELATIONS = ("owner", "primaryContact", "primaryCompany")


def _typed(value: Any, kind: str) -> Any:
    if value in ("", {}, []) or value is None:
        return None
    if kind == "datetime":
        return pd.Timestamp(value, unit="ms" if isinstance(value, int) else None).strftime(
            "%Y-%m-%dT%H:%M:%SZ"
        )
    if kind in {"int", "float"}:
        return int(value) if kind == "int" else float(value)
    if kind == "bool":
        return value in (True, "true", "1", 1)
    return ",".join(value) if isinstance(value, list) else value


def _dirty(deal: dict[str, Any], page: int) -> dict[str, Any]:
    if page % 4:
        return deal
    number, created = deal.get("dealValue"), pd.Timestamp(deal["createdAt"])
    modified = pd.Timestamp(deal["lastModifiedAt"])
    return {
        **deal,
        "dealValue": "" if number is None else f"{number:.9f}",
        "winProbability": "",
        "createdAt": int(created.timestamp() * 1000),
        "lastModifiedAt": f"{modified:%b %d, %Y %I:%M %p}",
        "tags": (deal.get("tags") or "").split(","),
    }
