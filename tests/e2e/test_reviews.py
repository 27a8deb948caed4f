"""A reviewed plan is done whole or not at all; `python -m tests.reviews` plays a thousand cases."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

from tests.reviews.play import CHANGES, play_first
from tests.reviews.starts import Start, prepare

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """One host with two services and a database, and nothing of it is applied."""
    folder = tmp_path_factory.mktemp("reviews") / "start"
    return prepare(1, 100, folder, Path(sys.executable))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("no ssh list", "Firewall lime: what it would be set to is not what was reviewed"),
        ("protect: false", "Droplet lime: its protection is not what was reviewed"),
        ("new dependency", "what it would be set to is not what was reviewed"),
        ("stranger's droplet of a host's name", "error[IA"),
        ("order of keys", ""),
    ],
)
def test_after_a_change_what_was_reviewed_is_done_or_what_moved_is_named(
    start: Start, tmp_path: Path, kind: str, words: str
) -> None:
    """Refused with no request, or exactly the requests that the plan makes without a change."""
    changes = [change for change in CHANGES if change.kind == kind]
    played = play_first(start, changes, Random(1), tmp_path / "case")  # noqa: S311
    assert played.verdict.outcome == ("refused" if words else "applied"), played.verdict.problems
    assert words in played.output
