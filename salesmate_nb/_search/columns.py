"""The columns that a caller names: by label, by API name, or misspelt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from salesmate_nb._values.columns import advice
from salesmate_nb._values.text import comparable
from salesmate_nb.errors import SalesmateError
from salesmate_nb.resources.base import Field, custom_field, custom_path
from salesmate_nb.resources.deals import LINK_COLUMN


def choose_columns(
    names: Iterable[str], fields: Sequence[Field], *, unlisted: bool = False, argument: str = "columns"
) -> dict[str, Field]:
    """Return the fields of the named columns; ``text_custom_field_1`` names a custom field too.

    Parameters
    ----------
    names : iterable of str
        Columns, in order. A name that is repeated counts once.
    fields : sequence of Field
        What there is.
    unlisted : bool
        Whether a custom field may be named that `fields` do not list: v1 has no list of them.
    argument : str
        The argument that names them, for the message.

    Raises
    ------
    SalesmateError
        If there is no such column; the message names the closest one.

    Examples
    --------
    >>> from salesmate_nb.resources import DEALS
    >>> choose_columns(["id", "id"], DEALS.fields)
    {'id': Field(name='id', path='id', kind='int')}
    >>> choose_columns(["deal_vlaue"], DEALS.fields)
    Traceback (most recent call last):
    salesmate_nb.errors.SalesmateError: columns: there is no column 'deal_vlaue'. Did you mean 'deal_value'?
    """
    by_name = {field.name: field for field in fields}
    return {
        name: by_name.get(name) or _other_name(name, by_name, unlisted=unlisted, argument=argument)
        for name in names
    }


def _other_name(name: str, by_name: Mapping[str, Field], *, unlisted: bool, argument: str) -> Field:
    """Return the field that a name means, which is not that of its column, under this name."""
    path, key = custom_path(name), comparable(name)
    alike = [field for field in by_name.values() if field.path == path or comparable(field.name) == key]
    if alike:
        return replace(alike[0], name=name)
    if path is not None and unlisted:
        return custom_field(path)
    if name == LINK_COLUMN and argument == "columns":
        raise SalesmateError(f"columns: {name!r} is made here, by deals_df(url=True).")
    raise SalesmateError(f"{argument}: there is no column {name!r}. {advice(name, by_name)}")
