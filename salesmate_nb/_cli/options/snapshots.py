"""The commands that keep records on disk: snapshot and movement."""

from __future__ import annotations

import argparse

from salesmate_nb._cli.completion import column_names
from salesmate_nb._cli.options.command import Command, add_columns, add_output
from salesmate_nb._cli.options.values import since
from salesmate_nb.resources import RESOURCES


def _add_snapshot(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "resource",
        nargs="?",
        choices=tuple(RESOURCES),
        default="deals",
        help="what to update (default: deals)",
    )
    parser.add_argument(
        "--full", action="store_true", help="rebuild from scratch instead of reading only what changed"
    )
    add_output(parser, is_extra=True)


def _add_movement(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--since",
        type=since,
        required=True,
        metavar="WHEN",
        help="the time to compare with: 7d or 4w ago, 2026-01-31, or 2026-01-31T09:00; a day means its end",
    )
    add_columns(
        parser,
        "--by",
        column_names("deals"),
        "a waterfall for each owner, stage, pipeline, or value of any other column",
    )
    parser.add_argument(
        "--offline", action="store_true", help="take the last refresh as it is, and make no request"
    )
    add_output(parser)


COMMANDS = (
    Command(
        name="snapshot",
        run="commands.snapshots:snapshot",
        what="Update a snapshot on disk, for example from cron.",
        examples=("salesmate-nb snapshot", "salesmate-nb snapshot contacts --output contacts.parquet"),
        add_options=_add_snapshot,
    ),
    Command(
        name="movement",
        run="commands.snapshots:movement",
        what="Refresh the snapshot of deals, and print what moved since then.",
        note="Each currency is a waterfall of its own: opening + created - won - lost ... = closing.",
        examples=(
            "salesmate-nb movement --since 7d --by owner",
            "salesmate-nb movement --since 2026-11-16 --output moved.csv",
        ),
        add_options=_add_movement,
    ),
)
