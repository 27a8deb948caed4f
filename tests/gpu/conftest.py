"""A pool with slots, which tests share: to grow one takes longer than most of them."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gpu.stage import Stage, stage


@pytest.fixture
def collected() -> Iterator[None]:
    """Collect what a test left to the garbage collector; see `stage.ENGINE_IN_THIS_PROCESS`."""
    yield
    gc.collect()


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A pool that was grown to three slots; nobody changes it."""
    first = stage(tmp_path_factory.mktemp("grown"))
    done = first.scale(3)
    assert done.code == 0, done.err
    return first


@pytest.fixture
def pool_of_three(grown: Stage, tmp_path: Path) -> Stage:
    """A copy of that company and its rehearsal, in which nothing was asked for yet."""
    copy = Stage(tmp_path / "company", tmp_path / "rehearsal")
    shutil.copytree(grown.company, copy.company)
    shutil.copytree(grown.directory, copy.directory)
    (copy.directory / "requests.jsonl").unlink()
    return copy
