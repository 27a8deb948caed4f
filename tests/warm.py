"""Python programs that start in an interpreter which has imported everything already.

Half of what a run costs is the start of eight interpreters. Here one process imports what they
need and forks itself for each; a small script in the place of `python` hands it the arguments, the
environment, the folder and the open files, passes signals on and ends as the fork ends.
"""

from __future__ import annotations

import array
import gc
import io
import marshal
import os
import random
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

# What a run's processes import; none of it looks at the environment while it is imported.
IMPORTED: Final = (
    "infra_apply.program",
    "infra_apply.rehearsal.plugin.servicer",
    "infra_apply.cli.main",
    "infra_apply.cli.up",
    "infra_apply.engine.language.files",  # it keeps the interpreter that imports it
    "pulumi.automation",
    "pulumi.runtime.proto.language_pb2_grpc",
    "encodings.idna",  # by the first look-up of an address
    "encodings.utf_8_sig",
    "grpc._server",
    "grpc.experimental",
    "importlib.metadata",
    "infra_apply.cli.rehearse",
    "infra_apply.render.grants",
    "logging.config",
)
WARM: Final = "VIRTUAL_ENV"
"""The variable that leads language hosts, and tests, to a `python` that has imported everything."""
# The descriptors beyond 0 to 2 that a process may be handed: the language host's pipe.
_FIRST, _LAST = 3, 64
_LAUNCHER = """\
#!{python} -ISE
# What is built in alone: an import takes as long as the rest.
import _signal, _socket, marshal, posix, sys
if "-c" in sys.argv[1:3]:
    posix.execv({python!r}, [{python!r}, *sys.argv[1:]])
signals = (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP)
ignored = [number for number in signals if _signal.getsignal(number) is _signal.SIG_IGN]
server = _socket.socket(_socket.AF_UNIX)
server.connect({address!r})
descriptors = [0, 1, 2]
for number in range({first}, {last}):
    try:
        if posix.get_inheritable(number):
            descriptors.append(number)
    except OSError:
        pass
request = {{"arguments": sys.argv[1:], "environ": dict(posix.environ), "folder": posix.getcwd(),
           "descriptors": descriptors, "ignored": [int(number) for number in ignored],
           "prefix": {prefix!r}}}
# Also those that are ignored here: the program may set them, as the language host does.
for number in signals:
    _signal.signal(number, lambda number, _frame: server.send(bytes([number])))
data = marshal.dumps(request)
rights = b"".join(number.to_bytes(4, sys.byteorder) for number in descriptors)
server.sendmsg([len(data).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
server.sendall(data)
for number in descriptors:
    posix.close(number)
code = server.recv(1)
posix._exit(code[0] if code else 137)
"""


def interpreter(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the `python` that the environment leads to where it is a warm one, else this one."""
    folder = Path(environ.get(WARM, "/nowhere"))
    return folder / "bin" / "python" if (folder / "warm").is_socket() else Path(sys.executable)


@contextmanager
def warm_python(folder: Path) -> Iterator[Path]:
    """Give a `python` for as long as the block lasts; `folder` gets `bin/python` and its socket."""
    address, launcher = folder / "warm", folder / "bin" / "python"
    launcher.parent.mkdir()
    for name in ("pulumi/runtime", "grpc"):  # by which a language host's launcher knows it
        (folder / "lib" / "python3" / "site-packages" / name).mkdir(parents=True)
    values = {"python": sys.executable, "address": str(address), "prefix": str(folder)}
    text = _LAUNCHER.format(**values, first=_FIRST, last=_LAST)
    launcher.write_text(text)
    launcher.chmod(0o755)
    command = [sys.executable, "-m", "tests.warm", str(address)]
    # It ends with its stdin, so also where this process is killed.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError("the warm interpreter does not start")
        try:
            yield launcher
        finally:
            process.terminate()


def main(address: str) -> None:
    """Fork for every launcher that connects, until SIGTERM or the end of stdin."""
    for name in IMPORTED:
        import_module(name)
    gc.collect()
    gc.freeze()
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen(64)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    with selectors.DefaultSelector() as selector:
        selector.register(server, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        launchers: dict[int, socket.socket] = {}
        while True:
            for key, _ in selector.select():
                if key.fileobj == 0:
                    return
                if key.fileobj is server:
                    _start(server.accept()[0], launchers, [server.fileno(), woken, wake])
                else:
                    os.read(woken, 4096)
            _tell_ended(launchers)


def _tell_ended(launchers: dict[int, socket.socket]) -> None:
    """Tell the launchers of all forks that have ended their exit codes."""
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            launcher = launchers.pop(ended[0])
            code = os.waitstatus_to_exitcode(ended[1])
            with launcher, suppress(OSError):
                launcher.send(bytes([code if code >= 0 else 128 - code]))


def _start(launcher: socket.socket, launchers: dict[int, socket.socket], own: list[int]) -> None:
    """Read a launcher's request and fork for it."""
    received = _receive(launcher)
    if received is None:
        launcher.close()
        return
    request, descriptors = received
    pid = os.fork()
    if pid:
        launchers[pid] = launcher
        for descriptor in descriptors:
            os.close(descriptor)
        return
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for other in launchers.values():
            other.close()
        for number in own:
            os.close(number)
        code = _become(request, descriptors, launcher)
    finally:
        os._exit(code)


def _receive(launcher: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    descriptors = array.array("i")
    head, ancillary, _, _ = launcher.recvmsg(4, socket.CMSG_LEN((_LAST + 3) * descriptors.itemsize))
    for _level, kind, data in ancillary:
        if kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    length, body = int.from_bytes(head, "big"), b""
    while head and len(body) < length and (part := launcher.recv(length - len(body))):
        body += part
    if not head or len(body) < length:
        return None
    return marshal.loads(body), list(descriptors)  # noqa: S302 - of our own launcher


def _become(request: dict[str, Any], descriptors: list[int], launcher: socket.socket) -> int:
    """Be the process that was asked for; returns its exit code."""
    _take_descriptors(launcher, descriptors, request["descriptors"])
    os.environ.clear()
    environ = request["environ"].items()
    os.environ.update({os.fsdecode(name): os.fsdecode(value) for name, value in environ})
    os.chdir(request["folder"])
    # Whatever this starts with an interpreter of its own is warm, too.
    sys.prefix = request["prefix"]
    sys.executable = str(Path(sys.prefix, "bin", "python"))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in request["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    random.seed()
    sys.stdout = _open_stdout(unbuffered="-u" in request["arguments"])
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    threading.Thread(target=_follow, args=(os.dup(_CONTROL),), daemon=True).start()
    try:
        _run([word for word in request["arguments"] if word != "-u"])
    except SystemExit as end:
        return _exit_code(end.code)
    except KeyboardInterrupt:
        return 130
    except BaseException:  # noqa: BLE001 - as an interpreter does
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
    return 0


def _open_stdout(*, unbuffered: bool) -> io.TextIOWrapper:
    """Open it as an interpreter does: with `-u`, bytes are not kept back either."""
    if unbuffered:  # Pulumi's dynamic provider writes its port so, and waits
        return io.TextIOWrapper(open(1, "wb", buffering=0, closefd=False), write_through=True)
    return open(1, "w", buffering=1, closefd=False)


_CONTROL: Final = 200


def _take_descriptors(launcher: socket.socket, held: list[int], wanted: list[int]) -> None:
    """Put each file where the launcher had it."""
    os.dup2(launcher.fileno(), _CONTROL, inheritable=False)
    away = [os.dup2(number, 100 + place) for place, number in enumerate(held)]
    os.closerange(3, 100)
    for number, descriptor in zip(wanted, away, strict=True):
        os.dup2(descriptor, number, inheritable=True)
        os.close(descriptor)


def _follow(control: int) -> None:
    """Pass signals on to this process, and end it when its launcher is gone."""
    while data := os.read(control, 1):
        os.kill(os.getpid(), data[0])
    os._exit(137)


def _run(arguments: list[str]) -> None:
    sys.path[:0] = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if arguments[0] == "-m":
        sys.path.insert(0, str(Path.cwd()))
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, str(Path(arguments[0]).parent))
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def _exit_code(code: object) -> int:
    if isinstance(code, int):
        return code & 255
    if code is None:
        return 0
    sys.stderr.write(f"{code}\n")
    return 1


if __name__ == "__main__":
    main(sys.argv[1])
