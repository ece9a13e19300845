"""Functions whose frames no traceback shows: only they hold secrets in plain text."""

from __future__ import annotations

import functools
import inspect
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any, ParamSpec, TypeVar

from salesmate_nb._base.secret.text import Secret

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")
_HOLDING_TEXT = (UnicodeError, json.JSONDecodeError)


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


def hides(*names: str) -> Callable[[Callable[_Arguments, _Result]], Callable[_Arguments, _Result]]:
    """Let a function get these arguments as secrets, whoever passes them as plain text.

    For functions that users call: no frame from there on shows the text.
    """

    def decorate(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
        places = [place for place, name in enumerate(inspect.signature(function).parameters) if name in names]

        def hidden(args: Iterable[Any], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
            return (
                [_secret(value) if place in places else value for place, value in enumerate(args)],
                {name: _secret(value) if name in names else value for name, value in kwargs.items()},
            )

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> _Result:
            # all in one line, so that an interrupt at its beginning is caught too
            try: args, kwargs = hidden(args, kwargs)  # type: ignore[assignment] # noqa: E701 # fmt: skip
            except BaseException as err:  # noqa: BLE001 - raised again
                args, kwargs = (), {}
                raise err.with_traceback(None)  # noqa: B904 - the same error
            return function(*args, **kwargs)

        return run

    return decorate


def _secret(value: Any) -> Any:
    return Secret(value) if isinstance(value, str) else value


def _cut(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    @functools.wraps(function)
    def run(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        handled = id(sys.exception())
        try:
            return function(*args, **kwargs)
        except BaseException as err:  # noqa: BLE001 - raised again
            raise _without_frames(err, handled)  # noqa: B904 - the same error

    return run


def _without_frames(err: BaseException, handled: int) -> BaseException:
    """Drop the frames of an error, and of those it came from, up to the one that was handled before.

    One that holds the text that could not be read is dropped itself.
    """
    errors: list[BaseException | None] = [err]
    seen = {id(None), handled}
    for each in errors:
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        each.__traceback__ = None
        if isinstance(each.__cause__, _HOLDING_TEXT):
            each.__cause__ = None
        if isinstance(each.__context__, _HOLDING_TEXT) and id(each.__context__) != handled:
            each.__context__ = each.__context__.__context__
        errors += [each.__cause__, each.__context__]
        errors += each.exceptions if isinstance(each, BaseExceptionGroup) else ()
    return err
