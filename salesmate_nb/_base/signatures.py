"""Functions that share their arguments with another one, for readers, editors and type checkers alike."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def same_arguments(model: Callable[P, Any]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Give a function the arguments of `model`: their names, defaults and types.

    The function takes ``**arguments`` and gets all of them, defaults included. Shift-Tab and Tab in
    Jupyter show them, mypy and pyright check them, and an unknown one is a ``TypeError``.

    Parameters
    ----------
    model : callable
        The function or method whose arguments are written out.

    Examples
    --------
    >>> def rows(*, status: str = "Open", limit: int | None = None) -> list[str]: ...
    >>> @same_arguments(rows)
    ... def count(**arguments: object) -> int:
    ...     return len(arguments)
    >>> str(inspect.signature(count)), count(limit=3)
    ("(*, status: 'str' = 'Open', limit: 'int | None' = None) -> 'int'", 2)
    """

    def decorate(function: Callable[..., R]) -> Callable[P, R]:
        own = inspect.signature(function).return_annotation
        return _wrap(function, inspect.signature(model).replace(return_annotation=own))

    return decorate


def same_arguments_as_method(
    model: Callable[Concatenate[Any, P], Any],
) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Give a function the arguments of the method `model`, without its ``self``, and its type of result."""

    def decorate(function: Callable[..., R]) -> Callable[P, R]:
        signature = inspect.signature(model)
        return _wrap(function, signature.replace(parameters=list(signature.parameters.values())[1:]))

    return decorate


def _wrap(function: Callable[..., R], signature: inspect.Signature) -> Callable[..., R]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> R:
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as err:
            raise TypeError(f"{function.__name__}() {err}") from None
        bound.apply_defaults()
        return function(*bound.args, **bound.kwargs)

    del wrapper.__wrapped__  # so that the signature below is what is shown
    wrapper.__signature__ = signature  # type: ignore[attr-defined] # what inspect reads first
    return wrapper
