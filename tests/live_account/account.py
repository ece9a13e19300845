"""The account: its records, how they change, and the socket it is read through."""

from __future__ import annotations

import json
import random
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from tests.live_account.api import Api
from tests.live_account.behaviour import Behaviour
from tests.live_account.records import MODULES, OWNERS, Seen


class LiveAccount:
    """A fake account, served on loopback while its `with` block runs.

    Parameters
    ----------
    deals, contacts, companies, activities, users
        Records in the truth's own form, each with an `id`: times in Unix seconds, relations as dicts or
        None, tags as lists, true and false. Without users, the owners of the records are the users, and
        the first of them has the key.
    behaviour
        How the account behaves; the measured one by default. It may be replaced while the server runs.
    seed
        What makes its draws repeatable.
    zone
        The account's time zone, which its users have too.
    linkname
        The account's name.
    labels
        Of fields, by their names, for the catalogue.
    pipelines
        As ``v3/apps/dealPipeline`` gives them; by default those of the deals.
    on_request
        Run as ``on_request(count, account)`` before each request is served, so that records can change
        while they are read. The first count is 1.

    Attributes
    ----------
    url : str
        Where it listens, without a slash at its end.
    session_key, access_key, secret_key : str
        The three keys of My Account. Only the first works.
    expired : bool
        Set it to make the key expire.
    requests : list of Seen
        All requests received.
    errors : list of BaseException
        Faults of this server or of the hook; the first is raised where the block ends.
    version : int
        How often records changed.

    Examples
    --------
    >>> account = LiveAccount(deals=[{"id": 7, "createdAt": 1_700_000_000, "title": "A"}])
    >>> account.edit("deals", 7, at=1_700_000_060, title="B")
    >>> [(deal["title"], deal["lastModifiedAt"]) for deal in account.truth("deals")]
    [('B', 1700000060)]
    """

    def __init__(
        self,
        *,
        deals=(),
        contacts=(),
        companies=(),
        activities=(),
        users=None,
        behaviour=None,
        seed=0,
        zone="Asia/Kolkata",
        linkname="acme",
        labels=None,
        pipelines=None,
        on_request=None,
    ):
        self.behaviour = behaviour or Behaviour()
        self.zone, self.linkname = ZoneInfo(zone), linkname
        self.labels, self.pipelines = labels or {}, pipelines
        self.on_request = on_request
        rng = random.Random(f"keys {seed}")
        self.session_key, self.access_key, self.secret_key = (
            f"{rng.getrandbits(128):032x}" for _ in range(3)
        )
        self.expired = False
        self.requests, self.errors = [], []
        self.version = 0
        self.records = {kind: {} for kind in MODULES}
        self.gone = {kind: set() for kind in MODULES}
        self.indexed = {kind: {} for kind in MODULES}  # what the search shows in place of a record, or None
        self._lock = threading.RLock()
        for kind, rows in zip(MODULES, (deals, contacts, companies, activities), strict=True):
            for row in rows:
                self.create(kind, **row)
        self.users = [dict(user) for user in users] if users is not None else self._made_users(zone)
        self._api = Api(self, seed)
        self._server = self._thread = None
        self._closing = threading.Event()

    @property
    def me(self):
        """The id of the user whose key it is."""
        return next((user["id"] for user in self.users if user.get("isCurrentUser")), None)

    @property
    def url(self):
        host, port = self._server.server_address[:2]
        return f"http://{host}:{port}"

    @property
    def headers(self):
        """The headers that let a request in."""
        return {
            "accessToken": self.session_key,
            "x-linkname": f"{self.linkname}.salesmate.io",
            "Content-Type": "application/json",
        }

    def truth(self, kind):
        """Return copies of the records as they are now, by id.

        Parameters
        ----------
        kind
            deals, contacts, companies, activities or users.

        Returns
        -------
        list of dict
        """
        with self._lock:
            if kind == "users":
                return [dict(user) for user in self.users]
            return [dict(self.records[kind][number]) for number in self.ids(kind)]

    def ids(self, kind):
        """Return the ids of the records that are there, in order."""
        with self._lock:
            return sorted(self.records[kind].keys() - self.gone[kind])

    def create(self, kind, **record):
        """Add a record, now unless it has its own times, and return its id (by default the next one)."""
        with self._lock:
            records = self.records[kind]
            number = record.setdefault("id", max(records, default=0) + 1)
            if number in records:
                raise ValueError(f"{kind} has two records of id {number}")
            record.setdefault("createdAt", int(time.time()))
            record.setdefault("lastModifiedAt", record["createdAt"])
            records[number] = record
            self.version += 1
            return number

    def edit(self, kind, number, *, at=None, is_late=False, **changes):
        """Change a record.

        Parameters
        ----------
        kind, number
            Which one.
        at
            Its lastModifiedAt, which may lie in the future; by default now.
        is_late
            Whether the search shows the record as it was before, until :meth:`index`.
        **changes
            New values.
        """
        with self._lock:
            if is_late:
                self.indexed[kind].setdefault(number, self.records[kind][number])
            self.records[kind][number] = {
                **self.records[kind][number],
                **changes,
                "lastModifiedAt": int(time.time()) if at is None else at,
            }
            self.version += 1

    def delete(self, kind, number):
        """Delete a record, softly (section 2)."""
        with self._lock:
            if number not in self.records[kind] or number in self.gone[kind]:
                raise KeyError(f"{kind} has no record {number}")
            self.gone[kind].add(number)
            self.version += 1

    def restore(self, kind, number):
        """Restore a deleted record, whose lastModifiedAt stays as it was (issue 14)."""
        with self._lock:
            self.gone[kind].remove(number)
            self.version += 1

    def index(self, kind, *numbers):
        """Let the search show edits that it showed late: of these records, or of all."""
        with self._lock:
            for number in numbers or list(self.indexed[kind]):
                self.indexed[kind].pop(number)
            self.version += 1

    def searches(self, kind="deals"):
        """Return the requests that searched a module."""
        return [seen for seen in self.requests if seen.path == f"/apis/{MODULES[kind].name}/v4/search"]

    def __enter__(self):
        self._closing.clear()
        handler = type("Handler", (_Handler,), {"account": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="live account"
        )
        self._thread.start()
        return self

    def __exit__(self, kind, error, _):
        self._closing.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()  # joins the threads of the connections
        self._thread.join()
        if self.errors and error is None:
            raise self.errors[0]
        if self.errors:
            error.add_note(f"The fake account itself failed: {self.errors[0]!r}")

    def _respond(self, seen):
        """Return the response to a request, after its latency, which requests side by side share."""
        with self._lock:
            seen.count = len(self.requests) + 1
            self.requests.append(seen)
            if self.on_request:
                self.on_request(seen.count, self)
            response = self._api.respond(seen)
            seen.status = response.status
        if self.behaviour.latency:
            self._closing.wait(self.behaviour.latency)
        return response

    def _made_users(self, zone):
        owners = {owner["id"]: owner for owner in OWNERS[:1]} if not any(self.records.values()) else {}
        for records in self.records.values():
            for record in records.values():
                if record.get("owner"):
                    owners.setdefault(record["owner"]["id"], record["owner"])
        return [
            {
                "id": number,
                "name": owner.get("name", f"User {number}"),
                "firstName": owner.get("name", "User").split()[0],
                "lastName": owner.get("name", f"User {number}").split()[-1],
                "email": owner.get("email") or f"user{number}@example.com",
                "isActive": True,
                "isCurrentUser": place == 0,
                "timezone": zone,
                "dateFormat": "MMM DD, YYYY",
                "Role": {"id": 1, "name": "Admin"},
            }
            for place, (number, owner) in enumerate(sorted(owners.items()))
        ]


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 64

    def __init__(self, *args):
        super().__init__(*args)
        self._open = set()

    def process_request_thread(self, request, client_address):
        sys.settrace(None)  # a measurement of the package's coverage would halve the speed of this server
        super().process_request_thread(request, client_address)

    def process_request(self, request, client_address):
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self):
        """End the connections that clients keep open."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was faster


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body leave together
    disable_nagle_algorithm = True
    account = None

    def do_GET(self):
        self._handle()

    def do_POST(self):
        self._handle()

    def log_message(self, *_):
        """Keep quiet: the account records its requests."""

    def _handle(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        split = urlsplit(self.path)
        try:
            body = json.loads(text) if text else None
        except ValueError:
            body = None
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(0, self.command, split.path, dict(parse_qsl(split.query)), body, headers)
        try:
            response = self.account._respond(seen)
            payload = json.dumps(response.payload, ensure_ascii=False).encode()
        except Exception as error:  # noqa: BLE001  whatever it is, the test must fail
            self.account.errors.append(error)
            self.close_connection = True
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        try:
            self.wfile.write(payload)
            self.wfile.flush()
        except OSError:
            self.close_connection = True  # the client left
