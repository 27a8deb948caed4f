"""The administrator's connection: asked of DigitalOcean, and over TLS that is verified."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import trustme

from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.errors import Outage, Refusal
from infra_apply.postgres.admin import Unreachable, connect, read_admin, read_password
from infra_apply.rehearsal.postgres.binaries import DEBIAN
from tests.digitalocean.test_client import server
from tests.postgres.server import Tenants, tenants
from tests.rehearsal.postgres.lab import CLUSTER

CONNECTION: Any = {
    "host": "pg.example.com",
    "port": 25060,
    "user": "doadmin",
    "database": "defaultdb",
    "password": "of-the-admin",
    "ssl": True,
}
PRIVATE = CONNECTION | {"host": "private-pg.example.com"}


def cluster(**connection: Any) -> tuple[int, Any]:
    connections = {"connection": CONNECTION | connection, "private_connection": PRIVATE}
    return 200, {"database": connections}


def authority(text: bytes) -> tuple[int, Any]:
    return 200, {"ca": {"certificate": base64.b64encode(text).decode()}}


def client(url: str) -> Client:
    return Client(Credentials(url, "token"), tries=1)


def test_it_is_asked_of_the_api_and_never_shown() -> None:
    with server(cluster(), authority(b"-----BEGIN CERTIFICATE-----")) as (url, asked):
        admin = read_admin(client(url), "c-1")
    assert asked == ["/v2/databases/c-1", "/v2/databases/c-1/ca"]
    assert (admin.hosts, admin.port) == (("pg.example.com", "private-pg.example.com"), 25060)
    assert (admin.user, admin.password) == ("doadmin", "of-the-admin")
    assert admin.certificate == "-----BEGIN CERTIFICATE-----"
    assert "of-the-admin" not in repr(admin)


@pytest.mark.parametrize("password", ["", None])
def test_a_token_that_may_not_read_passwords_is_told_which_scope_it_needs(
    password: str | None,
) -> None:
    with (
        server(cluster(password=password)) as (url, _),
        pytest.raises(Outage, match="may not read the password of the cluster's administrator")
        as refused,
    ):  # fmt: skip
        read_admin(client(url), "c-1")
    assert "database:view_credentials" in str(refused.value)


def test_a_user_whose_password_is_not_shown_is_named() -> None:
    with (
        server((200, {"user": {"name": "a b"}})) as (url, asked),
        pytest.raises(Outage, match="may not read the password of the user `a b`"),
    ):
        read_password(client(url), "c-1", "a b")
    assert asked == ["/v2/databases/c-1/users/a%20b"]


def test_no_password_is_sent_in_the_clear_to_another_machine() -> None:
    with (
        server(cluster(ssl=False)) as (url, _),
        pytest.raises(Refusal, match=r"the cluster at pg.example.com has no TLS"),
    ):
        read_admin(client(url), "c-1")


@pytest.mark.parametrize("certificate", ["not base64!", "/////w=="])
def test_a_certificate_that_cannot_be_read_is_an_outage(certificate: str) -> None:
    with (
        server(cluster(), (200, {"ca": {"certificate": certificate}})) as (url, _),
        pytest.raises(Outage, match="about the cluster's certificate is not readable"),
    ):
        read_admin(client(url), "c-1")


@pytest.fixture(scope="module")
def with_tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tenants, trustme.CA]]:
    """A cluster whose certificate an authority of the test has signed."""
    if not list(DEBIAN.glob("15/bin/postgres")):
        pytest.skip("Debian's PostgreSQL 15 is not there, and the wheel's programs have no TLS")
    folder = tmp_path_factory.mktemp("tls")
    signer = trustme.CA()
    certificate = signer.issue_cert("127.0.0.1")
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
    key.touch(0o600)
    key.write_bytes(certificate.private_key_pem.bytes())
    with tenants(folder / "account", ["shop"], "15") as held:
        held.as_superuser(
            f"ALTER SYSTEM SET ssl_cert_file = '{chain}'",
            f"ALTER SYSTEM SET ssl_key_file = '{key}'",
            "ALTER SYSTEM SET ssl = on",
            "SELECT pg_reload_conf()",
        )
        yield held, signer


@pytest.mark.process
def test_the_connection_is_encrypted_and_its_certificate_verified(
    with_tls: tuple[Tenants, trustme.CA],
) -> None:
    held, signer = with_tls
    trusting = replace(held.admin, certificate=signer.cert_pem.bytes().decode())
    with connect(trusting) as connection:
        row = connection.execute(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchone()
    assert row == (True,)


@pytest.mark.process
@pytest.mark.parametrize(
    ("hosts", "reason"),
    [(("127.0.0.1",), "certificate verify failed"), (("localhost",), "does not match host")],
)
def test_a_certificate_of_another_authority_or_for_another_host_is_refused(
    with_tls: tuple[Tenants, trustme.CA], hosts: tuple[str, ...], reason: str
) -> None:
    held, signer = with_tls
    signed_by = signer if hosts == ("localhost",) else trustme.CA()
    suspicious = replace(held.admin, hosts=hosts, certificate=signed_by.cert_pem.bytes().decode())
    with pytest.raises(Unreachable, match=reason), connect(suspicious):
        pass


@pytest.mark.process
def test_a_new_password_of_the_administrator_is_the_right_one_at_once(tmp_path: Path) -> None:
    with tenants(tmp_path / "account", ["shop"]) as held:
        api = Client(Credentials(held.account.server.url, held.account.server.token))
        before = read_admin(api, CLUSTER)
        assert held.account.ask("POST", "users\tdoadmin\treset_auth", {})[0] == 200
        with pytest.raises(Unreachable, match="password authentication"), connect(before):
            pass
        with connect(read_admin(api, CLUSTER)) as connection:
            assert isinstance(connection, psycopg.Connection)
        assert read_password(api, CLUSTER, "shop") == held.passwords["shop"]
