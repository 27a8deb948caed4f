"""A stack file with what is taken over written into it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra_apply.adoption.model import Proposals
from infra_apply.adoption.yaml_insert import NoPlaceForSetting, insert, lines_of
from infra_apply.diagnostics.code import Severity
from infra_apply.errors import Refusal
from infra_apply.inputs.document import Document, Path
from infra_apply.inputs.yaml_reader import read


def with_proposals(document: Document, proposals: Proposals) -> bytes:
    """Return a stack file's bytes with the proposals in its settings; all else is as it was.

    The result is read again, and holds the same values and what is proposed. Raises Refusal where
    that cannot be had: a host that is an alias of another's entry would change both.
    """
    text, data = document.source.decode("utf-8"), document.data
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    try:
        for path, value in proposals.additions():
            text, data = insert(text, path, value), _with_value(data, path, value)
    except NoPlaceForSetting:
        raise _refusal(document) from None
    after = (mark + text).encode()
    written, problems = read(document.path, after)
    is_broken = any(problem.severity is Severity.ERROR for problem in problems)
    if written is None or is_broken or written.data != data:
        raise _refusal(document)
    return after


def as_yaml(proposals: Proposals) -> str:
    """Return the proposals as a stack file that has nothing else; without any, an empty text."""
    text = ""
    for path, value in proposals.additions():
        text = insert(text, path, value) if text else "\n".join(lines_of(path, value)) + "\n"
    return text


def _with_value(data: Any, path: Path, value: int | Sequence[str]) -> Any:
    """Return a mapping with a value at a path; no mapping or list is changed, as some are shared.

    A list is put at the end of the one that stands there already.
    """
    if path:
        below = data if isinstance(data, dict) else {}
        return {**below, path[0]: _with_value(below.get(path[0]), path[1:], value)}
    if isinstance(value, int):
        return value
    return [*(data or ()), *value]


def _refusal(document: Document) -> Refusal:
    return Refusal(
        f"{document.path} is written in a way that settings cannot be added to",
        state="nothing was written",
        next_step="paste by hand what the same prints without --write, below the keys it has",
    )
