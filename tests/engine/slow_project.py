"""A Pulumi project whose one resource takes as long as a test wants."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engine.tiny_project import write_project

SLOW = """
import os
from slow import Slow
Slow("made")
"""
# A resource whose creation says that it has begun, and ends when it is told to: two FIFOs.
SLOW_PARTS = """
from pathlib import Path
from pulumi.dynamic import CreateResult, Resource, ResourceProvider
HERE = Path(__file__).parent
class Provider(ResourceProvider):
    def create(self, props):
        (HERE / "begun").write_bytes(b"x")
        with (HERE / "finish").open("rb") as told:
            told.read(1)
        return CreateResult("an-id", {})
class Slow(Resource):
    def __init__(self, name):
        super().__init__(Provider(), name, {})
"""


@dataclass(frozen=True, slots=True)
class SlowProject:
    """A project whose one resource takes until `finish` is called."""

    folder: Path
    begun: int
    finished: int

    def wait_until_begun(self) -> None:
        ready, _, _ = select.select([self.begun], [], [], 60)
        assert ready, "the resource was never begun"

    def finish(self) -> None:
        os.write(self.finished, b"x")


@contextmanager
def slow_project(folder: Path) -> Iterator[SlowProject]:
    write_project(folder, SLOW, slow=SLOW_PARTS)
    pipes = []
    for name in ("begun", "finish"):
        os.mkfifo(folder / name)
        pipes.append(os.open(folder / name, os.O_RDWR))  # open for both, nobody waits to open it
    yield SlowProject(folder, *pipes)
    for pipe in pipes:
        os.close(pipe)
