"""The commands about logins: login, status, doctor and logout."""

from __future__ import annotations

import argparse

from salesmate_nb._cli.options.command import Command
from salesmate_nb._cli.options.values import seconds


def _add_login(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        type=seconds,
        default=0.0,
        metavar="S",
        help="wait up to S seconds for the browser, without asking",
    )
    parser.add_argument("--workspace", metavar="NAME", help="the 'acme' of https://acme.salesmate.io")
    parser.add_argument(
        "--key-stdin", action="store_true", help="read the Session Key from standard input, for scripts"
    )


COMMANDS = (
    Command(
        name="login",
        run="commands.account:login",
        what="Log in once; later notebooks and commands will not ask again.",
        examples=("salesmate-nb login", "salesmate-nb login --workspace acme --profile emea"),
        add_options=_add_login,
    ),
    Command(
        name="status",
        run="commands.account:status",
        what="Show each login: who, host, expiry, and what is known of the server; no request.",
        note="The exit code is 1 if nobody is logged in, of all profiles or of the one that --profile names.",
        examples=("salesmate-nb status", "salesmate-nb status --profile emea"),
    ),
    Command(
        name="doctor",
        run="commands.account:doctor",
        what="Print what the server supports, for a bug report; at most 12 requests.",
        examples=("salesmate-nb doctor",),
    ),
    Command(
        name="logout",
        run="commands.account:logout",
        what="Forget every login of the profile, and revoke what can be revoked.",
        examples=("salesmate-nb logout", "salesmate-nb logout --profile emea"),
    ),
)
