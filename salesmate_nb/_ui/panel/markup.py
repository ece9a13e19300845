"""HTML of the panel: its style, and the pieces that its states are made of."""

from __future__ import annotations

import html

# VS Code's colors come first: it also defines Jupyter's, but always those of the light theme
STYLE = """<style>
.salesmate-nb { box-sizing: border-box; max-width: 38em; margin: 4px 0; padding: 18px 22px 16px;
  font-size: 13px; border: 1px solid var(--line); border-radius: 10px; background: var(--back);
  overflow: hidden;
  --ink: var(--vscode-editor-foreground, var(--jp-ui-font-color0, #212121));
  --back: var(--vscode-editor-background, var(--jp-layout-color1, #fff));
  --line: var(--vscode-panel-border, var(--jp-border-color1, #bdbdbd));
  --main: #1557b0; --good: #1b7f4b; --bad: #c4421a }
.salesmate-nb .widget-box, .salesmate-nb .widget-html { overflow: visible }
.salesmate-nb .card { color: var(--ink); font-size: 14px; line-height: 1.5; white-space: normal }
.salesmate-nb .card h4 { margin: 0 0 4px; font-size: 17px; font-weight: 600; line-height: 1.35 }
.salesmate-nb .card p { margin: 0 0 10px; overflow-wrap: anywhere }
.salesmate-nb .card .soft { opacity: .78 }
.salesmate-nb .card .small { font-size: 12.5px }
.salesmate-nb .card a:not(.go) { color: inherit; text-decoration: underline; text-underline-offset: 2px }
.salesmate-nb .card code { color: inherit; background: none; padding: 0; font-size: .95em }
.salesmate-nb .card a.go, .salesmate-nb .widget-button.go { display: inline-block; box-sizing: border-box;
  height: 36px; padding: 0 20px; border: 0; border-radius: 6px; background: var(--main); color: #fff;
  font-size: 14px; font-weight: 600; line-height: 36px; text-decoration: none; box-shadow: none }
.salesmate-nb .card a.go:hover, .salesmate-nb .widget-button.go:hover { background: #0d47a1 }
.salesmate-nb .widget-button.quiet { height: auto; margin: 0; padding: 2px 0; border: 0; background: none;
  color: var(--ink); opacity: .85; font-size: 13px; line-height: 1.5; text-decoration: underline;
  text-underline-offset: 2px; box-shadow: none }
.salesmate-nb .widget-button.plain { height: 34px; padding: 0 14px; border: 1px solid var(--line);
  border-radius: 6px; background: none; color: var(--ink); font-size: 14px; line-height: 32px;
  box-shadow: none }
.salesmate-nb a:focus-visible, .salesmate-nb button:focus-visible {
  outline: 3px solid #f9a825 !important; outline-offset: 2px }
.salesmate-nb .widget-label { color: var(--ink); text-align: left }
.salesmate-nb .widget-text, .salesmate-nb .widget-text input { height: 34px; line-height: 34px }
.salesmate-nb .widget-text input { border-radius: 6px; padding: 0 10px; font-size: 14px }
.salesmate-nb .widget-text input:focus { border-color: #4a8be0; box-shadow: inset 0 0 0 1px #4a8be0 }
.salesmate-nb .card .alert, .salesmate-nb .card .caution { margin: 4px 0 10px; padding: 8px 12px 8px 34px;
  border-left: 4px solid var(--bad); border-radius: 0 6px 6px 0; background: rgba(196, 66, 26, .12);
  position: relative }
.salesmate-nb .card .alert::before, .salesmate-nb .card .caution::before { content: "!"; position: absolute;
  left: 10px; top: 11px; width: 16px; height: 16px; border-radius: 50%; background: var(--bad); color: #fff;
  font-size: 12px; font-weight: 700; line-height: 16px; text-align: center }
.salesmate-nb .card .facts { margin: 12px 0 0; padding-top: 10px; border-top: 1px solid var(--line) }
.salesmate-nb .card .clicked { display: block; visibility: hidden; max-height: 0; overflow: hidden;
  transition: visibility 0s 300s, max-height 0s 300s }
.salesmate-nb .card .go:active + .clicked { visibility: visible; max-height: 3em; transition: none }
.salesmate-nb .card .clicked .spinner { margin-top: 10px }
.salesmate-nb .card .spinner { display: inline-block; width: 12px; height: 12px; margin-right: 6px;
  border: 2px solid var(--line); border-top-color: var(--main); border-radius: 50%; vertical-align: -2px;
  animation: salesmate-nb-turn 1s linear infinite }
@keyframes salesmate-nb-turn { to { transform: rotate(1turn) } }
@media (prefers-reduced-motion: reduce) { .salesmate-nb .card .clicked .spinner { margin-top: 10px }
.salesmate-nb .card .spinner { animation: none } }
</style>"""


def card(content: str) -> str:
    """Return content in the card's own font and colors."""
    return f'<div class="card">{content}</div>' if content else ""


def escaped(text: str) -> str:
    """Return text as HTML."""
    return html.escape(text, quote=True)


def title(text: str) -> str:
    """Return the heading of a card."""
    return f"<h4>{escaped(text)}</h4>"


def paragraph(content: str, classes: str = "") -> str:
    """Return a paragraph of HTML."""
    return f'<p class="{classes}">{content}</p>' if content else ""


def status(text: str, *, busy: bool = False) -> str:
    """Return text that screen readers announce when it appears."""
    spinner = '<span class="spinner" aria-hidden="true"></span>' if busy else ""
    return f'<p role="status">{spinner}{escaped(text)}</p>'


def alert(text: str) -> str:
    """Return what went wrong, announced at once; nothing for no text."""
    return f'<p class="alert" role="alert">{escaped(text)}</p>' if text else ""


def caution(text: str) -> str:
    """Return what to check before anything is sent; nothing for no text."""
    return f'<p class="caution" role="note">{escaped(text)}</p>' if text else ""


def link(url: str, text: str, classes: str = "") -> str:
    """Return a link that opens a new tab, which learns nothing of the notebook."""
    return (
        f'<a class="{classes}" href="{escaped(url)}" target="_blank" rel="noopener noreferrer">'
        f"{escaped(text)}</a>"
    )
