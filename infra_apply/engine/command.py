"""The engine's CLI for pulumi.automation, with exactly the environment variables it is given.

`PulumiCommand` merges `os.environ` into every call, and its `up` passes --skip-preview, with which
an error that the preview would have shown stops nothing that comes before it. Replacing its
`run` is the one place where both can be put right.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from infra_apply.errors import Outage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

    from infra_apply.engine.install.find import Engine

_BETWEEN_TICKS = 0.2


class ExactCommand(PulumiCommand):
    """Runs `engine` with the variables `environ`, its own folder first on PATH.

    `results` keeps the last result of each subcommand, by its name. `on_start` gets the pid of each
    process of the CLI. On Ctrl-C the CLI gets one SIGINT a press (the first lets it finish what is
    in flight) and KeyboardInterrupt is raised when it has ended. Whatever the CLI started ends with
    it.
    """

    def __init__(
        self,
        engine: Engine,
        environ: Mapping[str, str],
        on_tick: Callable[[], None],
        on_start: Callable[[int], None] = lambda _pid: None,
    ) -> None:
        self.command = str(engine.path)
        self.version = VersionInfo.parse(engine.version)
        self.results: dict[str, CommandResult] = {}
        self._environ = environ
        self._on_tick = on_tick
        self._on_start = on_start

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], Any] | None = None,
        on_error: Callable[[str], Any] | None = None,
    ) -> CommandResult:
        """As PulumiCommand.run; raises the same errors, and Outage if it does not start."""
        # What applies a plan was previewed when the plan was made.
        previews_first = args[0] in {"up", "destroy"} and "--plan" not in args
        args = [word for word in args if not (previews_first and word == "--skip-preview")]
        process = self._start(args, cwd, additional_env)
        interrupts = 0
        try:
            self._on_start(process.pid)
            with _forwarding_interrupts(process) as forwarded:
                stdout, stderr = self._collect_output(process, on_output, on_error)
            interrupts = len(forwarded)
        finally:
            _kill_session(process)
        result = CommandResult(stdout=stdout, stderr=stderr, code=process.returncode)
        self.results[args[0]] = result
        if interrupts:
            raise KeyboardInterrupt
        if result.code:
            raise create_command_error(result)
        return result

    def _start(
        self, args: list[str], cwd: str, additional_env: Mapping[str, str]
    ) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(  # noqa: S603 - the engine that was found
                [self.command, "--non-interactive", *args],
                cwd=cwd,
                env={**self._own_env(), **additional_env, "PULUMI_AUTOMATION_API": "true"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,  # so that Ctrl-C reaches it once, through us
            )
        except OSError as error:
            raise Outage(
                f"{self.command} does not start: {error.strerror or error}",
                state="nothing was changed",
                next_step="infra-apply engine install --force",
            ) from error

    def _own_env(self) -> dict[str, str]:
        path = self._environ.get("PATH", os.defpath)
        folder = os.fspath(Path(self.command).parent)
        return {**self._environ, "PATH": os.pathsep.join([folder, path])}

    def _collect_output(
        self,
        process: subprocess.Popen[str],
        on_output: Callable[[str], Any] | None,
        on_error: Callable[[str], Any] | None,
    ) -> tuple[str, str]:
        assert process.stdout is not None  # noqa: S101 - both are pipes
        assert process.stderr is not None  # noqa: S101
        outputs: tuple[list[str], list[str]] = ([], [])
        readers = [
            threading.Thread(target=_read_lines, args=(stream, lines, callback), daemon=True)
            for stream, lines, callback in zip(
                (process.stdout, process.stderr), outputs, (on_output, on_error), strict=True
            )
        ]
        for reader in readers:
            reader.start()
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_BETWEEN_TICKS)
            self._on_tick()
        _kill_session(process)  # a plugin that stayed would hold the pipes open
        for reader in readers:
            reader.join()
        return "\n".join(outputs[0]), "\n".join(outputs[1])


def _kill_session(leader: subprocess.Popen[str]) -> None:
    """Kill whatever is left of the session that `leader` was started in, and itself.

    The engine's plugins have process groups of their own; the session is what they share.
    """
    for pid in _list_pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == leader.pid:
                os.kill(pid, signal.SIGKILL)
    leader.wait()


def _list_pids() -> list[int]:
    proc = Path("/proc")
    if (proc / "self").exists():
        return [int(entry.name) for entry in proc.iterdir() if entry.name.isdigit()]
    listing = subprocess.run(["/bin/ps", "-axo", "pid="], capture_output=True, check=False)
    return [int(pid) for pid in listing.stdout.split()]


@contextlib.contextmanager
def _forwarding_interrupts(process: subprocess.Popen[str]) -> Iterator[list[int]]:
    """Send the CLI a SIGINT for each SIGINT or SIGTERM we get; yields the list of them."""
    forwarded: list[int] = []

    def forward(number: int, _frame: FrameType | None) -> None:
        forwarded.append(number)
        process.send_signal(signal.SIGINT)

    if threading.current_thread() is not threading.main_thread():
        yield forwarded  # signals are the main thread's business
        return
    handlers = {
        number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield forwarded
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _read_lines(stream: IO[str], lines: list[str], callback: Callable[[str], Any] | None) -> None:
    with stream:
        for line in stream:
            text = line.rstrip()
            lines.append(text)
            if callback:
                callback(text)
