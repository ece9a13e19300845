"""A threaded HTTP/1.1 server on 127.0.0.1 that stops reliably."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
_POLL_INTERVAL = 0.02  # seconds


class Server:
    """Serve a WSGI application from a background thread until :meth:`stop`.

    Parameters
    ----------
    app : WSGI application
        Responds to the requests.
    port : int
        Port to listen on; 0 takes a free one.
    now : callable
        Returns the time for the ``Date`` of each response, in milliseconds since 1970.
    stop_timeout : float
        Seconds that :meth:`stop` waits for threads to end.

    Raises
    ------
    OSError
        If the port is in use.
    """

    def __init__(
        self, app: WSGIApplication, port: int, *, now: Callable[[], int], stop_timeout: float = 5.0
    ) -> None:
        self._stop_timeout = stop_timeout
        # Bound here, because werkzeug ends the process if the port is in use.
        with socket.create_server((HOST, port), backlog=128) as listener:
            self._server = _Server(HOST, port, app, _Handler, fd=listener.fileno())
        self._server.now = now
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_POLL_INTERVAL,),
            name=f"sandbox-{self.port}",
            daemon=True,
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.port

    def stop(self) -> None:
        """Stop listening, close all connections, and wait for the threads to end.

        Raises
        ------
        RuntimeError
            If a thread does not end in time.
        """
        self._server.shutdown()
        self._thread.join(self._stop_timeout)
        self._server.server_close()
        threads = [self._thread, *self._server.close_connections()]
        deadline = time.monotonic() + self._stop_timeout
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))
        alive = [thread.name for thread in threads if thread.is_alive()]
        if alive:
            raise RuntimeError(
                f"The sandbox did not stop within {self._stop_timeout:g} s. Threads that still run, until "
                f"their requests end: {', '.join(alive)}."
            )


class _Server(ThreadedWSGIServer):
    """Keep track of open connections, so that idle ones end with the server."""

    daemon_threads = True
    now: Callable[[], int]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in its own thread."""
        thread = threading.Thread(
            target=self._serve,
            args=(request, client_address),
            name=f"sandbox-{self.port}-connection",
            daemon=True,
        )
        with self._lock:
            self._connections[thread] = request
        thread.start()

    def close_connections(self) -> list[threading.Thread]:
        """Close all connections, and return the threads that served them."""
        with self._lock:
            for connection in self._connections.values():
                with contextlib.suppress(OSError):  # closed already
                    connection.shutdown(socket.SHUT_RDWR)
            return list(self._connections)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: errors in the application get a response, and others are clients that left."""

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections.pop(threading.current_thread(), None)


class _Handler(WSGIRequestHandler):
    """Keep connections alive between requests, unlike werkzeug's own handler."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # send head and body in one packet
    server: _Server

    def run_wsgi(self) -> None:
        """Respond to one request."""
        environ = self.make_environ()
        length = int(environ.get("CONTENT_LENGTH") or 0)
        is_chunked = environ.pop("wsgi.input_terminated", False)
        body = environ["wsgi.input"].read() if is_chunked else self.rfile.read(length)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        try:
            for chunk in self.server.app(environ, self._start_response):
                if self.command != "HEAD":
                    self.wfile.write(chunk)
                self.wfile.flush()
        except OSError:  # the client left, or a scripted response dropped the connection
            self.close_connection = True

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return a time as HTTP writes it (RFC 9110, section 5.6.7), by default the account's."""
        return super().date_time_string(self.server.now() / 1000 if timestamp is None else timestamp)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - named by werkzeug
        """Print nothing."""

    def _start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        del exc_info
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        return self.wfile.write
