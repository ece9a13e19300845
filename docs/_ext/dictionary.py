"""The data dictionary: each column of each frame, from the package's schemas and from columns.toml.

The schemas know a column's name, dtype and API name. What people ask beyond that stands in columns.toml:
what a column means, its unit or zone, an example, and where that is known from.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesmate_nb.resources import RESOURCES
from salesmate_nb.resources.base import Field
from salesmate_nb.resources.deals import LINK_COLUMN
from salesmate_nb.resources.pipelines import PIPELINE_FIELDS
from salesmate_nb.resources.users import USER_FIELDS

DTYPES = {
    "int": "Int64",
    "float": "float64",
    "string": "str",
    "category": "category",
    "datetime": "datetime64[us, UTC]",
    "bool": "boolean",
}
SCHEMAS: dict[str, tuple[Field, ...]] = {
    **{name: (*resource.fields, *resource.optional) for name, resource in RESOURCES.items()},
    "deals": (*RESOURCES["deals"].fields, Field(name=LINK_COLUMN, path="", kind="string")),
    "users": USER_FIELDS,
    "pipelines": PIPELINE_FIELDS,
}
NOTES: Mapping[str, Any] = tomllib.loads(
    (Path(__file__).parents[1] / "columns.toml").read_text(encoding="utf-8")
)
SOURCES: Mapping[str, str] = NOTES["sources"]
_PARTS = ("what", "example", "from")  # of every note
FRAMES = [name for name in NOTES if name != "sources"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a frame, as the dictionary shows it."""

    frame: str
    name: str
    dtype: str
    path: str
    note: Mapping[str, str]
    is_listed_only: bool = False

    def cells(self) -> tuple[str, ...]:
        """Return the Markdown of its row."""
        note = self.note
        what = [note["what"]]
        facts = [f"**{name.capitalize()}** {note[name]}" for name in ("unit", "zone") if name in note]
        if self.is_listed_only:
            what.append("Empty if your account's field catalog does not list it.")
        facts.append(f"**Example** `{note['example']}`")
        anchor = f"{self.frame}-{self.name}".replace("_", "-")
        return (
            f"[`{self.name}`]{{#{anchor}}}<br>`{self.dtype}`{{.dtype}}",
            f"{' '.join(what)}<br>[{'<br>'.join(facts)}]{{.fact}}",
            f"`{self.path}`" if self.path else "",
            note["from"],
        )


def columns_of(frame: str) -> list[Column]:
    """Return the columns of a frame in order, each with its note.

    Raises
    ------
    ValueError
        If a column has no note, or an unfinished one; the message says what to add to columns.toml.
    """
    notes = NOTES.get(frame, {})
    if frame not in SCHEMAS:
        return [
            Column(frame=frame, name=name, dtype=note["dtype"], path="", note=note)
            for name, note in notes.items()
        ]
    return [
        Column(
            frame=frame,
            name=field.name,
            dtype=DTYPES[field.kind],
            path=field.path,
            note=_note(notes, frame, field.name),
            is_listed_only=field.request == "if listed",
        )
        for field in SCHEMAS[frame]
    ]


def _note(notes: Mapping[str, Any], frame: str, name: str) -> Mapping[str, str]:
    note: Mapping[str, str] = notes.get(name, {})
    if missing := [part for part in _PARTS if part not in note]:
        parts = ", ".join(f'{part} = "..."' for part in _PARTS)
        raise ValueError(
            f"The column {name!r} of {frame} has no {', '.join(missing)} in docs/columns.toml. Add below "
            f"[{frame}] the line: {name} = {{ {parts} }}, with unit for an amount and zone for a time."
        )
    return note


def markdown(frame: str) -> list[str]:
    """Return the lines of the frame's table, in MyST Markdown."""
    head = ("Column, dtype", "What it is", "API name", "Known from")
    return _list_table([head, *(column.cells() for column in columns_of(frame))])


def _list_table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = [
        "```{list-table}",
        ":header-rows: 1",
        ":class: dictionary",
        ":widths: 25 40 23 12",
        "",
    ]
    for row in rows:
        lines += [f"{'*' if number == 0 else ' '} - {cell}" for number, cell in enumerate(row)]
    return [*lines, "```"]


def setup(app: Any) -> dict[str, bool]:
    """Let pages have the directive ``{data-dictionary} deals``."""
    from docutils import nodes  # noqa: PLC0415 - tests read the dictionary without Sphinx
    from docutils.statemachine import StringList  # noqa: PLC0415
    from sphinx.util.docutils import SphinxDirective  # noqa: PLC0415

    class DataDictionary(SphinxDirective):
        required_arguments = 1

        def run(self) -> list[nodes.Node]:
            self.env.note_dependency(str(Path(__file__).parents[1] / "columns.toml"))
            try:
                lines = markdown(self.arguments[0])
            except ValueError as err:
                raise self.error(str(err)) from err
            parent = nodes.Element()
            self.state.nested_parse(StringList(lines, source=self.get_source_info()[0]), 0, parent)
            return parent.children

    app.add_directive("data-dictionary", DataDictionary)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
