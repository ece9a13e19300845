"""Forked children: connections, locks and counters of their own, whatever the parent's threads are doing."""

from __future__ import annotations

import contextlib
import http.server
import json
import multiprocessing
import os
import signal
import socket
import ssl
import threading
import time

import pytest
import requests
from tqdm.auto import tqdm

from salesmate_nb import LoginRequired, Salesmate, Settings, sandbox
from salesmate_nb._auth.oauth.loopback import LoopbackServer
from salesmate_nb._auth.token_stores.memory import MemoryTokenStore
from salesmate_nb._base import files
from salesmate_nb._base.fork import fork_safe_lock
from tests.api.conftest import make_certificate
from tests.helpers import reach

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork"),
    pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning"),  # Python 3.12: threads are there
]
TIMEOUT = 20  # seconds after which a child counts as blocked


class Echo(http.server.BaseHTTPRequestHandler):
    """Responds with the path, and notes the client's port of each."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.ports.append((self.path, self.client_address[1]))
        body = json.dumps({"Status": "success", "Data": self.path}).encode()
        self.send_response(200)
        self.send_header("Set-Cookie", "a=b")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(params=["http"])
def server(request, tmp_path, monkeypatch):
    """Return a server that responds with the path of each request."""
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    made.daemon_threads, made.ports = True, []
    made.url = f"{request.param}://127.0.0.1:{made.server_port}"
    if request.param == "https":
        certificate = make_certificate(tmp_path / "localhost.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        made.socket = context.wrap_socket(made.socket, server_side=True)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    threading.Thread(target=made.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def crm(server, tmp_path):
    """Return a connection that has a connection of HTTP open."""
    made = Salesmate(
        Settings(
            linkname="acme",
            session_key="k",
            api_url=server.url,
            token_cache=tmp_path / "c",
            calls_per_hour=10**6,
        )
    )
    made.get("parent")
    return made


def fork(work):
    """Return the process id of a child that does `work` and exits with 0 if it returns true."""
    if child := os.fork():
        return child
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(TIMEOUT)
    code = 1
    with contextlib.suppress(BaseException):
        code = 0 if work() else 2
    os._exit(code)


def succeeds(child):
    """Return whether a child did its work, and was not blocked."""
    deadline = time.monotonic() + TIMEOUT
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
    return os.waitstatus_to_exitcode(ended[1]) == 0


@contextlib.contextmanager
def held(*locks):
    """Hold locks in another thread."""
    is_held, done = threading.Event(), threading.Event()

    def hold():
        with contextlib.ExitStack() as stack:
            for lock in locks:
                stack.enter_context(lock)
            is_held.set()
            done.wait(TIMEOUT)

    thread = threading.Thread(target=hold)
    thread.start()
    assert is_held.wait(TIMEOUT)
    yield done.set
    done.set()
    thread.join()


@pytest.mark.parametrize("server", ["http", "https"], indirect=True)
@pytest.mark.parametrize("requests_each", [10, pytest.param(40, marks=pytest.mark.slow)])
def test_each_child_gets_its_own_responses(crm, server, requests_each):
    """Four workers of a pool share no connection with each other or the parent; each request is counted."""

    def work(worker):
        paths = [f"/{worker}/{number}" for number in range(requests_each)]
        return [crm.get(path) for path in paths] == paths

    children = [fork(lambda worker=worker: work(worker)) for worker in range(4)]
    assert [succeeds(child) for child in children] == [True] * 4
    ports = {}
    for path, port in server.ports:
        ports.setdefault(path.split("/")[1], set()).add(port)
    assert len(set.union(*ports.values())) == sum(len(each) for each in ports.values()) == 5
    assert crm.status().calls_made == 1 + 4 * requests_each
    assert crm.get("parent") == "/parent"
    assert server.ports[-1][1] in ports["parent"]  # the parent goes on with its own


def read(number):
    """Read by the newest connection of the parent, as a worker of a pool does."""
    frame = FRAMES[0].deals_df(columns=["id", "title"])
    return number, len(frame), frame["id"].nunique()


FRAMES = []


@pytest.mark.slow
def test_frames_in_a_pool(tmp_path):
    """Workers of multiprocessing read whole frames at once, while threads of the parent read too."""
    with sandbox.start(deals=600) as box:
        crm = reach(box, token_cache=tmp_path / "c", calls_per_hour=10**6)
        FRAMES[:] = [crm]
        stop = threading.Event()

        def spin():
            while not stop.is_set():
                crm.deals_df(columns="id", limit=10)

        threads = [threading.Thread(target=spin) for _ in range(3)]
        [thread.start() for thread in threads]
        with multiprocessing.get_context("fork").Pool(4) as pool:
            result = pool.map_async(read, range(24), chunksize=1).get(TIMEOUT)
        stop.set()
        [thread.join() for thread in threads]
    assert result == [(number, 600, 600) for number in range(24)]


@pytest.mark.parametrize("children", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_fork_while_threads_read(crm, children, tmp_path):
    """No child is blocked by what a thread of the parent was doing at the fork."""
    stop = threading.Event()

    def spin():
        while not stop.is_set():
            crm.get("spin")
            with files.lock(tmp_path / "c" / "spin.json", TIMEOUT):
                pass

    def work():
        with files.lock(tmp_path / "c" / "spin.json", TIMEOUT):
            return crm.get("child") == "/child"

    threads = [threading.Thread(target=spin) for _ in range(8)]
    [thread.start() for thread in threads]
    try:
        assert [succeeds(fork(work)) for _ in range(children)] == [True] * children
    finally:
        stop.set()
        [thread.join() for thread in threads]


def test_locks_of_libraries(crm):
    """Locks of requests and urllib3 that a thread held, for cookies and pools, block no child."""
    manager = crm.session.get_adapter(crm.settings.api_url).poolmanager
    (pool,) = [manager.pools[key] for key in manager.pools.keys()]  # noqa: SIM118
    locks = [crm.session.cookies._cookies_lock, manager.pools.lock, pool.pool.mutex]
    del manager, pool  # the child forgets them, and urllib3 then empties them
    with held(*locks):
        assert succeeds(fork(lambda: crm.get("child") == "/child"))


def test_mounted_adapter(crm, server):
    """An adapter that the user mounted has connections of its own in the child too."""
    crm.session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=2))
    crm.get("mounted")
    assert succeeds(fork(lambda: crm.get("child") == "/child"))
    ports = dict(server.ports)
    assert ports["/mounted"] != ports["/child"]


def test_fork_safe_lock():
    """A lock that a thread held is free in the child, and a lock there; in the parent it stays held."""
    lock = fork_safe_lock()

    def work():
        with lock, lock:
            return True

    with held(lock):
        assert succeeds(fork(work))
        assert not lock.acquire(blocking=False)


def test_file_lock(tmp_path):
    """A child waits for a file's lock that a thread of the parent holds, gets it, and does not end it."""
    path, begun = tmp_path / "token.json", tmp_path / "begun"

    def work():
        begun.touch()
        with files.lock(path, TIMEOUT):
            return True

    with held(files.lock(path, TIMEOUT)) as release:
        assert succeeds(fork(lambda: True))
        with pytest.raises(files.filelock.Timeout), files.lock(path, 0.05):
            pass
        child = fork(work)
        while not begun.exists():
            time.sleep(0.01)
        release()
    assert succeeds(child)


def test_refresh(tmp_path):
    """A child refreshes its token, though a thread of the parent was about to."""
    with sandbox.start(deals=1) as box:
        crm = reach(box, token_cache=tmp_path / "c")
        with held(crm.session._refreshing):
            box.expire_access_tokens()
            assert succeeds(fork(lambda: crm.get("apis/core/v4/users")))


class OwnStore:
    """A store of the user's own, in memory."""

    location = "memory only"

    def __init__(self):
        self.load, self.save = (made := MemoryTokenStore()).load, made.save
        self.lock, self.profiles = made.lock, made.profiles


@pytest.mark.parametrize("store", [None, OwnStore()])
def test_login_in_memory(store):
    """A child uses the token of its parent's memory until it ends, and leaves the refresh to the parent."""

    def refused():
        with pytest.raises(LoginRequired, match="after the fork"):
            crm.get("apis/core/v4/users")
        return True

    with sandbox.start(deals=1) as box:
        account = {**box.settings, "token_store": "memory", "linkname": box.linkname}
        crm = Salesmate(Settings(**account), token_store=store)
        box.visit(crm.login_url)
        assert succeeds(fork(lambda: crm.get("apis/core/v4/users")))
        box.expire_access_tokens()
        assert succeeds(fork(refused))
        assert crm.get("apis/core/v4/users")
        assert sum(request.form.get("grant_type") == "refresh_token" for request in box.log) == 1


def test_workers_refresh_once(tmp_path):
    """Four workers that need a new token ask for it once."""
    with sandbox.start(deals=1) as box:
        crm = reach(box, token_cache=tmp_path / "c")
        box.expire_access_tokens()
        children = [fork(lambda: crm.get("apis/core/v4/users")) for _ in range(4)]
        assert [succeeds(child) for child in children] == [True] * 4
        refreshes = [each for each in box.log if each.form.get("grant_type") == "refresh_token"]
        assert len(refreshes) == 1


def test_pending_login(tmp_path):
    """The redirect of a pending login stays the parent's: a child neither waits for it nor keeps the port."""
    server = LoopbackServer("http://127.0.0.1:0/callback", lambda *_: None)

    def work():
        server.close()
        os.kill(os.getpid(), signal.SIGSTOP)
        return not server.is_open

    child = fork(work)
    os.waitpid(child, os.WUNTRACED)
    server.close()
    with socket.create_server(("127.0.0.1", server.port)):  # free, while the child lives
        os.kill(child, signal.SIGCONT)
    assert succeeds(child)


def test_progress_bar(tmp_path):
    """A child shows its progress, though a thread of the parent was drawing a bar."""
    with sandbox.start(deals=3) as box:
        crm = reach(box, token_cache=tmp_path / "c")
        with held(tqdm.get_lock()):
            assert succeeds(fork(lambda: len(crm.deals_df()) == 3))


def test_read_that_was_begun(tmp_path):
    """Parent and child both go on to the end with an iterator that was begun before the fork."""
    with sandbox.start(deals=1_000) as box:
        crm = reach(box, token_cache=tmp_path / "c")
        begun = crm.deals()
        next(begun)
        child = fork(lambda: len(list(begun)) == 999)
        assert len(list(begun)) == 999
        assert succeeds(child)


def test_counts(server):
    """In memory each process counts what it sends, from what was sent before the fork."""
    crm = Salesmate(Settings(linkname="acme", session_key="k", api_url=server.url, token_store="memory"))
    crm.get("parent")
    assert succeeds(fork(lambda: crm.get("child") and crm.status().calls_made == 2))
    assert crm.status().calls_made == 1
