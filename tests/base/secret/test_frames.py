"""Sealed functions: what of an error leaves them."""

from __future__ import annotations

import pytest

from salesmate_nb._base.secret.frames import sealed


@sealed
def fail(kind):
    """Raise an error that comes from another one."""
    plain = "s3cret"
    try:
        [][len(plain)]
    except IndexError as err:
        if kind is ExceptionGroup:
            raise ExceptionGroup("", [err]) from None
        raise kind from err


def frames_of(err):
    """Return the names of the functions in the tracebacks of an error and of those it came from."""
    names, errors = [], [err]
    for each in filter(None, errors):
        errors += [each.__context__, *getattr(each, "exceptions", ())]
        traceback = each.__traceback__
        while traceback:
            names.append(traceback.tb_frame.f_code.co_name)
            traceback = traceback.tb_next
    return names


@pytest.mark.parametrize("kind", [TypeError, KeyboardInterrupt, ExceptionGroup])
def test_frames_are_cut(kind):
    """No frame of a sealed function is in the traceback of its error, or of the errors before that."""
    with pytest.raises(kind) as caught:
        fail(kind)
    assert frames_of(caught.value) == ["test_frames_are_cut", "run"]


def test_errors_that_hold_text_are_dropped():
    """An error of decoding holds the whole text, so that it is not what another one came from."""

    @sealed
    def decode():
        try:
            b"s3cret\xff".decode()
        except UnicodeDecodeError:
            raise KeyboardInterrupt  # noqa: B904 - as Ctrl+C does

    with pytest.raises(KeyboardInterrupt) as caught:
        decode()
    assert caught.value.__context__ is None


def test_errors_of_callers_keep_their_frames():
    """What a caller was handling keeps its traceback."""

    def call():
        try:
            {}["mine"]
        except KeyError:
            fail(TypeError)

    with pytest.raises(TypeError) as caught:
        call()
    handled = caught.value.__context__.__context__
    assert (str(handled), frames_of(handled)) == ("'mine'", ["call"])
