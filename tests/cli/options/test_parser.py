"""The parser of the whole command line: its help, its examples and its functions."""

from __future__ import annotations

import inspect
import pkgutil
import re
import shlex

import pytest

from salesmate_nb._cli.options.parser import COMMANDS, make_parser

EXAMPLES = [(command, example) for command in COMMANDS for example in command.examples]
SHELL = re.compile(r"salesmate-nb [^|>)]*[^|>)\s]")  # without what the shell does with it


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help(command, run):
    """--help of each command shows an example, and its function takes the options."""
    code, out, err = run(command.name, "--help")
    assert (code, err, bool(command.examples)) == (0, "", True)
    assert all(f"\n  {example}\n" in out for example in command.examples)
    function = pkgutil.resolve_name(f"salesmate_nb._cli.{command.run}")
    assert list(inspect.signature(function).parameters) == ["options"]


@pytest.mark.parametrize(
    ("command", "example"), EXAMPLES, ids=lambda value: str(getattr(value, "name", value))
)
def test_example(command, example):
    """Each example can be typed."""
    program, *arguments = shlex.split(SHELL.search(example)[0])
    assert program == "salesmate-nb"
    assert make_parser().parse_args(arguments).run == command.run


@pytest.mark.parametrize(
    "example",
    [example for command, example in EXAMPLES if command.run == "commands.records:read"],
)
def test_example_on_the_sandbox(example, account, run):
    """Each example of records runs on the sandbox."""
    code, _, err = run(*shlex.split(example)[1:])
    assert (code, "warning" in err) == (0, False)


def test_help_of_all(run):
    """--help lists every command with a sentence."""
    code, out, _ = run("--help")
    assert code == 0
    assert all(re.search(rf"^    {command.name}\s", out, re.MULTILINE) for command in COMMANDS)
