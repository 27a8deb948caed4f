"""A fresh account with the clusters, keys, networks and sizes that a fleet names.

The same names give the same ids, passwords and addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.droplet_creation import FIRST_DROPLET_ID
from infra_apply.rehearsal.simulator.account.messages import Object, State
from infra_apply.rehearsal.simulator.account.projects import OWNER
from infra_apply.rehearsal.simulator.account.ssh_keys import new_key
from infra_apply.rehearsal.simulator.seed.catalogue import CREATED_AT, REGIONS, catalogue
from infra_apply.rehearsal.simulator.seed.clusters import cluster, engine_from_name

FIRST_ACTION, FIRST_KEY = 2000000001, 512190
# Seconds. Below the 10 s after which the provider first asks whether an action is completed.
WAITS: Final = {"droplet": 6.0, "gpu_droplet": 6.0, "action": 4.0}
ACCOUNT: Final = {
    "droplet_limit": 1000,
    "floating_ip_limit": 3,
    "name": "Rehearsal",
    "email": "rehearsal@example.com",
    "uuid": "b6fr89dbf6d9156cace5f3c78dc9851d957381ef",
    "email_verified": True,
    "status": "active",
    "status_message": "",
    "team": {"uuid": "5df3e3004a17e242b7c20ca6c9fc25b701a47ece", "name": "Rehearsal"},
}


def seed(
    *,
    clusters: Sequence[tuple[str, str | None]] = (),
    ssh_keys: Sequence[str] = (),
    vpcs: Sequence[tuple[str, str]] = (),
    extra_sizes: Sequence[str] = (),
    region: str = "nyc1",
) -> State:
    """Return the state of a fresh account.

    `clusters` are pairs (name, engine); for the engine None it is guessed from the name.
    `ssh_keys` are names. `vpcs` are pairs (name, region), beside the default one of every region.
    `extra_sizes` are slugs that must exist though the catalogue lacks them. `region` is the
    clusters' region.
    """
    sizes, regions, images = catalogue(extra_sizes)
    networks = [
        _vpc(index, f"default-{slug}", slug, default=True) for index, slug in enumerate(REGIONS)
    ]
    networks += [
        _vpc(len(networks) + index, name, slug, default=False)
        for index, (name, slug) in enumerate(vpcs)
    ]
    cluster_vpc = next(network["id"] for network in networks if network["region"] == region)
    return {
        "account": ACCOUNT,
        "droplets": [],
        "databases": [
            cluster(index + 1, name, engine or engine_from_name(name), region, cluster_vpc)
            for index, (name, engine) in enumerate(clusters)
        ],
        "firewalls": [],
        "tags": [],
        "vpcs": networks,
        "keys": [
            new_key(FIRST_KEY + index, name, _public_key(name))
            for index, name in enumerate(ssh_keys)
        ],
        "projects": [_first_project()],
        "project_resources": {},
        "sizes": sizes,
        "regions": regions,
        "images": images,
        "actions": [],
        "pending": [],
        "waits": dict(WAITS),
        "next_id": {
            "droplet": FIRST_DROPLET_ID,
            "action": FIRST_ACTION,
            "key": FIRST_KEY + 110 + len(ssh_keys),
            "firewall": 1,
            "vpc": len(networks) + 1,
            "project": 2,
            "rule": 1,
        },
    }


def _vpc(index: int, name: str, region: str, *, default: bool) -> Object:
    identifier = store.uuid("aaaa0001", index + 1)
    return {
        "id": identifier,
        "urn": f"do:vpc:{identifier}",
        "name": name,
        "description": "",
        "region": region,
        "ip_range": f"10.{100 + index}.0.0/20",
        "created_at": CREATED_AT,
        "default": default,
    }


def _first_project() -> Object:
    return {
        "id": store.uuid("dddd0001", 1),
        **OWNER,
        "name": "first-project",
        "description": "",
        "purpose": "Just trying out DigitalOcean",
        "environment": "",
        "is_default": True,
        "created_at": CREATED_AT,
        "updated_at": CREATED_AT,
    }


def _public_key(name: str) -> str:
    """Return a public key of which nobody has the private half."""
    return f"ssh-ed25519 {'A' * 4}C3NzaC1lZDI1NTE5{name.encode().hex()} {name}"
