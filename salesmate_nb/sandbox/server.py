"""A threaded HTTP/1.1 server on 127.0.0.1 that can be stopped for certain."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from typing import Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from salesmate_nb.sandbox.app import App

HOST = "127.0.0.1"
_POLL = 0.02  # seconds
_PATIENCE = 5.0  # seconds until a thread that goes on is reported


class Server:
    """Serves an application until it is stopped.

    Parameters
    ----------
    app : App
        What answers.
    port : int
        0 takes a free one.

    Raises
    ------
    OSError
        Where the port is taken.
    """

    def __init__(self, app: App, port: int) -> None:
        self._app = app
        # Bound here, since werkzeug ends the process where the port is taken.
        with socket.create_server((HOST, port), backlog=128) as listener:
            self._server = _Server(HOST, port, app, _Handler, fd=listener.fileno())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL,), name=f"sandbox-{self.port}", daemon=True
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
            Where one does not.
        """
        self._app.stop()
        self._server.shutdown()
        self._thread.join(_PATIENCE)
        self._server.server_close()
        threads = [self._thread, *self._server.close_connections()]
        deadline = time.monotonic() + _PATIENCE
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))
        alive = [thread.name for thread in threads if thread.is_alive()]
        if alive:
            raise RuntimeError(f"The sandbox does not stop; still running: {', '.join(alive)}.")


class _Server(ThreadedWSGIServer):
    """Knows its connections, so that idle ones do not outlive it."""

    daemon_threads = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        thread = threading.Thread(
            target=self._serve, args=(request, client_address), name=f"sandbox-{self.port}-call", daemon=True
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
        """Print nothing: what goes wrong in an answer is answered, and the rest is a client that left."""

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections.pop(threading.current_thread(), None)


class _Handler(WSGIRequestHandler):
    """Answers call after call on one connection, which werkzeug's own handler closes after the first."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def run_wsgi(self) -> None:
        """Answer one call."""
        environ = self.make_environ()
        length = int(environ.get("CONTENT_LENGTH") or 0)
        is_chunked = environ.pop("wsgi.input_terminated", False)
        body = environ["wsgi.input"].read() if is_chunked else self.rfile.read(length)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        try:
            for part in self.server.app(environ, self._start):
                if self.command != "HEAD":
                    self.wfile.write(part)
                self.wfile.flush()
        except OSError:  # the client left, or a test dropped it
            self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Print nothing."""

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        del exc_info
        code, _, phrase = status.partition(" ")
        self.send_response(int(code), phrase)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        return self.wfile.write
