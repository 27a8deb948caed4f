"""One server: starting it on a port of this machine, asking it something, stopping it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from infra_apply.errors import Outage
from infra_apply.rehearsal.postgres import data_folder, sharing
from infra_apply.rehearsal.postgres.binaries import Installation, program_environ
from infra_apply.rehearsal.postgres.data_folder import SUPERUSER

RESERVED: Final = 3
"""Connections of a cluster that are its superuser's, as DigitalOcean documents."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server that runs on 127.0.0.1; `keeper` is its parent where this process started it."""

    folder: Path
    port: int
    keeper: subprocess.Popen[bytes] | None = None


def start(
    installation: Installation, folder: Path, *, port: int | None, max_connections: int
) -> PostgresServer:
    """Start the server of a data folder, at the port where that is free, else at another.

    Raises Outage if it does not start.
    """
    folder.chmod(0o700)  # a copy may have got another mode, and then the server refuses it
    for number in (*((port,) if port and _is_free(port) else ()), *_free_ports()):
        data_folder.forget_others(folder)
        keeper = _launch(installation, folder, number, max_connections)
        server = PostgresServer(folder, number, keeper)
        try:
            if _is_ready(server, keeper):
                return server
        except BaseException:
            stop(server)
            raise
        if "could not bind" not in _log(folder):  # else somebody was quicker to take the port
            break
    raise Outage(
        f"PostgreSQL does not start: {_reason(folder)}",
        state=f"the account is as it was; the server's data are in {folder}",
        next_step=f"read {_log_path(folder)}; without its data the server starts empty: "
        f"move {folder} away, or set INFRA_APPLY_REHEARSAL_POSTGRES=off",
    )


def stop(server: PostgresServer) -> None:
    """Stop the server: its clients are disconnected, and what was committed stays."""
    for number in (signal.SIGINT, signal.SIGQUIT):
        running = data_folder.find_running(server.folder)
        with suppress(ProcessLookupError):
            if running:
                os.kill(running.pid, number)
            elif server.keeper and server.keeper.poll() is None:
                # It has written no file yet; the keeper's group is the server's.
                os.killpg(server.keeper.pid, number)
        if _has_ended(server):
            return


@contextmanager
def connect(server: PostgresServer, database: str = "postgres") -> Iterator[Any]:
    """Connect as the superuser, each statement its own transaction. Raises psycopg.Error."""
    # The path of a socket has 107 bytes at most, and a comma in it would part it.
    with tempfile.TemporaryDirectory(prefix="infra-apply-", dir="/tmp") as short:
        link = Path(short, "s")
        link.symlink_to(server.folder)
        connection = psycopg.connect(
            host=str(link),
            port=server.port,
            user=SUPERUSER,
            dbname=database,
            autocommit=True,
            connect_timeout=10,
        )
    with connection:
        yield connection


def _launch(
    installation: Installation, folder: Path, port: int, max_connections: int
) -> subprocess.Popen[bytes]:
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": ".",  # the folder itself, however long its path is
        "unix_socket_permissions": "0700",
        "max_connections": max_connections,
        "superuser_reserved_connections": RESERVED,
        "shared_buffers": "8MB",
        "dynamic_shared_memory_type": "mmap",
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "min_wal_size": "2MB",
        "wal_recycle": "off",
        # What was committed outlives a killed server, not a machine that fails.
        "fsync": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
        "jit": "off",
        "timezone": "UTC",
        # A statement that fails may hold a password.
        "log_min_error_statement": "panic",
    }
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = installation.command("postgres", "-D", folder, *words)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    log = os.open(_log_path(folder), flags, 0o600)
    try:
        return subprocess.Popen(  # noqa: S603 - PostgreSQL itself
            [sys.executable, sharing.__file__, str(folder.parent), *command],
            env=program_environ(),
            cwd=folder.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C is for the engine, which may have something to finish in the database.
            start_new_session=True,
        )
    finally:
        os.close(log)


def _is_ready(server: PostgresServer, keeper: subprocess.Popen[bytes]) -> bool:
    """Wait until the server answers; False if it ends before."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and keeper.poll() is None:
        try:
            with connect(server):
                return True
        except psycopg.Error:
            time.sleep(0.02)
    stop(server)
    return False


def _has_ended(server: PostgresServer) -> bool:
    if server.keeper:
        with suppress(subprocess.TimeoutExpired):
            server.keeper.wait(_PATIENCE)
    # Somebody else's child, or the orphan of a keeper that was killed.
    until = time.monotonic() + _PATIENCE
    while data_folder.find_running(server.folder):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True


def _free_ports() -> Iterator[int]:
    for _ in range(3):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port: int = listener.getsockname()[1]
        yield port


def _log_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.log")


def _log(folder: Path) -> str:
    return _log_path(folder).read_text(errors="replace")


def _reason(folder: Path) -> str:
    """Return the first line of the log that says what is wrong."""
    lines = _log(folder).splitlines()
    grave = [line for line in lines if "FATAL:" in line or "Error" in line]
    return (grave or lines or ["it says nothing"])[0].strip()


_PATIENCE: Final = 30.0
"""Seconds; a server that recovers from a crash, or a machine that is busy, may need some."""
