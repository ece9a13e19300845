"""The page that the browser shows at the end of a login."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from salesmate_nb._auth.oauth.landing_page import BrowserPage, page_html


@pytest.mark.parametrize(
    ("status", "mark", "step"),
    [(HTTPStatus.OK, "✓", "says whether the login works"), (HTTPStatus.BAD_REQUEST, "!", "try again there")],
)
def test_page_leads_back(status, mark, step):
    """The page shows whether it worked, and sends the user back to the notebook or terminal."""
    page = page_html(BrowserPage(title="<T>", text="t", status=status))
    assert f'aria-hidden="true">{mark}<' in page
    assert step in page
    assert "<h1>&lt;T&gt;</h1>" in page
