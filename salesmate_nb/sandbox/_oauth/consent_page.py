"""The consent page and the error page: no scripts, and no external resources."""

from __future__ import annotations

import base64
import hashlib

from markupsafe import escape

_STYLE = """
:root { color-scheme: light dark; --back: #f3f5f8; --card: #fff; --text: #1c2430; --soft: #55606f;
  --line: #d5dbe3; --main: #1f5fbf; --on-main: #fff; }
@media (prefers-color-scheme: dark) { :root { --back: #14181e; --card: #1e242c; --text: #eef1f5;
  --soft: #a9b4c2; --line: #3a4350; --main: #8ab4f8; --on-main: #10151c; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--back); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; }
main { width: 100%; max-width: 27rem; padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .75rem; }
h1 { margin: 0 0 .75rem; font-size: 1.35rem; line-height: 1.3; }
p, ul { margin: 0 0 1rem; overflow-wrap: anywhere; }
ul { padding-left: 1.25rem; }
.note { margin: 1.25rem 0 0; color: var(--soft); font-size: .875rem; }
form { display: flex; flex-wrap: wrap; gap: .75rem; }
button { flex: 1; min-height: 2.75rem; padding: .5rem 1rem; border: 1px solid var(--soft);
  border-radius: .5rem; background: transparent; color: inherit; font: inherit; cursor: pointer; }
button.main { border-color: var(--main); background: var(--main); color: var(--on-main); font-weight: 600; }
button:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""

_CONSENT = """<p><strong>{client_id}</strong> requests access to this account:</p>
<ul>
<li>read deals with their contacts and companies</li>
<li>stay connected until you revoke access</li>
</ul>
<form method="post" action="/oauth/authorize">
<input type="hidden" name="ticket" value="{ticket}">
<button type="submit" name="decision" value="deny">Deny</button>
<button type="submit" name="decision" value="allow" class="main">Allow</button>
</form>
<p class="note">This is a local sandbox, not a real Salesmate account.
Your decision is sent to {redirect_host} on this computer.</p>"""


def render(*, client_id: str, redirect_host: str, ticket: str) -> str:
    """Return the page on which a person allows or denies access.

    Parameters
    ----------
    client_id : str
        The client that requests access.
    redirect_host : str
        Host and port that the decision is sent to.
    ticket : str
        The one-time value that proves that the form was sent from this page.
    """
    content = _CONSENT.format(
        client_id=escape(client_id), redirect_host=escape(redirect_host), ticket=escape(ticket)
    )
    return _FRAME.format(title="Allow access?", style=_STYLE, content=content)


def render_error(text: str) -> str:
    """Return the page that explains why a login cannot continue."""
    content = f'<p>{escape(text)}</p>\n<p class="note">No access was granted, and no data was sent.</p>'
    return _FRAME.format(title="This login cannot continue", style=_STYLE, content=content)


def security_policy(*, form_action: str) -> str:
    """Return the Content-Security-Policy of a page: only its own style and its form."""
    return (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {form_action}; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
