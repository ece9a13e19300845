"""Tables and headline numbers, as a notebook shows them to people who do not read code.

They need the extra ``lab``.
"""

try:
    import jinja2 as _jinja2  # noqa: F401 - only to check that it is installed
except ImportError:
    raise ImportError('The tables need jinja2. Run: pip install "salesmate-nb[lab]"') from None

from salesmate_nb.report._headline import Headline, headline
from salesmate_nb.report._table import Table, table

__all__ = ["Headline", "Table", "headline", "table"]
