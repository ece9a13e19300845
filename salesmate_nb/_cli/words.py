"""Messages of the package in words of the command line: options and commands instead of Python."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LOGIN = r"(`salesmate-nb login[^`]*`)"
_COMMAND = re.compile(r"`salesmate-nb (?!init|notebooks|sandbox|completion)[^`]*(?=`)")
_WORDS = (
    (rf"\b([Rr])un connect\([^)]*\) in a notebook and log in there, or {_LOGIN} in a terminal", r"\1un \2"),
    (rf"\b([Rr])un connect\(\) or {_LOGIN}", r"\1un \2"),
    (r"\b([Rr])un connect\(\)( again| to log in again)?(?=[.,;]|$)", r"\1un `salesmate-nb login`"),
    (r"Then restart the kernel\.", "Then run this again."),
    (r"connect\(\)\.login_with_key\(workspace, key\)", "`salesmate-nb login`"),
    (r" or connect\(token_store=\.\.\.\)", ""),
    (r"(\w+) with refresh='live'", r"\1 with `salesmate-nb deals`"),
    (r"refresh='auto'", "`salesmate-nb snapshot`"),
    (r"refresh='full'", "`salesmate-nb snapshot --full`"),
    (r"\bby deals_df\(url=True\)", "with --url"),
    (
        r"a datetime, a date, a timedelta, an age such as '7d' or '4w', or text in",
        "an age such as '7d', or a time in",
    ),
    (r"\{'min': \.\.\., 'max': \.\.\.\}", "1000..5000"),
    (r"\(limit=, filters\)", "(--limit, filters)"),
    (r" \(wait=True\)", " (without --no-wait)"),
    (r"\ballow_incomplete=True", "--allow-incomplete"),
    (r", or None for all", ""),
)


def in_command_line_words(
    text: str, options: Iterable[str], *, resource: str | None = None, profile: str | None = None
) -> str:
    """Return a message with commands and options in place of functions and arguments.

    Parameters
    ----------
    text : str
        A message of the package.
    options : iterable of str
        The names of the command's options, as Python writes them.
    resource, profile : str, optional
        What the command was for, which commands in the message are for too.

    Examples
    --------
    >>> in_command_line_words("created_since='May' is not a time. Run connect() again.", ["created_since"])
    "--created-since 'May' is not a time. Run `salesmate-nb login`."
    """
    names = [*options]
    time = "--as-of" if "as_of" in names else "--since"  # of movement, which asks for the deals as of then
    for python, words in (
        *_WORDS,
        (r"\bas_of\b(?!=)", time),
        (r"\bLeave out refresh\b", "Leave out --refresh"),
    ):
        text = re.sub(python, words, text)
    for name in names:
        option = f"--{name.replace('_', '-')}"
        text = re.sub(rf"\b{name}=True\b", option, text)
        text = re.sub(rf"^{name}(?=: )", option, re.sub(rf"\b{name}=(?=\S)", f"{option} ", text))
    if resource not in {None, "deals"}:
        text = text.replace("`salesmate-nb snapshot", f"`salesmate-nb snapshot {resource}")
        text = text.replace("`salesmate-nb deals`", f"`salesmate-nb {resource}`")
    if profile:
        text = _COMMAND.sub(
            lambda found: found[0] if "--profile" in found[0] else f"{found[0]} --profile {profile}", text
        )
    return text
