"""A loopback server that receives the authorization response (RFC 8252, section 7.3)."""

from __future__ import annotations

import contextlib
import errno
import io
import socket
import sys
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from salesmate_nb._auth.oauth.callback import RESPONSE_FIELD
from salesmate_nb._auth.oauth.landing_page import HEADERS, BrowserPage, page_html
from salesmate_nb._base.fork import renew_in_child
from salesmate_nb._base.secret.text import Secret

_HTTP = 80
_POLL_INTERVAL = 0.05  # seconds that each server takes to notice that it is closed
_MAX_CONNECTIONS = 50  # at once; browsers open a few
_REQUEST_SECONDS = 2.0  # for a request to arrive completely; browsers send it at once
_REPLY_SECONDS = 10.0
_MAX_REQUEST = 2**16 + 1  # bytes; a longer request line gets 414


class LoopbackServer:
    """An HTTP server for the loopback redirect URI, in threads, until it is closed.

    It binds when it is created, to 127.0.0.1 and, if the machine has it, to ::1. It serves its own path
    only: favicons, preconnects and requests for other host names get 404. It has 50 connections and as many
    threads at most, and a request must arrive within two seconds: if there are more, the oldest one whose
    request has not arrived is closed, so that slow ones leave room for the redirect.

    Parameters
    ----------
    redirect_uri : str
        A loopback ``http`` URL; port 0 takes a free port.
    on_redirect : callable
        Called with the query string of the redirect, and a function that sends the page to show.

    Raises
    ------
    OSError
        If the port is taken, on either address: browsers try ``::1`` for ``localhost`` too.
    """

    def __init__(
        self, redirect_uri: str, on_redirect: Callable[[Secret, Callable[[BrowserPage], None]], None]
    ) -> None:
        parts = urlsplit(redirect_uri)
        host = parts.hostname or ""
        addresses = ["127.0.0.1", "::1"] if host == "localhost" else [host]
        port = _HTTP if parts.port is None else parts.port
        self._path = parts.path or "/"
        self._on_redirect = on_redirect
        self._connections = _Connections()
        self._servers = [self._bind(addresses[0], port)]
        self.port: int = self._servers[0].server_address[1]
        try:
            self._servers += [self._bind(address, self.port) for address in addresses[1:]]
        except OSError as err:
            if err.errno == errno.EADDRINUSE:  # the redirect could go to that program
                self._servers[0].server_close()
                raise
            # else a machine without IPv6
        bracketed = f"[{host}]" if ":" in host else host
        self._names = {f"{name}:{self.port}" for name in (bracketed, "localhost", "127.0.0.1", "[::1]")}
        if self.port == _HTTP:  # browsers omit it
            self._names |= {name.removesuffix(f":{_HTTP}") for name in self._names}
        # exactly as registered, except for a port that was left open
        self.redirect_uri = (
            redirect_uri if parts.port != 0 else parts._replace(netloc=f"{bracketed}:{self.port}").geturl()
        )
        renew_in_child(self, LoopbackServer._leave_to_parent)
        for server in self._servers:
            threading.Thread(
                target=server.serve_forever, args=(_POLL_INTERVAL,), name="salesmate_nb-redirect", daemon=True
            ).start()

    @property
    def is_open(self) -> bool:
        """Whether a redirect would be received."""
        return bool(self._servers)

    def close(self) -> None:
        """Stop the server and free the port; a second call does nothing."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.shutdown()
            server.server_close()

    def _leave_to_parent(self) -> None:
        """Close only the sockets in a forked child: the threads that serve them are the parent's."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.server_close()

    def handle(self, host: str, target: str, reply: Callable[[BrowserPage], None]) -> bool:
        """Pass on a request that is an authorization response for this server; return whether it is."""
        parts = urlsplit(target)
        if host not in self._names or parts.path != self._path or not RESPONSE_FIELD.search(parts.query):
            return False
        self._on_redirect(Secret(parts.query), reply)
        return True

    def _bind(self, address: str, port: int) -> ThreadingHTTPServer:
        server = self

        class Handler(_Handler):
            def do_GET(self) -> None:
                if not server.handle(self.headers.get("Host", ""), self.path, self.reply):
                    self.send_error(HTTPStatus.NOT_FOUND)

        return (_Server6 if ":" in address else _Server)((address, port), Handler, self._connections)


class _Connections:
    """The open connections of a loopback server: so many and no more."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(_MAX_CONNECTIONS)
        self._lock = threading.Lock()
        self._slow: dict[socket.socket, None] = {}  # their requests have not arrived; the oldest first

    def admit(self, connection: socket.socket) -> bool:
        """Take a new connection, if need be in place of the oldest slow one; return whether there is room."""
        if not self._free.acquire(blocking=False):
            with self._lock:
                if self._slow:
                    oldest = next(iter(self._slow))
                    del self._slow[oldest]
                    with contextlib.suppress(OSError):
                        oldest.shutdown(socket.SHUT_RDWR)  # its thread ends
            if not self._free.acquire(timeout=_REQUEST_SECONDS):
                return False
        with self._lock:
            self._slow[connection] = None
        return True

    def receive(self, connection: socket.socket) -> bytes:
        """Return the request line and headers of a connection; from then on it is not closed for others.

        Raises
        ------
        TimeoutError
            If they do not arrive in time, however steadily their bytes come.
        """
        end, received = time.monotonic() + _REQUEST_SECONDS, b""
        while b"\r\n\r\n" not in received and len(received) < _MAX_REQUEST:
            connection.settimeout(max(end - time.monotonic(), 0.001))
            part = connection.recv(_MAX_REQUEST)
            if not part:
                return b""
            received += part
        with self._lock:
            self._slow.pop(connection, None)
        return received

    def leave(self, connection: socket.socket) -> None:
        """Make room for another connection."""
        with self._lock:
            self._slow.pop(connection, None)
        self._free.release()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128  # connections that wait to be admitted
    allow_reuse_address = sys.platform != "win32"  # there it would let another program take the port

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], connections: _Connections
    ) -> None:
        self.connections = connections
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self.connections.admit(request):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self.connections.leave(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.connections.leave(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: browsers hang up routinely, and a traceback could show a code."""


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "salesmate_nb"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BytesIO(self.server.connections.receive(self.connection))
        self.connection.settimeout(_REPLY_SECONDS)

    def reply(self, page: BrowserPage) -> None:
        body = page_html(page).encode()
        self.send_response(page.status)
        for name, value in {**HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing: the request line contains the code."""
