from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra_apply.engine.lock.machine import process
from infra_apply.engine.lock.model import Process
from infra_apply.engine.lock.site import LockSite
from tests.engine.lock.stacks import Stack

IDLE = [sys.executable, "-c", "import sys; sys.stdin.read()"]


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    (tmp_path / "locks").mkdir()
    return Stack(LockSite("dev", "file:///s", tmp_path / "locks", tmp_path / "records"))


@pytest.fixture
def elsewhere(tmp_path: Path) -> Stack:
    """Give a stack whose backend is no folder."""
    return Stack(LockSite("dev", "s3://state", None, tmp_path / "records"))


@pytest.fixture
def gone() -> Process:
    """Give a process that has ended."""
    with subprocess.Popen(IDLE, stdin=subprocess.PIPE) as child:
        return process(child.pid)


@pytest.fixture
def living() -> Iterator[Process]:
    """Give a process that is at work."""
    with subprocess.Popen(IDLE, stdin=subprocess.PIPE) as child:
        yield process(child.pid)
