"""Saying what will be done, and having it agreed to."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from infra_apply.errors import Refusal
from infra_apply.terminal.printing import print_remark


def require_consent(lines: Iterable[str], *, given: bool) -> None:
    """Print what will be done on stderr, and ask unless consent is `given`. Raises Refusal."""
    print_remark("\n".join(lines))
    if given:
        return
    if not sys.stdin.isatty():
        raise Refusal(
            "nobody can be asked here",
            state="nothing was changed",
            next_step="run the same with --yes",
        )
    print_remark("go ahead? [y/N] ", end="")
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Refusal("not agreed", state="nothing was changed")
