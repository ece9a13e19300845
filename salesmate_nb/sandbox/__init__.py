"""A local Salesmate server on a real socket with made-up records: the v4 API, OAuth and ``/v1/deals``.

By default it behaves as an account that was measured in daily use; `BEHAVIORS` names others. It needs the
extra ``sandbox``, and imports nothing else of the package, so it cannot share its mistakes.

Examples
--------
>>> from salesmate_nb import sandbox
>>> with sandbox.start(deals=20) as server:
...     len(server.deals), server.settings.client_id, server.settings.linkname
(20, 'sandbox-client', 'sandbox')
"""

try:
    import werkzeug as _werkzeug  # noqa: F401 - only to check that it is installed
except ImportError:
    raise ImportError('The sandbox needs werkzeug. Run: pip install "salesmate-nb[sandbox]"') from None

from salesmate_nb.sandbox._crm.store import Store
from salesmate_nb.sandbox._fake_data.deals import make_deals
from salesmate_nb.sandbox._http.request_log import LoggedRequest
from salesmate_nb.sandbox._http.scripted_response import ScriptedResponse
from salesmate_nb.sandbox.account import Account
from salesmate_nb.sandbox.options import BEHAVIORS, Behavior, Options
from salesmate_nb.sandbox.sandbox import Sandbox, start

__all__ = [
    "BEHAVIORS",
    "Account",
    "Behavior",
    "LoggedRequest",
    "Options",
    "Sandbox",
    "ScriptedResponse",
    "Store",
    "make_deals",
    "start",
]
