"""Which rehearsals use the servers of an account; run as a program, it keeps one server.

Every rehearsal of an account holds a shared lock while it uses the servers, and the last one stops
them. Where a rehearsal is killed nobody would: so each server is the child of a small process that
stops it when it finds that nobody holds the lock. Locks end with their process (flock(2)). They are
taken and given up only by whoever holds the folder, so that nobody joins a server that is stopped.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SECONDS: Final = 1.0
"""How often a keeper looks whether its server is still used."""


@contextmanager
def held(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Keep everybody else from starting, joining, leaving and stopping the servers in a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def join(folder: str | os.PathLike[str]) -> int:
    """Use the servers in a folder that is held; the descriptor that is returned stands for it."""
    descriptor = _open_users(folder)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def leave(descriptor: int) -> None:
    """Use the servers no longer."""
    os.close(descriptor)


def is_used(folder: str | os.PathLike[str]) -> bool:
    """Say whether somebody uses the servers in a folder that is held."""
    descriptor = _open_users(folder)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def keep(folder: str, command: list[str]) -> int:
    """Run a server until it ends by itself or nobody uses it any more; return its exit code."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as server:  # noqa: S603
        threading.Thread(target=_stop_unused, args=(folder, server), daemon=True).start()
        return server.wait()


def _stop_unused(folder: str, server: subprocess.Popen[bytes]) -> None:
    while True:
        time.sleep(SECONDS)
        try:
            with held(folder):
                if is_used(folder):
                    continue
                server.send_signal(signal.SIGINT)
                server.wait()
        except OSError:  # the folder is gone, and the server has nothing left to serve
            server.send_signal(signal.SIGQUIT)
        return


def _open_users(folder: str | os.PathLike[str]) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(os.path.join(folder, "users"), flags, 0o600)  # noqa: PTH118


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1], sys.argv[2:]))
