"""Two states of the same deals, by hand and at random."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from tests.analysis.frames import STAGES, frame_of

READ = pd.Timestamp("2026-06-01T06:00Z")
STATUSES = ["Open", "Open", "Open", "Won", "Close", "Lost", "Archived", None]


def any_record(random):
    """Return a random record of a deal."""
    day = READ.date() + dt.timedelta(days=random.randrange(90))
    return {
        "status": random.choice(STATUSES),
        "stage": random.choice([*STAGES, "Renamed", None]),
        "owner": random.choice([{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bo"}, {}]),
        "currency": random.choice(["EUR", "EUR", "USD", None]),
        "dealValue": random.choice([None, 0.0, random.randrange(10**9) / 100, random.randrange(1000) / -100]),
        "estimatedCloseDate": random.choice([None, str(day), str(day)]),
        "createdAt": random.choice(["2026-01-01", "2026-06-02", None]),
    }


def any_lives(random, count):
    """Return the frames of random deals: then, and a week later, when some are gone, new or changed."""
    then, now = {}, {}
    for number in range(count):
        record = any_record(random)
        if random.random() < 0.8:
            then[number] = record
        if random.random() < 0.8:
            changed = {name: value for name, value in any_record(random).items() if random.random() < 0.3}
            now[number] = {**record, **changed}
    return state(then), state(now, READ + pd.Timedelta(days=7))


def state(records, read_at=READ):
    """Return a frame of records by id, as `deals_df()` does, which says when it was read."""
    frame = frame_of([{"id": number, "title": f"Deal {number}", **each} for number, each in records.items()])
    frame.attrs["salesmate"] = {"read_at": read_at.isoformat()}
    return frame


def several(pairs):
    """Return the frames of deals then and now, equal but for these values; `None` if one is not there."""
    base = {"status": "Open", "stage": "Demo", "currency": "EUR", "dealValue": 100.0}
    base |= {"owner": {"id": 1, "name": "Ann"}, "createdAt": "2026-01-01"}
    sides = [
        {n: base | each for n, each in enumerate(side) if each is not None}
        for side in zip(*pairs, strict=True)
    ]
    return state(sides[0]), state(sides[1])


def one(then, now):
    """Return the frames of one deal."""
    return several([(then, now)])


def listed(table):
    """Return the lines of a movement that list a deal, with what they add."""
    rows = table[(table["listed"] > 0) & ~table["line"].isin(["opening", "closing"])]
    return {line: tuple(row) for line, row in rows.set_index("line")[["deals", "value"]].T.items()}


def state_of_real(deals, at):
    """Return the real deals that existed at a time, as they then were."""
    there = deals[deals["created_at"] <= at]
    is_open = ~(there["closed_date"] <= at)
    state = there.assign(status=there["status"].where(~is_open, "Open"))
    state.attrs["salesmate"] = {"read_at": at.isoformat()}
    return state
