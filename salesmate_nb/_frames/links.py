"""Links from a table to the pages of its records in Salesmate's web app."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from salesmate_nb._base.urls import is_loopback
from salesmate_nb._base.warn import warn
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources.deals import DEAL_PAGE, LINK_COLUMN
from salesmate_nb.settings import Settings


def with_links(table: pa.Table, settings: Settings) -> pa.Table:
    """Return a table of deals with the column ``deal_url``, made of its ids.

    The address is that of two public connectors. A server on this computer, such as a sandbox, is its own web
    app. Without a linkname (v1) the web app is not known, so the column is empty, and a warning says what to
    set.

    Parameters
    ----------
    table : pyarrow.Table
        With the column ``id``.
    settings : Settings
        The account.

    Raises
    ------
    SalesmateError
        If there is a custom column of this name already.

    Examples
    --------
    >>> with_links(pa.table({"id": [7]}), Settings(linkname="acme"))["deal_url"].to_pylist()
    ['https://acme.salesmate.io/#/app/deals/7/detail']
    """
    if LINK_COLUMN in table.column_names:
        raise SalesmateError(
            f"url=True adds a column {LINK_COLUMN}, and this account has a custom one of that name. Choose "
            "other columns=[...]."
        )
    if settings.linkname is None:
        warn(
            f"{LINK_COLUMN} is empty, because the workspace is not known. Set SALESMATE_LINKNAME to the "
            "'acme' of https://acme.salesmate.io."
        )
        links = pa.nulls(table.num_rows, pa.string())
    else:
        app = f"https://{settings.linkname}.salesmate.io"
        before, _, after = DEAL_PAGE.partition("{id}")
        host = settings.api_url if is_loopback(settings.api_url) else app
        links = pc.binary_join_element_wise(f"{host}{before}", table["id"].cast(pa.string()), after, "")
    return table.append_column(LINK_COLUMN, links)
