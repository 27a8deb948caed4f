"""An exception that nobody foresaw, as a text that asks for a report and shows no secret."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from traceback import TracebackException
from typing import Final

from infra_apply.diagnostics import redact
from infra_apply.terminal.safe_text import printable

TRACEBACK: Final = "INFRA_APPLY_TRACEBACK"
"""The environment variable that asks for the traceback, with the value 1."""


def request(
    command: str, error: BaseException, environ: Mapping[str, str], secrets: Iterable[str] = ()
) -> str:
    """Return one line that asks for a report, below the traceback if `environ` asks for it.

    Masked are whatever has the shape of a secret, the values of variables whose names say that
    they are one, and `secrets`.
    """
    hidden = sorted(filter(None, {*secrets, *_secrets_of(environ)}), key=len, reverse=True)
    story = TracebackException.from_exception(error)
    message = " ".join(" ".join(_masked(str(story), hidden)).split())
    if len(message) > _LONGEST:
        message = message[: _LONGEST - 1] + "…"
    name = type(error).__name__
    line = printable(
        f"{command}: {_REQUEST}: {name}: {message}" if message else f"{command}: {_REQUEST}: {name}"
    )
    if environ.get(TRACEBACK) != "1":
        return f"{line} ({TRACEBACK}=1 prints the traceback)"
    return "\n".join([*map(printable, _traceback(story, hidden)), line])


_REQUEST: Final = "this should not happen, please report it"
_LONGEST: Final = 300  # characters of a message; some libraries put whole documents into theirs
_SHORTEST: Final = 6  # characters of a variable's value; a shorter one would mask common words


def _traceback(story: TracebackException, hidden: Sequence[str]) -> Iterator[str]:
    messages = {message: "\n".join(_masked(message, hidden)) for message in _messages(story)}
    for part in story.format():
        # A message is masked for itself: after the exception's name a key would not be seen.
        for message, masked in messages.items():
            part = part.replace(message, masked)  # noqa: PLW2901 - the same part, masked
        yield from _masked(part, hidden)


def _messages(story: TracebackException) -> Iterator[str]:
    if message := str(story):
        yield message
    for earlier in (story.__cause__, story.__context__):
        if earlier is not None:
            yield from _messages(earlier)


def _secrets_of(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        if len(value) >= _SHORTEST and redact.named_like_access(name):
            yield value


def _masked(text: str, hidden: Sequence[str]) -> list[str]:
    """Return a text's lines without secrets; those of one text, because a key may stand above."""
    for secret in hidden:
        text = text.replace(secret, redact.DOTS)
    lines = text.splitlines()
    return [redact.masked(lines, index) for index in range(len(lines))]
