"""The options of the commands that print records."""

from __future__ import annotations

import inspect
from typing import get_args

import pytest

from salesmate_nb import Salesmate
from salesmate_nb._cli.options.parser import make_parser
from salesmate_nb._cli.options.records import RECORDS, REFRESH
from salesmate_nb.settings import Refresh

OF_THE_COMMAND = {"run", "resource", "profile", "format", "output", "sandbox", "columns", "escape_formulas"}


@pytest.mark.parametrize("name", RECORDS)
def test_options_are_arguments(name):
    """Every option is an argument of the method that reads, or the command's own; no filter is missing."""
    options = set(vars(make_parser().parse_args([name])))
    arguments = set(inspect.signature(getattr(Salesmate, f"{name}_df")).parameters) - {"self"}
    assert options - OF_THE_COMMAND <= arguments
    assert arguments - options <= {"progress"}


def test_refresh():
    """Every way to use a snapshot can be typed."""
    assert get_args(Refresh) == REFRESH
