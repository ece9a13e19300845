"""Refreshes that are killed at any time: the snapshot and its history agree, and the next refresh goes on."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import random
import subprocess
import sys

import pytest

from salesmate_nb import sandbox
from tests.helpers import reach, same

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork"),
]

DEALS = 60
KILLER = """
import json, os, signal, sys, time
from salesmate_nb import Salesmate, Settings
settings = Settings(**json.loads(sys.argv[1]))
CHANGES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}
Salesmate(settings).deals_df(refresh="auto", progress=False)

def kill_at(count):
    left = [count]

    def watch(event, arguments):
        if event in CHANGES and "snapshots" in repr(arguments[0]):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)

print("ready", flush=True)
for line in sys.stdin:
    count, seconds = json.loads(line)
    child = os.fork()
    if child == 0:
        if count is not None:
            kill_at(count)
        Salesmate(settings).deals_df(refresh="auto", progress=False)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@contextlib.contextmanager
def killer(box):
    """Start the process whose children refresh; yield what has one do so, and return its exit code."""
    account = {**box.settings, "linkname": box.linkname, "session_key": box.session_key}
    settings = {**account, "token_cache": str(box.settings.token_cache), "calls_per_hour": 10**6}
    command = [sys.executable, "-c", KILLER, json.dumps(settings)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def refresh(count=None, seconds=None):
            process.stdin.write(json.dumps([count, seconds]) + "\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        assert process.stdout.readline() == "ready\n"
        yield refresh
        process.stdin.close()


def change(box, chance):
    """Edit, create and delete a few deals; the first ones stay, and with them all stages and pipelines."""
    for number in chance.sample(box.deals.ids(), 3):
        box.deals.edit(number, title=f"edited {chance.random()}", dealValue=chance.randrange(1000))
    box.deals.create(title="new", status="Open")
    if chance.random() < 0.7:
        box.deals.delete(chance.choice(box.deals.ids()[DEALS:]))


@pytest.mark.parametrize(("kills", "step"), [(8, 5), pytest.param(200, 0, marks=pytest.mark.load)])
def test_killed_during_a_refresh(record_property, kills, step):
    """Killed before each change of a file in turn, and at any time: no state is lost, and none is made up."""
    chance, outcomes, kept = random.Random(9), {"before": 0, "after": 0}, []
    with sandbox.start(deals=DEALS) as box, killer(box) as refresh:
        connection = reach(box, "key-v4", calls_per_hour=10**6)
        before = connection.deals_df(refresh="never")
        while sum(outcomes.values()) < kills:
            change(box, chance)
            after = connection.deals_df()
            at_random = sum(outcomes.values()) % 3 == 2
            code = refresh(seconds=chance.uniform(0, 0.3)) if at_random else refresh(count=step)
            assert code in {0, -9}
            if not at_random:
                step = 0 if code == 0 else step + 1
            offline = connection.deals_df(refresh="never")
            same(connection.deals_df(as_of=dt.date.max), offline)
            is_done = offline.equals(after)
            assert is_done or offline.equals(before)
            outcomes["after" if is_done else "before"] += code == -9
            if is_done or chance.random() < 0.3:
                kept.append(refreshed(connection, after))
            before = connection.deals_df(refresh="never")
        kept.append(refreshed(connection, connection.deals_df()))
        for at, frame in kept:
            same(connection.deals_df(as_of=at), frame)
    record_property("outcomes", outcomes)
    assert outcomes["before"]


def refreshed(connection, live):
    """Refresh, compare with a live read, and return the time of that refresh and what it found."""
    frame = connection.deals_df(refresh="auto")
    same(frame, live)
    return connection.history_df(field="stage").attrs["salesmate"]["refreshes"][-1], frame
