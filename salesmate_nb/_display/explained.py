"""What Shift-Tab shows of a method: every argument, explained, with its type spelled out."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from types import FunctionType, SimpleNamespace
from typing import Any, TypeVar, get_type_hints

_Class = TypeVar("_Class", bound=type)
_PARAMETERS = re.compile(r"\n\nParameters\n-+\n(.*?)(?=\n\n\w+\n-+\n|\Z)", re.DOTALL)
_NEXT_SECTION = re.compile(r"\n\n\w+\n-+\n|\Z")
_ROLE = re.compile(r":\w+:`~?([^`]*`)")
_PREFIX = re.compile(r"\b(?:\w+\.)+(?=\w)")


def explained_by(model: str) -> Callable[[_Class], _Class]:
    """Give each public method of a class the explanations of the arguments that it shares with `model`.

    Editors read the source, where each argument is explained once. Jupyter reads the function, and there
    the docstring of each method now explains all of its arguments, and its signature spells out types that
    have a name of their own.

    Parameters
    ----------
    model : str
        The method whose docstring explains arguments of others.

    Examples
    --------
    >>> @explained_by("rows")
    ... class Reader:
    ...     def rows(self, *, limit: int | None = None) -> list[str]:
    ...         '''Return rows.
    ...
    ...         Parameters
    ...         ----------
    ...         limit : int, optional
    ...             Rows in all.
    ...         '''
    ...
    ...     def count(self, *, limit: int | None = None) -> int:
    ...         '''Count what :meth:`rows` returns.'''
    >>> Reader.count.__doc__.splitlines()[-2:], str(inspect.signature(Reader.count))
    (['limit : int, optional', '    Rows in all.'], '(self, *, limit: int | None = None) -> int')
    """

    def decorate(cls: _Class) -> _Class:
        namespace = vars(sys.modules[cls.__module__])
        shared = _entries(inspect.getdoc(getattr(cls, model)) or "")
        for name, method in vars(cls).items():
            if isinstance(method, FunctionType) and not name.startswith("_"):
                signature = _spelled(inspect.signature(method), namespace)
                method.__signature__ = signature  # type: ignore[attr-defined] # what inspect reads first
                method.__doc__ = _explained(inspect.getdoc(method) or "", signature, shared)
        return cls

    return decorate


class _Type(str):
    """A type in words, which a signature shows without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


def _spelled(signature: inspect.Signature, namespace: dict[str, Any]) -> inspect.Signature:
    """Return a signature whose types are written as what their names stand for."""
    given = {name: each.annotation for name, each in signature.parameters.items() if name != "self"}
    types = get_type_hints(SimpleNamespace(__annotations__=given), namespace)
    parameters = [
        each.replace(annotation=_Type(_PREFIX.sub("", inspect.formatannotation(types[name]))))
        if name in types
        else each
        for name, each in signature.parameters.items()
    ]
    return signature.replace(parameters=parameters, return_annotation=_Type(signature.return_annotation))


def _explained(doc: str, signature: inspect.Signature, shared: Mapping[str, str]) -> str:
    """Return a docstring with an entry for each argument: its own, or the shared one."""
    known = {**shared, **_entries(doc)}
    names_of: dict[str, list[str]] = {}
    for name, parameter in signature.parameters.items():
        if name in known:
            stars = "**" if parameter.kind is parameter.VAR_KEYWORD else ""
            names_of.setdefault(known[name], []).append(stars + name)
    entries = "\n".join(", ".join(names) + text for text, names in names_of.items())
    section = f"\n\nParameters\n----------\n{entries}" if entries else ""
    doc = _ROLE.sub(lambda role: "`" + role[1], _PARAMETERS.sub("", doc))
    return _NEXT_SECTION.sub(lambda following: section + following[0], doc, count=1)


def _entries(doc: str) -> dict[str, str]:
    """Return for each documented argument its type and explanation."""
    section, found = _PARAMETERS.search(doc), {}
    for entry in re.split(r"\n(?=\S)", section[1]) if section else []:
        head, _, explanation = entry.partition("\n")
        names, colon, kind = head.partition(" : ")
        for name in names.split(", "):
            found[name.lstrip("*")] = f"{colon}{kind}\n{explanation}"
    return found
