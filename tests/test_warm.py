"""A warm interpreter's processes are as those of a cold one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.warm import warm_python

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with warm_python(tmp_path_factory.mktemp("warm")) as python:
        yield python


TELL = """\
import json, os, sys
print(json.dumps([sys.argv[1:], os.environ["WHO"], os.getcwd(), sys.stdin.read(), __name__]))
os.write(int(sys.argv[1]), b"through the pipe")
print("oh", file=sys.stderr)
sys.exit(7)
"""


def test_arguments_environment_folder_files_and_exit_code_are_handed_over(
    warm: Path, tmp_path: Path
) -> None:
    (tmp_path / "tell.py").write_text(TELL)
    answers = []
    for python in (sys.executable, warm):
        reader, writer = os.pipe()
        done = subprocess.run(
            [python, "-u", tmp_path / "tell.py", str(writer), "a b"],
            cwd=tmp_path,
            env={"WHO": "me", "PATH": os.environ["PATH"]},
            input="what is asked",
            pass_fds=[writer],
            capture_output=True,
            text=True,
            check=False,
        )
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            heard = pipe.read()
        told = done.stdout.replace(str(writer), "FD")
        answers.append((told, done.stderr, done.returncode, heard))
    assert answers[0] == answers[1]
    assert answers[0][2:] == (7, b"through the pipe")


PORT = "import sys\nsys.stdout.buffer.write(b'1234\\n')\nsys.stdin.read()\n"


def test_without_a_buffer_bytes_are_not_kept_back(warm: Path, tmp_path: Path) -> None:
    """Pulumi's dynamic provider says its port so, and then waits."""
    (tmp_path / "port.py").write_text(PORT)
    with subprocess.Popen(
        [warm, "-u", tmp_path / "port.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        assert process.stdout.readline() == b"1234\n"
        process.stdin.close()
        assert process.wait(60) == 0


WAIT = "import sys\nprint('here', flush=True)\nsys.stdin.read()\n"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_a_signal_ends_both_the_launcher_and_its_fork(
    warm: Path, tmp_path: Path, number: int, code: int
) -> None:
    (tmp_path / "wait.py").write_text(WAIT)
    reader, writer = os.pipe()  # both ends of its stdout are closed once the fork is gone, too
    process = subprocess.Popen(
        [warm, tmp_path / "wait.py"],
        stdin=subprocess.PIPE,
        stdout=writer,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.readline() == b"here\n"
        process.send_signal(number)
        assert process.wait(60) == code
        assert pipe.read() == b""
    assert process.stdin is not None
    process.stdin.close()


HEED = """\
import signal, sys
signal.signal(signal.SIGINT, lambda *_: sys.exit(3))
print("here", flush=True)
sys.stdin.read()
"""


def test_a_program_that_heeds_a_signal_ignored_where_it_was_started_hears_it(
    warm: Path, tmp_path: Path
) -> None:
    (tmp_path / "heed.py").write_text(HEED)
    kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = subprocess.Popen(
            [warm, tmp_path / "heed.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
    finally:
        signal.signal(signal.SIGINT, kept)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 3


def test_it_ends_with_the_process_that_has_started_it(tmp_path: Path) -> None:
    address = tmp_path / "warm"
    command = [sys.executable, "-m", "tests.warm", str(address)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"ready\n"
        process.stdin.close()
        assert process.wait(60) == 0
