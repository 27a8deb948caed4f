"""The engine that runs the program is found from inside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra_apply.engine import running
from infra_apply.engine.running import engine_among_ancestors, running_engine
from infra_apply.errors import Outage

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_engine_on_path_is_taken_where_none_runs_us(
    tmp_path: Path, script: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_read_process", lambda _: ("/usr/bin/python3", 1))
    pulumi = script("bin/pulumi", "")
    assert running_engine({"PATH": str(tmp_path / "bin")}) == pulumi


def test_the_engine_that_runs_us_comes_before_the_one_on_path(
    tmp_path: Path, script: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = script("elsewhere/pulumi", "")
    script("bin/pulumi", "")
    monkeypatch.setattr(running, "_read_process", lambda _: (str(engine), 1))
    assert running_engine({"PATH": str(tmp_path / "bin")}) == engine


def test_without_any_engine_the_run_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_read_process", lambda _: ("", 0))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(Outage, match="the engine that runs this program cannot be found"):
        running_engine({"PATH": str(tmp_path)})


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


@pytest.mark.process
@pytest.mark.parametrize("reader", [running._read_process, running._ask_ps])
def test_a_process_is_read_with_its_parent(
    reader: Callable[[int], tuple[str, int]],
) -> None:
    executable, parent = reader(os.getpid())
    assert Path(executable).name.startswith("python")
    assert parent == os.getppid()
    assert reader(2**22 + 1) == ("", 0)
