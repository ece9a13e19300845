"""The page that the browser shows at the end of a login."""

from __future__ import annotations

import html
from dataclasses import dataclass
from http import HTTPStatus


@dataclass(frozen=True, kw_only=True)
class BrowserPage:
    """The page that the browser shows at the end of a login."""

    title: str
    text: str
    status: HTTPStatus = HTTPStatus.OK


def page_html(page: BrowserPage) -> str:
    """Return a page that says what happened, and sends one back to the notebook."""
    is_good = page.status is HTTPStatus.OK
    sentences = page.text, _NEXT_STEPS[is_good]
    first, second = map(html.escape, reversed(sentences) if is_good else sentences)
    kind, mark = ("good", "✓") if is_good else ("bad", "!")
    return _PAGE.format(title=html.escape(page.title), first=first, second=second, kind=kind, mark=mark)


HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}
_NEXT_STEPS = {
    True: "Go back to your notebook or terminal. It continues by itself, and says whether the login works.",
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
