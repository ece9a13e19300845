"""A local Salesmate on a real socket, with made-up records: OAuth, the v4 search and ``/v1/deals``.

It needs the extra ``sandbox``, and imports nothing else of the package, so it cannot share its mistakes.

Examples
--------
>>> from salesmate_nb import sandbox
>>> with sandbox.start(deals=20) as box:
...     len(box.deals), box.settings.client_id
(20, 'sandbox-client')
"""

try:
    import werkzeug as _werkzeug  # noqa: F401 - only whether it is there
except ImportError as err:
    raise ImportError('The sandbox needs werkzeug. Run: pip install "salesmate-nb[sandbox]"') from err

from salesmate_nb.sandbox.box import Sandbox, start
from salesmate_nb.sandbox.journal import Answer, Call
from salesmate_nb.sandbox.options import Account, Options
from salesmate_nb.sandbox.store import Store

__all__ = ["Account", "Answer", "Call", "Options", "Sandbox", "Store", "start"]
