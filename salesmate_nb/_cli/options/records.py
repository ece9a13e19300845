"""The commands that print records: one for each resource, from one table."""

from __future__ import annotations

import argparse
import functools
from dataclasses import dataclass

from salesmate_nb._cli.completion import column_names, completed_by, conditions, statuses
from salesmate_nb._cli.options.command import Command, add_columns, add_output
from salesmate_nb._cli.options.values import Where, whole

_TEXTS = {
    "status": "keep {name} with this status; may be repeated",
    "stage": "keep {name} in this stage; may be repeated",
    "pipeline": "keep {name} in this pipeline; may be repeated",
    "owner": "keep {name} of this owner, a full name or an id; may be repeated",
}
_TIMES = {
    "modified_since": "keep {name} modified since 7d or 4w ago, 2026-01-31, or 2026-01-31T09:00",
    "modified_until": "keep {name} modified at this time or earlier, written as above; a day means its end",
    "created_since": "as --modified-since, for the time when {name} were created",
    "created_until": "as --modified-until, for the time when {name} were created",
    "closed_since": "as --modified-since, for the time when {name} were closed",
    "closed_until": "as --modified-until, for the time when {name} were closed",
}
_CHANGED = ("modified_since", "modified_until", "created_since", "created_until")
REFRESH = ("auto", "full", "never", "live")


@dataclass(frozen=True, kw_only=True)
class Records:
    """A kind of records, and how they are chosen and shown.

    Parameters
    ----------
    name : str
        The command.
    what, rows : str
        What it prints, and what a row is in the plural, if that is not the name.
    examples : tuple of str
        Whole lines to type.
    first : tuple of str
        The columns that matter in a table that is too wide, most important first.
    texts, times : tuple of str
        The filters. Each is an argument of the method that reads.
    value, span : str
        What ``--where`` takes, for its help: a value of a column, and a range.
    is_searched : bool
        Whether they are read page by page, and so can be limited, or read from a snapshot.
    has_history : bool
        Whether refreshes of their snapshot keep what changed.
    has_pages : bool
        Whether the address of each one's page in Salesmate is known.
    """

    name: str
    what: str = ""
    rows: str = ""
    examples: tuple[str, ...]
    first: tuple[str, ...]
    texts: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    value: str = ""
    span: str = ""
    is_searched: bool = True
    has_history: bool = False
    has_pages: bool = False

    def command(self) -> Command:
        """Return the command that prints them."""
        return Command(
            name=self.name,
            run="commands.records:read",
            what=f"Print {self.what or self.name}, or write them to a file.",
            examples=self.examples,
            add_options=functools.partial(_add_options, self),
        )


def _add_options(records: Records, parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(resource=records.name)
    _add_filters(records, parser)
    add_columns(parser, "--columns", column_names(records.name), "columns to write, in this order")
    if records.is_searched:
        _add_search_options(records, parser)
    if records.has_pages:
        parser.add_argument("--url", action="store_true", help="add deal_url, the address of its page")
    if records.has_history:
        parser.add_argument(
            "--as-of",
            metavar="WHEN",
            help=f"{records.name} as they stood then, by the history of refreshes; a day means its end",
        )
    add_output(parser)
    parser.add_argument(
        "--sandbox", action="store_true", help="read a made-up account, started for this command"
    )


def _add_filters(records: Records, parser: argparse.ArgumentParser) -> None:
    for name in records.texts:
        option = parser.add_argument(
            f"--{name}", action="append", help=_TEXTS[name].format(name=records.name)
        )
        if name == "status":
            completed_by(option, statuses(records.name))
    for name in records.times:
        words = _TIMES[name].format(name=records.name)
        parser.add_argument(f"--{name.replace('_', '-')}", metavar="WHEN", help=words)
    if records.is_searched:
        where = parser.add_argument(
            "--where",
            action=Where,
            metavar="COLUMN=VALUE",
            help=f"keep by any column: {records.value}, repeated for more; {records.span} for a range, one "
            f"end of which may be left out; {records.value.partition('=')[0]}= for those without",
        )
        completed_by(where, conditions(records.name))


def _add_search_options(records: Records, parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=whole, metavar="N", help=f"write at most N {records.name}")
    parser.add_argument(
        "--refresh",
        choices=REFRESH,
        help="how to use the snapshot: read what changed (auto), everything again (full), nothing (never), "
        "or do without it (live); default: SALESMATE_REFRESH, else live",
    )
    parser.add_argument(
        "--no-wait", dest="wait", action="store_false", help="fail if the hourly limit is reached"
    )
    parser.add_argument(
        "--allow-incomplete",
        action="store_true",
        help="write what there is, with a warning, if the server counts more than it returns",
    )


RECORDS = {
    records.name: records
    for records in (
        Records(
            name="deals",
            texts=("status", "stage", "pipeline", "owner"),
            times=(*_CHANGED, "closed_since", "closed_until"),
            value="source=Website",
            span="deal_value=1000..5000",
            has_history=True,
            has_pages=True,
            first=(
                "id",
                "deal_url",
                "title",
                "deal_value",
                "currency",
                "status",
                "stage",
                "owner_name",
                "estimated_close_date",
                "pipeline",
                "primary_company_name",
            ),
            examples=(
                "salesmate-nb deals --status Won --closed-since 2026-01-01 --output won.xlsx",
                "salesmate-nb deals --where source=Website --where deal_value=1000.. --sandbox",
                "salesmate-nb deals --owner 'Maya Lindqvist' --columns id,title,deal_value",
                "salesmate-nb deals --sandbox --limit 10",
            ),
        ),
        Records(
            name="contacts",
            what="contacts, the people at customers",
            texts=("owner",),
            times=_CHANGED,
            value="designation=Buyer",
            span="open_deal_count=1..5",
            first=("id", "name", "email", "company_name", "phone", "owner_name", "designation"),
            examples=("salesmate-nb contacts --columns name,email,company_name --output contacts.csv",),
        ),
        Records(
            name="companies",
            what="companies, the customers",
            texts=("owner",),
            times=_CHANGED,
            value="billing_country=Germany",
            span="open_deal_count=1..5",
            first=("id", "name", "billing_city", "billing_country", "phone", "owner_name", "website"),
            examples=("salesmate-nb companies --created-since 2026-01-01",),
        ),
        Records(
            name="activities",
            what="activities (calls, meetings, mails, tasks)",
            texts=("owner",),
            times=_CHANGED,
            value="type=Meeting",
            span="duration=30..60",
            first=("id", "title", "type", "due_date", "is_completed", "owner_name", "related_to_title"),
            examples=("salesmate-nb activities --modified-since 2026-01-31 --format csv",),
        ),
        Records(
            name="users",
            what="the users of the account",
            is_searched=False,
            first=("id", "first_name", "last_name", "email", "is_active", "role_name"),
            examples=("salesmate-nb users",),
        ),
        Records(
            name="pipelines",
            what="the stages of all pipelines",
            rows="stages",
            is_searched=False,
            first=("pipeline", "stage", "position", "win_probability"),
            examples=("salesmate-nb pipelines --format csv",),
        ),
        Records(
            name="fields",
            what="what each field is called, in Salesmate, in the API and in frames",
            is_searched=False,
            first=("resource", "column", "label", "type", "is_custom"),
            examples=("salesmate-nb fields --output fields.csv",),
        ),
    )
}
"""The kinds of records by command."""

COMMANDS = tuple(records.command() for records in RECORDS.values())
