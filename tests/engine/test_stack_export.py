"""What the stack remembers, asked of the engine from inside its program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra_apply.engine.stack_export import export_stack, read_outputs
from infra_apply.errors import Outage

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.process

NAME = "organization/infra-apply/prod"
ENVIRON = {"PATH": "/usr/bin:/bin"}


def test_the_engine_is_asked_for_the_stack_by_its_whole_name(
    tmp_path: Path, script: Callable[[str, str], Path]
) -> None:
    pulumi = script("pulumi", """echo "{\\"asked\\": \\"$*\\"}" """)
    assert export_stack(pulumi, NAME, tmp_path, ENVIRON) == {
        "asked": f"stack export --stack {NAME} --non-interactive"
    }


def test_the_engine_is_asked_for_outputs_with_their_secrets(
    tmp_path: Path, script: Callable[[str, str], Path]
) -> None:
    pulumi = script("pulumi", """echo "{\\"asked\\": \\"$*\\"}" """)
    assert read_outputs(pulumi, NAME, tmp_path, ENVIRON) == {
        "asked": f"stack output --json --show-secrets --stack {NAME} --non-interactive"
    }


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo error: no such backend >&2; exit 3", "no such backend"),
        ("exit 3", "exit code 3"),
        ("echo nonsense", "what the engine printed is not JSON"),
        ("echo []", "what the engine printed is no object"),
    ],
)
def test_a_state_that_cannot_be_read_stops_the_run(
    tmp_path: Path, script: Callable[[str, str], Path], body: str, reason: str
) -> None:
    pulumi = script("pulumi", body)
    with pytest.raises(Outage) as raised:
        export_stack(pulumi, NAME, tmp_path, ENVIRON)
    assert raised.value.message == f"the state of stack {NAME} cannot be read: {reason}"
    assert "nothing was changed" in raised.value.state


def test_a_state_that_is_just_being_written_is_read_again(
    tmp_path: Path, script: Callable[[str, str], Path]
) -> None:
    pauses: list[float] = []
    pulumi = script(
        "pulumi",
        """
        echo x >> "$0.tries"
        test $(wc -l < "$0.tries") -gt 2 && echo {} && exit
        echo 'error: failed to load checkpoint: EOF' >&2
        exit 1
        """,
    )
    assert export_stack(pulumi, NAME, tmp_path, ENVIRON, pause=pauses.append) == {}
    assert pauses == [0.1, 0.4]


def test_a_stack_that_is_not_there_has_no_state(
    tmp_path: Path, script: Callable[[str, str], Path]
) -> None:
    pulumi = script("pulumi", "exit 6")
    assert export_stack(pulumi, NAME, tmp_path, ENVIRON) is None


def test_an_engine_that_does_not_start_is_an_outage(tmp_path: Path) -> None:
    with pytest.raises(Outage, match="the engine does not start"):
        export_stack(tmp_path / "none", NAME, tmp_path, ENVIRON)
