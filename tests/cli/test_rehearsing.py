"""What a rehearsal says names its own commands: plain pulumi would reach the real state."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from infra_apply.cli.common.rehearsing import reworded

ARGUMENTS = argparse.Namespace(account=Path("box"), directory=None, stack="prod", config_file=None)
THROUGH = "infra-apply rehearse exec --account box --stack prod -- pulumi"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("next: pulumi cancel --stack prod", f"next: {THROUGH} cancel --stack prod"),
        ("run `pulumi stack init prod`", f"run `{THROUGH} stack init prod`"),
        ("and run `pulumi up`", f"and run `{THROUGH} up`"),
        ("pulumi up failed: x; pulumi state", f"{THROUGH} up failed: x; {THROUGH} state"),
        ("the state of pulumi is fine", "the state of pulumi is fine"),
        ("pulumi-resource-digitalocean is missing", "pulumi-resource-digitalocean is missing"),
        (f"{THROUGH} up", f"{THROUGH} up"),
    ],
)
def test_a_bare_pulumi_command_becomes_one_of_the_rehearsal(text: str, expected: str) -> None:
    assert reworded(text, ARGUMENTS) == expected
