"""Requests to every modelled route, answered as DigitalOcean's public API description demands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from infra_apply.rehearsal.simulator.account.routes import ROUTES
from tests.rehearsal.harness import SimulatedAccount
from tests.rehearsal.simulator import openapi

PG = "databases/bbbb0001-0000-4000-8000-000000000001"
DROPLET = {"region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}
WEB = DROPLET | {"name": "web", "tags": ["web"], "ipv6": True, "ssh_keys": [512190]}
GPU = {"name": "gpu", "region": "nyc2", "size": "gpu-h100x1-80gb", "image": "gpu-h100x1-base"}
SSH = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["0.0.0.0/0"]}}
OUT = {"protocol": "icmp", "ports": "0", "destinations": {"addresses": ["::/0"]}}
FW = {"name": "web", "tags": ["web"], "inbound_rules": [SSH], "outbound_rules": [OUT]}
POOL = {"name": "pool", "user": "app", "db": "app", "mode": "transaction", "size": 3}
TAGGED = {"resources": [{"resource_id": "400000001", "resource_type": "droplet"}]}
PROJECT = {"name": "p", "purpose": "Web Application", "environment": "Production"}
FIREWALL = "firewalls/cccc0001-0000-4000-8000-000000000001"
VPC = "vpcs/aaaa0001-0000-4000-8000-000000000007"
OWN = "projects/dddd0001-0000-4000-8000-000000000002"

REQUESTS: tuple[tuple[str, str, Any], ...] = (
    ("GET", "account", None),
    ("GET", "sizes", None),
    ("GET", "regions", None),
    ("GET", "images", None),
    ("GET", "images/ubuntu-24-04-x64", None),
    ("POST", "account/keys", {"name": "k", "public_key": "ssh-ed25519 AAAAC3Nz k"}),
    ("GET", "account/keys", None),
    ("GET", "account/keys/512302", None),
    ("PUT", "account/keys/512302", {"name": "k2"}),
    ("DELETE", "account/keys/512302", None),
    ("POST", "droplets", WEB),
    ("POST", "droplets", DROPLET | {"names": ["a", "b"], "tags": ["old"]}),
    ("POST", "droplets", GPU | {"ssh_keys": [512190]}),
    ("GET", "droplets/400000001", None),
    ("POST", "droplets/400000001/actions", {"type": "power_off"}),
    ("GET", "droplets/400000001", None),
    ("POST", "droplets/400000001/actions", {"type": "rename", "name": "web-2"}),
    ("POST", "droplets/400000001/actions", {"type": "enable_backups"}),
    (
        "POST",
        "droplets/400000001/actions",
        {"type": "resize", "size": "s-1vcpu-2gb", "disk": True},
    ),
    ("POST", "droplets/400000001/actions", {"type": "snapshot", "name": "web-kept"}),
    ("GET", "droplets/400000001/snapshots", None),
    ("GET", "images?private=true", None),
    ("GET", "droplets", None),
    ("GET", "droplets?type=gpus", None),
    ("GET", "droplets?tag_name=old", None),
    ("GET", "droplets?name=web-2&per_page=1", None),
    ("GET", "droplets/400000001/actions", None),
    ("GET", "droplets/400000001/actions/2000000001", None),
    ("GET", "actions", None),
    ("GET", "actions/2000000001", None),
    ("DELETE", "droplets?tag_name=old", None),
    ("POST", "tags", {"name": "env:dev"}),
    ("POST", "tags/env:dev/resources", TAGGED),
    ("GET", "tags/env:dev", None),
    ("GET", "tags", None),
    ("DELETE", "tags/env:dev/resources", TAGGED),
    ("DELETE", "tags/env:dev", None),
    ("POST", "firewalls", FW),
    ("GET", "firewalls", None),
    ("GET", FIREWALL, None),
    ("PUT", FIREWALL, FW | {"droplet_ids": [400000001]}),
    ("GET", "droplets/400000001/firewalls", None),
    ("DELETE", f"{FIREWALL}/droplets", {"droplet_ids": [400000001]}),
    ("POST", f"{FIREWALL}/droplets", {"droplet_ids": [400000001]}),
    ("DELETE", f"{FIREWALL}/tags", {"tags": ["web"]}),
    ("POST", f"{FIREWALL}/tags", {"tags": ["web"]}),
    ("POST", f"{FIREWALL}/rules", {"inbound_rules": [SSH | {"ports": "80"}]}),
    ("DELETE", f"{FIREWALL}/rules", {"inbound_rules": [SSH]}),
    ("DELETE", FIREWALL, None),
    ("GET", "databases", None),
    ("GET", PG, None),
    ("GET", f"{PG}/autoscale", None),
    ("GET", f"{PG}/backups", None),
    ("GET", f"{PG}/ca", None),
    ("POST", f"{PG}/dbs", {"name": "app"}),
    ("GET", f"{PG}/dbs", None),
    ("GET", f"{PG}/dbs/app", None),
    ("POST", f"{PG}/users", {"name": "app"}),
    ("GET", f"{PG}/users", None),
    ("GET", f"{PG}/users/app", None),
    ("PUT", f"{PG}/users/app", {"settings": {"pg_allow_replication": True}}),
    ("POST", f"{PG}/users/app/reset_auth", {}),
    ("POST", f"{PG}/pools", POOL),
    ("GET", f"{PG}/pools", None),
    ("GET", f"{PG}/pools/pool", None),
    ("DELETE", f"{PG}/pools/pool", None),
    ("DELETE", f"{PG}/users/app", None),
    ("DELETE", f"{PG}/dbs/app", None),
    ("PUT", f"{PG}/firewall", {"rules": [{"type": "tag", "value": "web"}]}),
    ("GET", f"{PG}/firewall", None),
    ("POST", "vpcs", {"name": "v", "region": "nyc1"}),
    ("GET", "vpcs", None),
    ("GET", VPC, None),
    ("PUT", VPC, {"name": "v2", "description": "d"}),
    ("PATCH", VPC, {"name": "v3"}),
    ("DELETE", VPC, None),
    ("POST", "projects", PROJECT),
    ("GET", "projects", None),
    ("GET", OWN, None),
    ("PUT", OWN, PROJECT | {"description": "d", "is_default": False}),
    ("PATCH", OWN, {"description": "e"}),
    ("POST", f"{OWN}/resources", {"resources": ["do:droplet:400000001"]}),
    ("GET", f"{OWN}/resources", None),
    ("POST", "projects/default/resources", {"resources": ["do:droplet:400000001"]}),
    ("DELETE", OWN, None),
    ("DELETE", "droplets/400000001", None),
)

# What the description does not allow and we answer all the same, and why.
EXCEPTIONS = {
    "environment: '' is not one of": "recorded: an unset environment is empty",
}


@dataclass(frozen=True, slots=True)
class Exchange:
    method: str
    path: str
    body: Any
    status: int
    answer: Any


def exchanged() -> list[Exchange]:
    account = SimulatedAccount()
    exchanges = []
    for method, target, body in REQUESTS:
        account.now += 10
        path, _, query = f"/v2/{target}".partition("?")
        pairs = dict(pair.split("=") for pair in query.split("&") if pair)
        response = account.request(method, path, body, pairs)
        exchanges.append(Exchange(method, path, body, response.status, response.body))
    return exchanges


EXCHANGES = exchanged()
LABELS = [
    f"{number}-{exchange.method}-{exchange.path}" for number, exchange in enumerate(EXCHANGES)
]

needs_description = pytest.mark.skipif(
    not openapi.DOCUMENT.exists(), reason=f"the description is not there: {openapi.DOCUMENT}"
)


def test_every_route_is_requested_with_success() -> None:
    assert [
        f"{segment.method} {segment.path}: {segment.answer}"
        for segment in EXCHANGES
        if segment.status >= 300
    ] == []
    visited = {id(route) for exchange in EXCHANGES for route in ROUTES if serves(route, exchange)}
    assert [f"{route.method} {route.pattern}" for route in ROUTES if id(route) not in visited] == []


def serves(route: Any, exchange: Exchange) -> bool:
    words, segments = route.pattern.split("/"), exchange.path.removeprefix("/v2/").split("/")
    return (
        route.method == exchange.method
        and len(words) == len(segments)
        and all(
            word.startswith("{") or word == segment
            for word, segment in zip(words, segments, strict=True)
        )
    )


@needs_description
@pytest.mark.parametrize("exchange", EXCHANGES, ids=LABELS)
def test_an_answer_is_as_described(exchange: Exchange) -> None:
    problems = openapi.answer_problems(
        exchange.method, exchange.path, exchange.status, exchange.answer
    )
    assert [
        problem for problem in problems if not any(known in problem for known in EXCEPTIONS)
    ] == []


@needs_description
@pytest.mark.parametrize("exchange", EXCHANGES, ids=LABELS)
def test_a_request_is_as_described(exchange: Exchange) -> None:
    """An answer to a request that no real client sends would prove little."""
    assert openapi.request_problems(exchange.method, exchange.path, exchange.body) == []


@needs_description
@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v2/droplets/1", None, 404),
        ("POST", "/v2/tags", {"name": "a.b"}, 422),
        ("POST", f"/v2/{PG}/users", {"name": "doadmin"}, 409),
    ],
)
def test_a_refusal_has_the_described_shape(method: str, path: str, body: Any, status: int) -> None:
    answer = SimulatedAccount().request(method, path, body)
    assert answer.status == status
    assert openapi.error_problems(answer.body) == []
