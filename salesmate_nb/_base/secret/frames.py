"""Functions whose frames no traceback shows: only they hold secrets in plain text."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def sealed(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Cut off the traceback of whatever a function raises, an interrupt too, where the function begins.

    Tracebacks keep the variables of every frame, and many tools show them: IPython's ``%xmode Verbose``,
    ``pytest --showlocals``, rich, loguru. In a sealed function, and in the libraries that it calls, plain
    text stays out of them. What it takes and returns is seen by its caller: there, a secret is a
    :class:`~salesmate_nb._base.secret.text.Secret`.

    Examples
    --------
    >>> import traceback
    >>> @sealed
    ... def send(key):
    ...     plain = "s3cret"
    ...     raise ValueError("refused")
    >>> try:
    ...     send("***")
    ... except ValueError as err:
    ...     [frame.name for frame in traceback.extract_tb(err.__traceback__)]
    ['<module>', 'run']
    """
    return _cut(_cut(function))  # an interrupt while the inner one cuts is cut by the outer one


def _cut(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    @functools.wraps(function)
    def run(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        handled = sys.exception()
        try:
            return function(*args, **kwargs)
        except BaseException as err:  # noqa: BLE001 - raised again
            raise _without_frames(err, handled)  # noqa: B904 - the same error

    return run


def _without_frames(err: BaseException, handled: BaseException | None) -> BaseException:
    """Drop the frames of an error, and of those it came from, up to one that was handled before."""
    errors: list[BaseException | None] = [err]
    seen = {id(None), id(handled)}
    for each in errors:
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = None
            errors += [each.__cause__, each.__context__]
            errors += each.exceptions if isinstance(each, BaseExceptionGroup) else ()
    return err
