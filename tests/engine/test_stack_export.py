"""What the stack remembers, asked of the engine from inside its program."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra_apply.engine import stack_export
from infra_apply.engine.stack_export import engine_among_ancestors, export_stack
from infra_apply.errors import Outage

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.process

NAME = "organization/infra-apply/prod"


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Variables that lead to no engine but the one in `bin`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}


def test_the_engine_is_asked_for_the_stack_by_its_whole_name(
    script: Callable[[str, str], Path], environ: dict[str, str]
) -> None:
    script("bin/pulumi", """echo "{\\"asked\\": \\"$*\\"}" """)
    assert export_stack(NAME, environ) == {
        "asked": f"stack export --stack {NAME} --non-interactive"
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo error: no such backend >&2; exit 3", "no such backend"),
        ("exit 3", "exit code 3"),
        ("echo nonsense", "what it printed is not JSON"),
        ("echo []", "what it printed is no object"),
    ],
)
def test_a_state_that_cannot_be_read_stops_the_run(
    script: Callable[[str, str], Path], environ: dict[str, str], body: str, reason: str
) -> None:
    script("bin/pulumi", body)
    with pytest.raises(Outage) as raised:
        export_stack(NAME, environ)
    assert raised.value.message == f"the state of {NAME} cannot be read: {reason}"
    assert "nothing was changed" in raised.value.state


def test_a_state_that_is_just_being_written_is_read_again(
    script: Callable[[str, str], Path], environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    script(
        "bin/pulumi",
        """
        echo x >> "$0.tries"
        test $(wc -l < "$0.tries") -gt 2 && echo {} && exit
        echo 'error: failed to load checkpoint: EOF' >&2
        exit 1
        """,
    )
    assert export_stack(NAME, environ) == {}
    assert pauses == [0.1, 0.3]


def test_without_any_engine_the_run_stops(environ: dict[str, str]) -> None:
    with pytest.raises(Outage, match="no pulumi is on PATH or runs this program"):
        export_stack(NAME, environ)


TREE = {
    40: ("/usr/bin/python3.11", 30),
    30: ("/opt/pulumi/bin/pulumi-language-python", 20),
    20: ("/opt/pulumi/bin/pulumi", 10),
    10: ("/home/ada/bin/pulumi", 1),
}


@pytest.mark.parametrize(
    ("pid", "engine"),
    [(40, "/opt/pulumi/bin/pulumi"), (10, "/home/ada/bin/pulumi"), (1, None), (99, None)],
)
def test_the_engine_that_runs_the_program_is_its_nearest_ancestor_of_that_name(
    pid: int, engine: str | None
) -> None:
    assert engine_among_ancestors(pid, lambda asked: TREE.get(asked, ("", 0))) == engine


def test_a_circle_of_processes_ends() -> None:
    assert engine_among_ancestors(5, lambda _: ("/bin/sh", 5)) is None


@pytest.mark.parametrize("reader", [stack_export._read_process, stack_export._ask_ps])
def test_a_process_is_read_with_its_parent(
    reader: Callable[[int], tuple[str, int]],
) -> None:
    executable, parent = reader(os.getpid())
    assert Path(executable).name.startswith("python")
    assert parent == os.getppid()
    assert reader(2**22 + 1) == ("", 0)
