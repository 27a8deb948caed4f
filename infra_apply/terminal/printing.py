"""What a command prints: its answer on stdout, and on stderr what is told beside it.

No other module writes to these two, so that nothing leaves that could steer a terminal or a CI
service, whatever stands in the manifests, the mesh, the settings and the account.
"""

from __future__ import annotations

import sys
from typing import Any

from infra_apply.terminal.layout import write
from infra_apply.terminal.safe_text import json_text


def print_answer(text: str, *, end: str = "\n", annotations: bool = False) -> None:
    """Print a text on stdout. `annotations` are lines that steer a GitHub workflow run (`safe`)."""
    if sys.stdout is not None:  # nobody reads what a command is started without
        write(sys.stdout, f"{text}{end}", annotations=annotations)


def print_json(value: Any) -> None:
    """Print a value as JSON on stdout."""
    print_answer(json_text(value))


def print_remark(text: str, *, end: str = "\n") -> None:
    """Print a text on stderr."""
    if sys.stderr is not None:
        write(sys.stderr, f"{text}{end}")
