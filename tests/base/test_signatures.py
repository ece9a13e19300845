"""Functions that share the arguments of another one."""

from __future__ import annotations

import inspect

import pytest

from salesmate_nb import Salesmate, deals_df
from salesmate_nb._base.signatures import same_arguments, same_arguments_as_method

DEALS_ARGUMENTS = {
    "status": None,
    "stage": None,
    "pipeline": None,
    "owner": None,
    "modified_since": None,
    "modified_until": None,
    "created_since": None,
    "created_until": None,
    "closed_since": None,
    "closed_until": None,
    "where": None,
    "columns": None,
    "url": False,
    "limit": None,
    "progress": None,
    "wait": True,
    "refresh": None,
    "allow_incomplete": False,
    "as_of": None,
}
DEALS_ONLY = {"status", "stage", "pipeline", "closed_since", "closed_until", "url", "as_of"}
OTHER_ARGUMENTS = {name: default for name, default in DEALS_ARGUMENTS.items() if name not in DEALS_ONLY}
FRAMES_ONLY = {"columns", "url", "refresh", "as_of"}


def defaults(function):
    """Return what Shift-Tab shows: each argument with its default, ``self`` left out."""
    parameters = inspect.signature(function).parameters
    return {name: one.default for name, one in parameters.items() if name != "self"}


@pytest.mark.parametrize("function", [deals_df, Salesmate.deals_df, Salesmate.deals_arrow])
def test_deals_arguments(function):
    """Every argument of deals is shown with its default."""
    assert defaults(function) == DEALS_ARGUMENTS


@pytest.mark.parametrize("resource", ["contacts", "companies", "activities"])
@pytest.mark.parametrize("form", ["df", "arrow"])
def test_other_arguments(resource, form):
    """Every argument of the other resources is shown with its default."""
    assert defaults(getattr(Salesmate, f"{resource}_{form}")) == OTHER_ARGUMENTS


@pytest.mark.parametrize("resource", ["deals", "contacts", "companies", "activities"])
def test_iterator_arguments(resource):
    """An iterator of raw records has no columns and no snapshot."""
    expected = DEALS_ARGUMENTS if resource == "deals" else OTHER_ARGUMENTS
    expected = {name: default for name, default in expected.items() if name not in FRAMES_ONLY}
    assert defaults(getattr(Salesmate, resource)) == expected


def test_return_annotation():
    """Each form shows what it returns."""
    returned = {
        name: inspect.signature(getattr(Salesmate, f"deals{name}")).return_annotation
        for name in ("_df", "_arrow", "")
    }
    assert returned == {"_df": "pd.DataFrame", "_arrow": "pa.Table", "": "Iterator[dict[str, Any]]"}


def test_unknown_argument():
    """A misspelt argument is a TypeError that names the function and the argument."""
    with pytest.raises(TypeError, match=r"deals_df\(\) got an unexpected keyword argument 'statu'"):
        deals_df(statu="Won")


def test_defaults_are_passed():
    """The function gets every argument, given or not; a method keeps its self."""

    class Model:
        def read(self, *, status: str = "Open", limit: int = 3) -> int: ...

        @same_arguments(read)
        def arguments(self, **given: object) -> dict:
            return given

    @same_arguments_as_method(Model.read)
    def function(**given: object) -> dict:
        return given

    assert Model().arguments(limit=1) == {"status": "Open", "limit": 1}
    assert function(status="Won") == {"status": "Won", "limit": 3}
