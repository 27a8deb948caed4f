"""The simulated account and the stand-in share nothing with what they are to test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import infra_apply

PACKAGE = Path(infra_apply.__file__).parent
REHEARSAL = PACKAGE / "rehearsal"
OURS = [
    *sorted((REHEARSAL / "account").rglob("*.py")),
    *sorted((REHEARSAL / "provider").rglob("*.py")),
    *(REHEARSAL / f"{name}.py" for name in ("api", "faults", "files", "listener")),
    *sorted(REHEARSAL.glob("seed*.py")),
]


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(REHEARSAL)))
def test_a_module_of_the_simulation_imports_only_the_simulation(path: Path) -> None:
    own = [name for name in imported(path) if name.split(".")[0] == "infra_apply"]
    assert [name for name in own if not name.startswith("infra_apply.rehearsal")] == []


@pytest.mark.parametrize(
    "path", sorted((REHEARSAL / "account").rglob("*.py")), ids=lambda path: path.name
)
def test_the_account_is_pure(path: Path) -> None:
    """No clock, chance, file, network, process or environment: only values."""
    impure = {"time", "random", "os", "pathlib", "socket", "subprocess", "secrets", "threading"}
    assert [name for name in imported(path) if name.split(".")[0] in impure] == []


@pytest.mark.parametrize(
    "path", sorted((REHEARSAL / "provider").rglob("*.py")), ids=lambda path: path.name
)
def test_the_stand_in_does_not_know_the_account(path: Path) -> None:
    """It learns of the account over HTTP alone, as the real plugin does."""
    known = "infra_apply.rehearsal.provider"
    own = [name for name in imported(path) if name.startswith("infra_apply")]
    assert [name for name in own if not name.startswith(known)] == []


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
