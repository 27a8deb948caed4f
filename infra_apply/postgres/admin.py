"""The administrator's connection to a cluster, fetched from DigitalOcean when it is needed.

It is in no state and no setting: a password that changes there is the right one here.
"""

from __future__ import annotations

import base64
import binascii
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.parse import quote

import psycopg
from psycopg.conninfo import make_conninfo

from infra_apply.digitalocean.client import Client
from infra_apply.errors import Outage, Refusal
from infra_apply.inputs.api_endpoint import is_loopback


class Unreachable(Outage):
    """No connection to a cluster came about, or the cluster refused it."""


@dataclass(frozen=True, slots=True)
class Admin:
    """How a cluster's administrator connects; `hosts` are tried in their order.

    `certificate` is that of the authority that signed the cluster's own, as PEM; None without TLS.
    """

    cluster_id: str
    hosts: tuple[str, ...]
    port: int
    user: str
    database: str
    password: str = field(repr=False)
    certificate: str | None = field(default=None, repr=False)


def read_admin(client: Client, cluster_id: str) -> Admin:
    """Ask DigitalOcean for it. Raises Outage, and Refusal of a connection in the clear."""
    cluster = client.get(f"/v2/databases/{cluster_id}").get("database") or {}
    connection = cluster.get("connection") or {}
    private = cluster.get("private_connection") or {}
    if not connection.get("password"):
        raise _unreadable("the cluster's administrator")
    hosts = [str(held["host"]) for held in (connection, private) if held.get("host")]
    if not connection.get("ssl", True) and not all(map(is_loopback, hosts)):
        raise Refusal(f"the cluster at {hosts[0]} has no TLS, and is not on this machine")
    return Admin(
        cluster_id=cluster_id,
        hosts=tuple(dict.fromkeys(hosts)),
        port=int(connection.get("port") or 0),
        user=str(connection.get("user") or ""),
        database=str(connection.get("database") or "defaultdb"),
        password=str(connection["password"]),
        certificate=_read_certificate(client, cluster_id) if connection.get("ssl", True) else None,
    )


def read_password(client: Client, cluster_id: str, user: str) -> str:
    """Ask DigitalOcean for the password of a cluster's user. Raises Outage."""
    answer = client.get(f"/v2/databases/{cluster_id}/users/{quote(user, safe='')}")
    password = (answer.get("user") or {}).get("password")
    if not password:
        raise _unreadable(f"the user `{user}`")
    return str(password)


@contextmanager
def connect(admin: Admin, database: str | None = None) -> Iterator[psycopg.Connection[Any]]:
    """Connect to a database of the cluster, to the administrator's own by default.

    Nothing that a tenant made is found by its bare name. A statement that takes half a minute, or
    waits for a lock for ten seconds, fails. Raises Unreachable.
    """
    with TemporaryDirectory(prefix="infra-apply-") as folder:
        parameters: dict[str, str | int] = {
            "host": ",".join(admin.hosts),
            "port": admin.port,
            "user": admin.user,
            "password": admin.password,
            "dbname": database or admin.database,
            "connect_timeout": _PATIENCE,
            "application_name": "infra-apply",
            "options": _SESSION,
            "sslmode": "disable",
        }
        if admin.certificate is not None:
            authority = Path(folder, "ca.pem")
            authority.write_text(admin.certificate)
            parameters |= {"sslmode": "verify-full", "sslrootcert": str(authority)}
        try:
            connection = psycopg.connect(make_conninfo("", **parameters), autocommit=True)
        except psycopg.Error as error:
            raise _unreachable(admin, error) from None
        with connection:
            yield connection


def _unreadable(whose: str) -> Outage:
    return Outage(
        f"the token may not read the password of {whose}",
        state="nothing was changed",
        next_step="give it the scope database:view_credentials",
    )


def _read_certificate(client: Client, cluster_id: str) -> str:
    encoded = (client.get(f"/v2/databases/{cluster_id}/ca").get("ca") or {}).get("certificate")
    try:
        return base64.b64decode(str(encoded or ""), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        raise Outage(
            "DigitalOcean's answer about the cluster's certificate is not readable",
            state="nothing was changed",
            next_step="run the same again",
        ) from None


def _unreachable(admin: Admin, error: psycopg.Error) -> Unreachable:
    """Say why no connection came about; only the server itself says FATAL."""
    host, words = admin.hosts[0], str(error).strip()
    if "FATAL:" in words:
        answer = words.rpartition("FATAL:")[2].strip()
        return Unreachable(
            f"the cluster at {host} refuses `{admin.user}`: {answer}",
            state="its databases are as they were",
            next_step="run the same again",
        )
    reasons = [line.rpartition(": ")[2] for line in words.splitlines() if ": " in line]
    reason = reasons[0] if reasons else type(error).__name__
    address = _own_address(host, admin.port)
    return Unreachable(
        f"the cluster cannot be reached at {host}:{admin.port}: {reason}",
        state="its databases are as they were",
        next_step=f"let this machine in, whose address is {address or 'not known here'} (behind a"
        " router it is the router's): doctl databases firewalls append"
        f" {admin.cluster_id} --rule ip_addr:{address or 'ADDRESS'}",
    )


def _own_address(host: str, port: int) -> str | None:
    """Return this machine's address towards a host; nothing is sent for it."""
    try:
        (family, kind, protocol, _, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM
        )
        with socket.socket(family, kind, protocol) as datagrams:
            datagrams.connect(address)
            return str(datagrams.getsockname()[0])
    except OSError:
        return None


_PATIENCE: Final = 10  # seconds, for each host
_SESSION: Final = "-c search_path=pg_catalog -c statement_timeout=30000 -c lock_timeout=10000"
