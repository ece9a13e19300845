"""Token stores to hand to ``connect(token_store=...)``, and what a store of your own needs.

A store has a ``location`` in words, ``load()``, ``save(token)``, ``lock()`` and ``profiles()``, as
:class:`TokenStore` describes. :class:`Token` converts itself with ``to_json()`` and ``from_json()``.

Examples
--------
>>> from salesmate_nb import connect, sandbox
>>> from salesmate_nb.token_stores import MemoryTokenStore
>>> with sandbox.start(deals=3) as box:
...     connect(box, token_store=MemoryTokenStore()).status().token_location
'memory only'
"""

from salesmate_nb._auth.token_stores.base import TextTokenStore, TokenStore
from salesmate_nb._auth.token_stores.file import FileTokenStore
from salesmate_nb._auth.token_stores.keyring import KeyringTokenStore
from salesmate_nb._auth.token_stores.memory import MemoryTokenStore
from salesmate_nb._auth.tokens import Token

__all__ = [
    "FileTokenStore",
    "KeyringTokenStore",
    "MemoryTokenStore",
    "TextTokenStore",
    "Token",
    "TokenStore",
]
