"""Children: their lines, their endings, and that none is left."""

from __future__ import annotations

import os
import select
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from infra_apply.engine import child_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOREVER = 60.0


def run(
    command: str,
    folder: Path,
    on_line: Callable[[str], None] = lambda _line: None,
    timeout: float = FOREVER,
) -> None:
    child_process.run(
        ["/bin/sh", "-c", command],
        environ={"PATH": "/usr/bin:/bin"},
        cwd=folder,
        on_line=on_line,
        on_tick=lambda: None,
        timeout=timeout,
    )


def ends(pid: int) -> bool:
    """Wait for a process to end: what is killed is gone a moment later, not at once."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], FOREVER / 2)[0])
    finally:
        os.close(handle)


@pytest.mark.process
def test_lines_of_both_streams_are_handed_on_also_the_unfinished_last(tmp_path: Path) -> None:
    lines: list[str] = []
    run("echo one; echo two >&2; printf three", tmp_path, lines.append)
    assert sorted(lines) == ["one", "three", "two"]


@pytest.mark.process
def test_a_bad_exit_code_is_told_with_the_last_words(tmp_path: Path) -> None:
    with pytest.raises(child_process.ChildFailed, match=r"^exit code 7: no space left$"):
        run("echo start; echo no space left; exit 7", tmp_path)


@pytest.mark.process
def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(child_process.ChildFailed, match=r"does not start: No such file"):
        child_process.run(
            ["/nowhere/go"],
            environ={},
            cwd=tmp_path,
            on_line=lambda _line: None,
            on_tick=lambda: None,
            timeout=FOREVER,
        )


@pytest.mark.process
def test_at_the_deadline_the_child_and_what_it_started_are_ended(tmp_path: Path) -> None:
    pids: list[int] = []
    with pytest.raises(child_process.ChildFailed, match=r"^it was not done after 0 s$"):
        run("sleep 60 & echo $!; wait", tmp_path, lambda line: pids.append(int(line)), 0.4)
    assert len(pids) == 1
    assert ends(pids[0])


@pytest.mark.process
def test_an_interrupt_ends_the_child_and_what_it_started(tmp_path: Path) -> None:
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        os.kill(os.getpid(), signal.SIGINT)

    assert threading.current_thread() is threading.main_thread()
    with pytest.raises(KeyboardInterrupt):
        run("sleep 60 & echo $!; wait", tmp_path, interrupt)
    assert ends(pids[0])


@pytest.mark.process
def test_a_child_gets_the_given_variables_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGITALOCEAN_TOKEN", "leaked")
    lines: list[str] = []
    run('echo "token=$DIGITALOCEAN_TOKEN"', tmp_path, lines.append)
    assert lines == ["token="]
