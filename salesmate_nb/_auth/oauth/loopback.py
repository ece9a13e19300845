"""A loopback server that receives the authorization response (RFC 8252, section 7.3)."""

from __future__ import annotations

import errno
import html
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from salesmate_nb._auth.oauth.callback import RESPONSE_FIELD
from salesmate_nb._base.fork import renew_in_child
from salesmate_nb._base.secret.text import Secret

_HTTP = 80
_POLL_INTERVAL = 0.05  # seconds that each server takes to notice that it is closed


@dataclass(frozen=True, kw_only=True)
class BrowserPage:
    """The page that the browser shows at the end of a login."""

    title: str
    text: str
    status: HTTPStatus = HTTPStatus.OK


class LoopbackServer:
    """An HTTP server for the loopback redirect URI, in threads, until it is closed.

    It binds when it is created, to 127.0.0.1 and, if the machine has it, to ::1. It serves its own path
    only: favicons, preconnects and requests for other host names get 404.

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

        return (_Server6 if ":" in address else _Server)((address, port), Handler)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = (
        128  # browsers open several connections, and idle ones must not keep the redirect out
    )
    allow_reuse_address = sys.platform != "win32"  # there it would let another program take the port

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: browsers hang up routinely, and a traceback could show a code."""


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    timeout = 10.0
    server_version = "salesmate_nb"
    sys_version = ""

    def reply(self, page: BrowserPage) -> None:
        body = _html(page).encode()
        self.send_response(page.status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing: the request line contains the code."""


def _html(page: BrowserPage) -> str:
    """Return a page that says what happened, and sends one back to the notebook."""
    is_good = page.status is HTTPStatus.OK
    sentences = page.text, _NEXT_STEPS[is_good]
    first, second = map(html.escape, reversed(sentences) if is_good else sentences)
    kind, mark = ("good", "✓") if is_good else ("bad", "!")
    return _PAGE.format(title=html.escape(page.title), first=first, second=second, kind=kind, mark=mark)


_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
_NEXT_STEPS = {
    True: "Go back to your notebook or terminal. It continues by itself.",
    False: "Nothing was changed. Go back to your notebook or terminal and try again there.",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; --back: #f3f5f8; --card: #fff; --text: #1c2430; --soft: #55606f;
  --line: #d5dbe3; --good: #1b7f4b; --bad: #c4421a }}
@media (prefers-color-scheme: dark) {{ :root {{ --back: #14181e; --card: #1e242c; --text: #eef1f5;
  --soft: #a9b4c2; --line: #3a4350 }} }}
* {{ box-sizing: border-box }}
body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--back); color: var(--text); font: 1rem/1.55 system-ui, sans-serif }}
main {{ width: 100%; max-width: 27rem; padding: 2.25rem 2rem; background: var(--card); text-align: center;
  border: 1px solid var(--line); border-radius: .75rem }}
.mark {{ width: 3rem; height: 3rem; margin: 0 auto 1.25rem; border-radius: 50%; color: #fff;
  font-size: 1.5rem; font-weight: 700; line-height: 3rem }}
.good {{ background: var(--good) }}
.bad {{ background: var(--bad) }}
h1 {{ margin: 0 0 .75rem; font-size: 1.35rem; line-height: 1.3 }}
p {{ margin: 0; overflow-wrap: anywhere }}
.note {{ margin-top: .75rem; color: var(--soft) }}
</style></head>
<body><main><div class="mark {kind}" aria-hidden="true">{mark}</div>
<h1>{title}</h1><p>{first}</p><p class="note">{second}</p></main></body></html>
"""
