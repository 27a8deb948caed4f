"""Saying what will be done, and having it agreed to."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from infra_apply.errors import Refusal


def require_consent(lines: Iterable[str], *, given: bool) -> None:
    """Print what will be done on stderr, and ask unless consent is `given`. Raises Refusal."""
    print("\n".join(lines), file=sys.stderr)
    if given:
        return
    if not sys.stdin.isatty():
        raise Refusal(
            "nobody can be asked here",
            state="nothing was changed",
            next_step="run the same with --yes",
        )
    print("go ahead? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Refusal("not agreed", state="nothing was changed")
