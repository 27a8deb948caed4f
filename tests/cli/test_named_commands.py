"""Every `infra-apply ...` that a message, a docstring or a page names is one that exists."""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra_apply.cli.main import COMMANDS, parser_for

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "infra_apply"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
SOURCES = (*PAGES, *sorted(PACKAGE.rglob("*.py")), *sorted(PACKAGE.rglob("*.html")))
PLACEHOLDER = "1"  # what stands for a value in an f-string: a word, a number and a file's name
METAVARIABLES = {"N": "1", "COMMAND": "check", "VERB": "preview"}


@dataclass(frozen=True, slots=True)
class Named:
    """What follows `infra-apply`; prose may follow it, unless the command stood in quotes."""

    words: str
    in_quotes: bool = True


def named_in_text(text: str) -> Iterator[Named]:
    """Yield what a string names: in backticks or <code>, or up to the end of the phrase."""
    for match in _QUOTED.finditer(text):
        yield from _named_in_code(" ".join(match[0].strip("`").split()))
    for match in _BARE.finditer(_QUOTED.sub("", text)):
        yield Named(match[1].strip(), in_quotes=False)


def named_in_page(text: str) -> Iterator[Named]:
    """Yield what a page's code names; its prose speaks of infra-apply, too."""
    blocks = re.split(r"^```.*$", text, flags=re.MULTILINE)
    for prose, code in itertools.zip_longest(blocks[::2], blocks[1::2], fillvalue=""):
        yield from (named for named in named_in_text(prose) if named.in_quotes)
        for line in code.splitlines():
            yield from named_in_text(line) if "`" in line else _named_in_code(line.split(" #")[0])


def named_in_module(source: str) -> Iterator[Named]:
    """Yield what a module's strings name, with a word in every placeholder."""
    nodes = list(ast.walk(ast.parse(source)))
    templates = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for template in templates for part in template.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield from named_in_text(_filled(node))
        elif isinstance(node, ast.Constant) and id(node) not in parts:
            yield from named_in_text(node.value if isinstance(node.value, str) else "")


def named_in(file: Path) -> Iterator[Named]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return named_in_module(text)
    return named_in_page(text) if file.suffix == ".md" else named_in_text(text)


def _named_in_code(code: str) -> Iterator[Named]:
    yield from (Named(match[1].strip()) for match in _CODE.finditer(code))


def _filled(node: ast.JoinedStr) -> str:
    parts = (part.value if isinstance(part, ast.Constant) else PLACEHOLDER for part in node.values)
    return "".join(map(str, parts))


_QUOTED = re.compile(r"`[^`]+`|<code>[^<]+(?=</code>)")
_CODE = re.compile(r"\binfra-apply (.+)")
_BARE = re.compile(r"\binfra-apply ([a-z][^\n`<>;,\"')]*)")


def command_lines(words: str) -> Iterator[list[str]]:
    """Yield the command lines of a usage: `a|b` is two, what stands in brackets may be absent."""
    choices = [
        [*word.strip("[]").split("|"), *([""] if "[" in word else [])]
        for word in (word.replace("...", "").rstrip(".:") for word in shlex.split(words))
    ]
    for line in itertools.product(*choices):
        yield [METAVARIABLES.get(word, word) for word in line if word]


def problems(named: Named) -> list[str]:
    """Parse what is named, and return what the parser says against it.

    A command without any of its arguments is only spoken of, and need not be complete. Prose has
    no flags: each flag has to be the command's.
    """
    return [
        problem for line in command_lines(named.words) if (problem := _problem(line, named)) != ""
    ]


def _problem(line: Sequence[str], named: Named) -> str:
    problem = _parse(line)
    if len(line) <= 2 and "the following arguments are required" in problem:
        return ""
    for length in range(len(line), 0, -1):
        if _parse(line[:length]) == "":
            return ""
        if named.in_quotes or line[length - 1].startswith("-"):
            break
    return problem


def _parse(line: Sequence[str]) -> str:
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr):
            parser_for(line).parse_args(line)
    except SystemExit:
        return stderr.getvalue()
    return ""


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_command_that_is_named_exists(file: Path) -> None:
    for named in named_in(file):
        assert problems(named) == [], f"infra-apply {named.words}"


def test_commands_are_found_where_they_are_named() -> None:
    commands = {named.words for file in SOURCES for named in named_in(file)}
    assert {
        "check [ROOT...]",  # a docstring
        "check ROOT...",  # a message
        "gpu scale 1 N --stack 1",  # a message with placeholders
        "rehearse preview --account 1",  # one that ends with a placeholder
        "rehearse exec --account .rehearsal -- pulumi stack output hosts",  # a page's console
        "gpu reap",  # a page's code within prose
        "map",  # the page that the map is drawn on
    } <= commands
    assert {command.split()[0] for command in commands} >= set(COMMANDS)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("run `infra-apply check\n  --strict` first", [Named("check --strict")]),
        ("`infra-apply map` and `a` of infra-apply", [Named("map")]),
        ("`TOKEN=... infra-apply gpu reap`", [Named("gpu reap")]),
        ("<code>infra-apply map</code> prints", [Named("map")]),
        ("then infra-apply up, which looks", [Named("up", in_quotes=False)]),
        ("(infra-apply mesh --write)", [Named("mesh --write", in_quotes=False)]),
        ("`a` and infra-apply cost\nbelow", [Named("cost", in_quotes=False)]),
        ("infra-apply: interrupted", []),
    ],
)
def test_a_command_ends_with_its_quotes_or_its_phrase(text: str, named: list[Named]) -> None:
    assert list(named_in_text(text)) == named


@pytest.mark.parametrize("in_quotes", [False, True])
@pytest.mark.parametrize(
    "words",
    [
        "apply",
        "db turn shop",
        "new DIR",
        "gpu improve",
        "rehearse apply",
        "engine install|remove",
        "check --sloppy",
        "check --format yaml shows them",
        "gpu scale shop",
        "gpu scale shop two --stack prod",
    ],
)
def test_a_command_that_does_not_exist_is_a_problem(words: str, in_quotes: bool) -> None:
    assert problems(Named(words, in_quotes=in_quotes))


@pytest.mark.parametrize("words", ["plan shows it", "gpu reap needs no state", "map."])
def test_prose_may_follow_a_command_that_stands_in_no_quotes(words: str) -> None:
    assert problems(Named(words, in_quotes=False)) == []


@pytest.mark.parametrize("words", ["plan shows it", "gpu reap needs no state"])
def test_no_prose_belongs_to_a_command_in_quotes(words: str) -> None:
    assert problems(Named(words))
