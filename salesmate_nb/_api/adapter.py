"""The connections of a session: their responses have a deadline, and what fails is said in words."""

from __future__ import annotations

import http.client
import io
import os
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy
from urllib3.exceptions import LocationValueError, ReadTimeoutError
from urllib3.util import parse_url

from salesmate_nb._base.urls import check_host
from salesmate_nb.errors import SettingsError

CONNECT_TIMEOUT = 5.0  # seconds
_CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")  # read by requests, in this order
_WRONG_DATE = frozenset({9, 10})  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_DEADLINE = 4  # timeouts within which a response has to arrive completely


class DeadlineAdapter(HTTPAdapter):
    """Connects as requests does, directly or by proxy, with connections whose responses have a deadline.

    Raises
    ------
    SettingsError
        If the environment names a proxy or a file of certificate authorities that cannot be used.
    """

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Return the pool of connections for a request."""
        url = request.url or ""
        name = next((name for name in _CA_VARIABLES if verify and os.environ.get(name) == verify), None)
        if name and url.startswith("https:") and not Path(verify).exists():
            raise SettingsError(
                f"{name} is set to {verify}, and there is no such file. Set it to a file of certificate "
                "authorities (PEM), or unset it."
            )
        proxy = select_proxy(url, proxies)
        if proxy and not _is_proxy(proxy):
            raise SettingsError(
                f"The address of the proxy in {_variable(proxy)} cannot be read. Write it as "
                "http://user:password@host:port, and special characters of the password percent-encoded: "
                "# as %23, / as %2F, ? as %3F, @ as %40."
            )
        try:
            pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        except (requests.exceptions.InvalidSchema, LocationValueError):
            if proxy is None:
                raise
            is_socks = proxy.lower().startswith("socks")
        else:
            if pool.ConnectionCls.response_class is not _DeadlineResponse:
                namespace = {"response_class": _DeadlineResponse, "debuglevel": 0}  # which prints headers
                pool.ConnectionCls = type("_DeadlineConnection", (pool.ConnectionCls,), namespace)
            return pool
        # not in the except clause, whose error may show a password
        raise SettingsError(
            f"The proxy in {_variable(proxy)} is a SOCKS proxy, which needs a package. Run: "
            'pip install "requests[socks]"'
            if is_socks
            else f"The address of the proxy in {_variable(proxy)} must begin with http:// or https://."
        )


def discard(adapter: HTTPAdapter) -> None:
    """Make an adapter harmless in a forked child, whose parent goes on using its connections.

    Another thread of the parent may have held any of its locks, and urllib3 needs them once more to remove
    the pools. The connections are closed without a word to the server.
    """
    for manager in (adapter.poolmanager, *adapter.proxy_manager.values()):
        manager.pools.lock = threading.RLock()
        for key in manager.pools.keys():  # noqa: SIM118 - it cannot be iterated over
            if (idle := manager.pools[key].pool) is not None:
                type(idle).__init__(idle, idle.maxsize)


def explain(err: requests.RequestException, url: str) -> tuple[str, str]:
    """Return in words why no response came from a URL, and what to do about it."""
    if isinstance(err, requests.exceptions.SSLError):
        return _explain_tls(err)
    if isinstance(err, requests.exceptions.ProxyError):
        return _explain_proxy(err, url)
    kinds: list[tuple[type[requests.RequestException], str]] = [
        (requests.exceptions.ConnectTimeout, f"not reached within {CONNECT_TIMEOUT:.0f} s"),
        (requests.exceptions.ReadTimeout, "it did not respond in time"),
        (requests.exceptions.ChunkedEncodingError, "the response was cut off"),
        (requests.exceptions.ContentDecodingError, "the response's compression is broken"),
        (requests.exceptions.ConnectionError, "the connection was refused or cut off"),
    ]
    reason = next((words for kind, words in kinds if isinstance(err, kind)), type(err).__name__)
    if err.args and isinstance(err.args[0], ReadTimeoutError):  # in the body, requests has no class for it
        reason = "it did not respond in time"
    return reason, "Check the network, then run this again."


def _explain_tls(err: requests.exceptions.SSLError) -> tuple[str, str]:
    bundle = next(filter(None, map(os.environ.get, _CA_VARIABLES)), None)
    causes = [cause for cause in _chain(err) if isinstance(cause, ssl.SSLError | PermissionError)]
    cause = causes[0] if causes else ssl.SSLError()
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = f"its certificate was not accepted ({cause.verify_message})"
        if cause.verify_code in _WRONG_DATE:
            return reason, "Check this computer's date and time."
        return reason, (
            "If your company inspects TLS traffic or has a certificate authority of its own, set "
            "REQUESTS_CA_BUNDLE to a file (PEM) with the certificate of that authority"
            f"{_named(bundle)}."
        )
    if bundle and (isinstance(cause, PermissionError) or cause.library in {"X509", "PEM"}):
        advice = "Set REQUESTS_CA_BUNDLE to a file of certificate authorities (PEM), or unset it."
        return f"no certificate could be read from {bundle}", advice
    words = getattr(cause, "reason", None) or "the connection was cut off"
    return f"TLS failed ({words.lower().replace('_', ' ')})", "Check the address, and any proxy on the way."


def _named(bundle: str | None) -> str:
    """Return what REQUESTS_CA_BUNDLE is set to, at the end of a sentence."""
    if bundle and Path(bundle).is_dir():
        found = f"the folder {Path(bundle).resolve()}, of which only what `openssl rehash` has named counts"
        return f"; it is set to {found}"
    return f"; it is not in {bundle}" if bundle else ""


def _explain_proxy(err: requests.exceptions.ProxyError, url: str) -> tuple[str, str]:
    proxy = select_proxy(url, get_environ_proxies(url))
    where = _variable(proxy) if proxy else "the proxies of the session"
    refusals = [str(cause) for cause in _chain(err) if str(cause).startswith("Tunnel connection failed: ")]
    if not refusals:
        return "the proxy could not be reached", f"Check the network, and {where}."
    words = refusals[0].partition(": ")[2]
    login = " Write user name and password as http://user:password@host:port." if "407" in words else ""
    return f"the proxy refused the connection ({words})", f"Check {where}.{login}"


def _chain(err: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those during whose handling it was raised."""
    while err is not None:
        yield err
        err = err.__context__


def _variable(proxy: str) -> str:
    """Return the environment variable that holds this address of a proxy; its own words may be secret."""
    names = (name for name, value in os.environ.items() if name.lower().endswith("_proxy") and value == proxy)
    return next(names, "the system's settings")


def _is_proxy(proxy: str) -> bool:
    """Return whether an address has the form of a proxy's: nothing follows its host and port."""
    try:
        parts = parse_url(prepend_scheme_if_needed(proxy, "http"))  # type: ignore[no-untyped-call]
        check_host(parts.host or "")
    except ValueError:  # of urllib3 too
        return False
    return bool(parts.host) and parts.path in {None, "/"} and parts.query is None and parts.fragment is None


class _DeadlineReader(io.RawIOBase):
    """Bytes of a socket until one deadline; the socket's own timeout starts again with each byte."""

    def __init__(self, file: io.RawIOBase, seconds: float) -> None:
        self._file = file
        self._deadline = time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if time.monotonic() > self._deadline:
            raise TimeoutError("the response did not arrive completely in time")
        return cast("int", self._file.readinto(buffer))

    def close(self) -> None:
        self._file.close()
        super().close()


class _DeadlineResponse(http.client.HTTPResponse):
    """A response whose status line, headers and body share one deadline.

    A check between the pieces of the body would be shorter, but it never runs while the status line, the
    headers or a chunk's length drip in, and a token refresh that hangs holds the lock of the token file.
    """

    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        if (seconds := sock.gettimeout()) is not None:
            self.fp = io.BufferedReader(_DeadlineReader(self.fp.detach(), seconds * _DEADLINE))
