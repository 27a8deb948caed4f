"""The account a rehearsal starts with: the clusters, keys and sizes that a fleet names.

Everything is deterministic: the same names give the same ids, passwords and addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from infra_apply.rehearsal.simulator.account import keys, store
from infra_apply.rehearsal.simulator.account.droplet_creation import FIRST_ID
from infra_apply.rehearsal.simulator.account.projects import OWNER
from infra_apply.rehearsal.simulator.account.wire import Object, State
from infra_apply.rehearsal.simulator.seed.catalogue import MADE_AT, REGIONS, catalogue
from infra_apply.rehearsal.simulator.seed.clusters import cluster, guessed_engine

FIRST_ACTION, FIRST_KEY = 2000000001, 512190
# Seconds. The provider first looks 10 s after it asked, and expects to find the work done.
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
    """A fresh account.

    `clusters`: (name, engine) each; engine None: mysql if the name contains "mysql", else pg.
    `ssh_keys`: names. `vpcs`: (name, region) beside the default one of every region.
    `extra_sizes`: slugs that are not in the catalogue but must exist. `region`: the clusters'.
    """
    sizes, regions, images = catalogue(extra_sizes)
    networks = [vpc(i, f"default-{slug}", slug, default=True) for i, slug in enumerate(REGIONS)]
    networks += [
        vpc(len(networks) + i, name, slug, default=False) for i, (name, slug) in enumerate(vpcs)
    ]
    private = next(v["id"] for v in networks if v["region"] == region)
    return {
        "account": ACCOUNT,
        "droplets": [],
        "databases": [
            cluster(i + 1, name, engine or guessed_engine(name), region, private)
            for i, (name, engine) in enumerate(clusters)
        ],
        "firewalls": [],
        "tags": [],
        "vpcs": networks,
        "keys": [keys.made(FIRST_KEY + i, name, public(name)) for i, name in enumerate(ssh_keys)],
        "projects": [first_project()],
        "project_resources": {},
        "sizes": sizes,
        "regions": regions,
        "images": images,
        "actions": [],
        "pending": [],
        "waits": dict(WAITS),
        "next_id": {
            "droplet": FIRST_ID,
            "action": FIRST_ACTION,
            "key": FIRST_KEY + 110 + len(ssh_keys),
            "firewall": 1,
            "vpc": len(networks) + 1,
            "project": 2,
            "rule": 1,
        },
    }


def vpc(index: int, name: str, region: str, *, default: bool) -> Object:
    identifier = store.uuid("aaaa0001", index + 1)
    return {
        "id": identifier,
        "urn": f"do:vpc:{identifier}",
        "name": name,
        "description": "",
        "region": region,
        "ip_range": f"10.{100 + index}.0.0/20",
        "created_at": MADE_AT,
        "default": default,
    }


def first_project() -> Object:
    return {
        "id": store.uuid("dddd0001", 1),
        **OWNER,
        "name": "first-project",
        "description": "",
        "purpose": "Just trying out DigitalOcean",
        "environment": "",
        "is_default": True,
        "created_at": MADE_AT,
        "updated_at": MADE_AT,
    }


def public(name: str) -> str:
    """A public key that nobody holds the private half of."""
    return f"ssh-ed25519 {'A' * 4}C3NzaC1lZDI1NTE5{name.encode().hex()} {name}"
