"""One login under load: threads and processes side by side, and kernels killed at any moment."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time

import pytest

from salesmate_nb import sandbox
from salesmate_nb._auth import tokens

WORKER = """
import json, random, sys, threading, time
from salesmate_nb import Settings, connect
told, threads, seconds = json.loads(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
connection = connect(Settings(**told))
end, fine, failed = time.monotonic() + seconds, [], []

def work():
    while time.monotonic() < end:
        try:
            connection.get("apis/core/v4/users")
            fine.append(1)
        except Exception as err:
            failed.append(f"{type(err).__name__}: {err}")
        time.sleep(random.uniform(0.5, 1.5))

running = [threading.Thread(target=work) for _ in range(threads)]
for thread in running:
    thread.start()
for thread in running:
    thread.join()
print(json.dumps([len(fine), failed]))
"""
KILLER = """
import json, os, random, signal, sys, time, warnings
import requests
from salesmate_nb import LoginRequired, Salesmate, Settings
from salesmate_nb._auth.token_store import FileTokenStore
warnings.simplefilter("error")
settings, rounds = Settings(**json.loads(sys.argv[1])), int(sys.argv[2])
random.seed(7)

def log_in(connection):
    answer = requests.get(connection.login_url, allow_redirects=False)
    connection.finish_login(answer.headers["Location"])

log_in(Salesmate(settings))
outcomes = {"silent": 0, "asked": 0}
for _ in range(rounds):
    child = os.fork()
    if child == 0:
        connection = Salesmate(settings)
        while True:
            connection.session.refresh_token()
    time.sleep(random.uniform(0.0, 0.08))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert FileTokenStore(settings.token_cache, "default").load() is not None
    assert all(path.stat().st_mode & 0o77 == 0 for path in settings.token_cache.iterdir())
    connection = Salesmate(settings)
    try:
        connection.session.refresh_token()
        outcomes["silent"] += 1
    except LoginRequired:
        outcomes["asked"] += 1
        log_in(connection)
    assert connection.get("apis/core/v4/users")
left = [path.name for path in settings.token_cache.iterdir() if path.suffix == ".tmp"]
print(json.dumps([outcomes, left]))
"""


def told(box, tmp_path):
    """Return what a process has to know, as JSON."""
    return json.dumps({**box.settings, "token_cache": str(tmp_path / "shared"), "calls_per_hour": 10**6})


def renewals(box):
    """Return the calls to the token endpoint that renewed, or tried to."""
    return [call for call in box.log if call.form.get("grant_type") == "refresh_token"]


@pytest.mark.parametrize(
    ("processes", "threads", "seconds"), [(3, 4, 6), pytest.param(8, 16, 60, marks=pytest.mark.load)]
)
def test_many_share_one_login(tmp_path, record_property, processes, threads, seconds):
    """Tokens of 2 s that rotate: every call succeeds, each refresh token is used once, the file is whole."""
    with sandbox.start(deals=5, access_ttl=2) as box:
        first = sandbox_login(box, tmp_path)
        begun, broken, done = time.monotonic(), [], threading.Event()

        def watch():
            while not done.wait(0.002):
                try:
                    tokens.parse(first.read_text())
                except Exception as err:  # noqa: BLE001 - whatever it is, it is told
                    broken.append(repr(err))

        watcher = threading.Thread(target=watch)
        watcher.start()
        command = [sys.executable, "-c", WORKER, told(box, tmp_path), str(threads), str(seconds)]
        with contextlib.ExitStack() as running:
            workers = [
                running.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
                for _ in range(processes)
            ]
            results = [json.loads(worker.communicate()[0]) for worker in workers]
        done.set()
        watcher.join()
        took = time.monotonic() - begun
        sent = [call.form["refresh_token"] for call in renewals(box)]
        record_property("calls", sum(fine for fine, _ in results))
        record_property("renewals", len(sent))
        assert [failure for _, failed in results for failure in failed] == []
        assert all(fine >= threads for fine, _ in results)
        assert broken == []
        assert {call.status for call in renewals(box)} == {200}
        assert len(set(sent)) == len(sent)
        assert seconds / 4 < len(sent) < took / 0.8  # one as each token ends, which is renewed after 0.8 s


@pytest.mark.parametrize("rounds", [20, pytest.param(200, marks=pytest.mark.load)])
def test_a_killed_kernel_leaves_the_login_whole(tmp_path, record_property, rounds):
    """Killed while it renews, at any moment: the next start is silent, or asks where the answer died."""
    with sandbox.start(deals=5) as box:
        command = [sys.executable, "-c", KILLER, told(box, tmp_path), str(rounds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        outcomes, left = json.loads(done.stdout)
        record_property("outcomes", outcomes)
        refused = [call for call in renewals(box) if call.status != 200]
        assert sum(outcomes.values()) == rounds
        assert (
            len(refused) == outcomes["asked"]
        )  # nobody was asked but for a token that the server had rotated
        assert outcomes["silent"] > 0
        assert left == []


def sandbox_login(box, tmp_path):
    """Log in once, and return the token's file."""
    from salesmate_nb import Settings, connect

    connection = connect(Settings(**json.loads(told(box, tmp_path))))
    box.visit(connection.login_url)
    assert connection.authorized
    return tmp_path / "shared" / "default.json"
