"""The servers of an account's PostgreSQL clusters, which follow what changes in the account."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

import psycopg

from infra_apply.rehearsal.folders import make_private
from infra_apply.rehearsal.postgres import data_folder, launch, members, sharing
from infra_apply.rehearsal.postgres.binaries import (
    Installation,
    Unavailable,
    choose,
    find_installations,
)
from infra_apply.rehearsal.postgres.launch import PostgresServer
from infra_apply.rehearsal.simulator.account.messages import Object, State

ENGINES: Final = ("pg", "advanced_pg")
HOST: Final = "127.0.0.1"


@dataclass(slots=True)
class ClusterServers:
    """The servers that run, by their clusters' ids; their data are below `folder`."""

    folder: Path
    servers: dict[str, PostgresServer] = field(default_factory=dict)
    _use: int | None = None

    def start(self, state: State) -> None:
        """Start a server for every PostgreSQL cluster of an account, with what the cluster has.

        Where another process runs the server already, it is shared. Raises Unavailable where
        PostgreSQL cannot be had (then no server runs), ValueError where an id is no folder's name,
        Outage where a server does not start, and ErrorResponse where it refuses what it is to have.
        """
        clusters = [cluster for cluster in state["databases"] if is_postgres(cluster)]
        installations = find_installations()
        make_private(self.folder)
        with sharing.held(self.folder):
            shared = sharing.is_used(self.folder)
            self._use = sharing.join(self.folder)

            def start(cluster: Object) -> None:
                server = self._server(installations, cluster, shared=shared)
                self.servers[cluster["id"]] = server
                self._change({}, cluster)

            # In threads also because Ctrl-C, which interrupts this one, then finds them registered.
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                list(pool.map(start, clusters))

    def follow(self, before: State, after: State) -> None:
        """Make and drop in the servers what a change of the account makes and drops.

        Raises ErrorResponse if a server refuses it.
        """
        old = {cluster["id"]: cluster for cluster in before["databases"]}
        for cluster in after["databases"]:
            former = old.get(cluster["id"], {})
            if cluster["id"] in self.servers and former != cluster:
                self._change(former, cluster)

    def connected(self, state: State) -> State:
        """Return the account in which the clusters' addresses are those of their servers."""
        clusters = [
            _connected(cluster, self.servers[cluster["id"]].port)
            if cluster["id"] in self.servers
            else cluster
            for cluster in state["databases"]
        ]
        return state | {"databases": clusters}

    def stop(self) -> None:
        """Stop the servers, unless another process uses them still."""
        if self._use is None:
            return
        sharing_ended, self._use = self._use, None
        try:
            with sharing.held(self.folder):
                sharing.leave(sharing_ended)
                self._stop(used=sharing.is_used(self.folder))
        except FileNotFoundError:  # the account is gone
            self._stop(used=False)

    def _stop(self, *, used: bool) -> None:
        for server in self.servers.values():
            if not used:
                launch.stop(server)
            elif server.keeper:
                server.keeper.returncode = 0  # it goes on, and nobody here waits for it
        self.servers.clear()

    def _server(
        self, installations: tuple[Installation, ...], cluster: Object, *, shared: bool
    ) -> PostgresServer:
        folder = self.folder / _folder_name(cluster)
        if running := data_folder.find_running(folder):
            server = PostgresServer(folder, running.port)
            if shared:
                return server
            launch.stop(server)  # its rehearsal and its keeper were killed
        installation = _installation(installations, folder, cluster)
        if data_folder.major_of(folder) is None:
            data_folder.make(installation, folder)
        connections = max_connections(str(cluster.get("size")))
        return launch.start(
            installation, folder, port=_recorded_port(cluster), max_connections=connections
        )

    def _change(self, before: Object, after: Object) -> None:
        if members.is_same(before, after):
            return
        try:
            with launch.connect(self.servers[after["id"]]) as connection:
                # Statements on one role at the same time, by two rehearsals, would fail.
                connection.execute("SELECT pg_advisory_lock(0)")
                members.change(connection, before, after)
        except psycopg.Error as error:
            raise members.describe(after, error) from None


@contextmanager
def cluster_servers(folder: Path) -> Iterator[ClusterServers]:
    """Give the servers of an account, of which none runs yet; they are stopped with the block."""
    servers = ClusterServers(folder)
    try:
        yield servers
    finally:
        servers.stop()


def is_postgres(cluster: Object) -> bool:
    """Say whether a cluster is one of PostgreSQL."""
    return cluster.get("engine") in ENGINES


def max_connections(size: str) -> int:
    """Return how many connections a cluster of a size has, its superuser's included.

    DigitalOcean gives 25 for a GiB of memory, and 1,000 at most.
    """
    memory = re.search(r"(\d+)gb", size)
    return min(25 * max(int(memory[1]), 1), 1000) if memory else 25


def _installation(
    installations: tuple[Installation, ...], folder: Path, cluster: Object
) -> Installation:
    """Return what runs a cluster: of its data's version, else of its own. Raises Unavailable."""
    major = data_folder.major_of(folder)
    if major is None:
        version = re.match(r"\d+", str(cluster.get("version")))
        return choose(installations, int(version[0]) if version else 0)
    for installation in installations:
        if installation.major == major:
            return installation
    raise Unavailable(f"{folder} is of PostgreSQL {major}, which is not installed")


def _recorded_port(cluster: Object) -> int | None:
    """Return the port that a cluster's server had last."""
    connection = cluster.get("connection") or {}
    port = connection.get("port")
    return port if connection.get("host") == HOST and isinstance(port, int) else None


def _folder_name(cluster: Object) -> str:
    identifier = cluster["id"]
    if not isinstance(identifier, str) or not re.fullmatch(r"[\w-]{1,64}", identifier, re.ASCII):
        raise ValueError(f"{identifier!r} is not a cluster's id")
    return identifier


def _connected(cluster: Object, port: int) -> Object:
    user = members.admin_of(cluster)
    password = members.password_of(cluster, user)
    userinfo = f"{quote(user, safe='')}:{quote(password, safe='')}"
    changes = {}
    for key in ("connection", "private_connection"):
        database = cluster[key]["database"]
        uri = f"postgresql://{userinfo}@{HOST}:{port}/{quote(database, safe='')}?sslmode=disable"
        changes[key] = cluster[key] | {
            "uri": uri,
            "host": HOST,
            "port": port,
            "user": user,
            "password": password,
            "ssl": False,
        }
    return cluster | changes
