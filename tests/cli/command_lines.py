"""Every command line there is, found in the parsers: a new command is in it by itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final

from infra_apply.cli.main import COMMANDS, parser_for

Words = tuple[str, ...]

NAME: Final = "NAME"
"""Stands for any text in a command line."""
FILE: Final = "FILE"
"""Stands for a file or folder of any name, in the folder the command is run in."""

NOT_RUN: Final[dict[Words, str]] = {
    ("engine", "install"): "reads no file of a company; tests/cli/test_engine.py runs it",
    ("engine", "which"): "reads no file of a company; tests/cli/test_engine.py runs it",
}
"""The commands that have no command line here, with the reason."""

_VALUES: Final = {
    "-C": ".",
    "--account": "account",
    "--config-file": "stacks/Pulumi.prod.yaml",
    "--mesh-hosts": "mesh-hosts.json",
    "--stack": "prod",
    "--clock": "20",
    "--timeout": "0.05",
    "--wait": "1s",
    "--max-hours": "1",
    "--trace": "trace.jsonl",
    "--price": "1",
    "--waiting-price": "1",
    "--boot": "60",
    "--max-slots": "2",
    "--jobs-per-slot": "1",
}
_GIVEN: Final[dict[Words, Words]] = {
    ("adopt",): ("--stack", "prod", "--account", "account"),
    ("gpu", "scale"): ("--stack", "prod", "--yes", "--account", "account"),
    ("gpu", "status"): ("--stack", "prod", "--account", "account"),
    ("gpu", "reap"): ("--dry-run", "--account", "account", "--fleet", "acme"),
    ("gpu", "simulate"): ("--stack", "prod", "--trace", "trace.jsonl"),
    ("preview",): ("--account", "account"),
    ("up",): ("--stack", "prod", "--account", "account"),
    ("map",): ("--account", "account", "--timeout", "0.05"),
    ("cost",): ("--account", "account"),
    ("env",): ("--stack", "prod", "--account", "account"),
    ("init",): ("--force",),
    ("db", "rotate"): ("--stack", "prod", "--account", "account"),
    ("db", "reset-password"): ("--stack", "prod", "--account", "account"),
}


def commands() -> dict[Words, argparse.ArgumentParser]:
    """Return the parser of each command that can be run, by its words."""
    return dict(
        leaf
        for name in COMMANDS
        for leaf in _leaves(_subparsers(parser_for([name]))[name], (name,))
    )


def command_lines() -> list[Words]:
    """Return command lines that together give every command each of its flags and formats."""
    lines = [
        line
        for words, parser in commands().items()
        if words not in NOT_RUN
        for line in _lines(words, parser)
    ]
    wrong = [(NAME,), ("--" + NAME,), ("check", "--format", NAME), ("map", "--" + NAME)]
    return [*dict.fromkeys([*lines, *wrong])]


def _lines(words: Words, parser: argparse.ArgumentParser) -> Iterator[Words]:
    flags = [action for action in parser._actions if action.option_strings]
    formats = next((flag.choices for flag in flags if "--format" in flag.option_strings), None)
    forms = [("--format", str(form)) for form in formats] if formats else [()]
    for form, given, operands in product(forms, [_GIVEN.get(words, ()), ()], _operands(parser)):
        yield (*words, *form, *given, *operands)
        for flag in flags:
            for value in _values(flag):
                yield (*words, *form, *given, *value, *operands)


def _operands(parser: argparse.ArgumentParser) -> list[Words]:
    """Return the operands that are required, and all there are."""
    operands = [action for action in parser._actions if not action.option_strings]
    required = [action for action in operands if action.nargs not in {"?", "*"}]
    return [tuple(map(_value, required)), tuple(map(_value, operands))]


def _values(flag: argparse.Action) -> Iterator[Words]:
    """Yield the flag with each of its choices, or with a text."""
    name = flag.option_strings[-1]
    if name in {"--help", "--format"}:
        return
    if flag.nargs == 0:
        yield (name,)
    elif flag.choices:
        yield from ((name, str(choice)) for choice in flag.choices)
    else:
        yield (name, _value(flag))
        yield (name, NAME)


def _value(action: argparse.Action) -> str:
    if fixed := _VALUES.get((action.option_strings or [""])[-1]):
        return fixed
    if action.type is Path:
        return FILE
    is_number = action.type is int or getattr(action.type, "__name__", "") == "_count"
    return "1" if is_number else NAME


def _leaves(
    parser: argparse.ArgumentParser, words: Words
) -> Iterator[tuple[Words, argparse.ArgumentParser]]:
    below = _subparsers(parser)
    if not below:
        yield words, parser
    for name, inner in below.items():
        yield from _leaves(inner, (*words, name))


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, Any]:
    actions: Sequence[argparse.Action] = parser._actions
    return next(
        (dict(action.choices) for action in actions if isinstance(action, _SUBPARSERS)),
        {},
    )


_SUBPARSERS: Final = argparse._SubParsersAction
