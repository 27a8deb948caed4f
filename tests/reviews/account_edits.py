"""Edits of the account that have an effect, as somebody makes them by hand.

Each changes a copy in place, and returns whether it found what to change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final, TypeAlias

from infra_apply.rehearsal.simulator.account.messages import Request
from infra_apply.rehearsal.simulator.account.routes import handle
from tests.reviews.companies import SIZES, Company

JSON: TypeAlias = dict[str, Any]
AccountEdit: TypeAlias = Callable[[Random, Company, JSON], bool]
_LONG_AGO: Final = 1_700_000_000.0


def post(account: JSON, path: str, body: Mapping[str, Any]) -> bool:
    """Make an object as its API would, an hour before anything else happens."""
    made, response = handle(account, Request("POST", f"/v2/{path}", body=dict(body)), _LONG_AGO)
    settled, _ = handle(made, Request("GET", "/v2/droplets"), _LONG_AGO + 3600)
    changed = dict(settled)
    account.clear()
    account.update(changed)
    return response.status < 400


def post_droplet(account: JSON, name: str, **keys: Any) -> bool:
    body = {"name": name, "region": "nyc3", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}
    return post(account, "droplets", body | keys)


def resized(rng: Random, company: Company, account: JSON) -> bool:
    for droplet in _ours(rng, company, account):
        slug = rng.choice([size for size in SIZES if size != droplet["size_slug"]])
        size = next(size for size in account["sizes"] if size["slug"] == slug)
        droplet.update({key: size[key] for key in ("memory", "vcpus")})
        droplet.update(size=size, size_slug=size["slug"])
        return True
    return False


def untagged(rng: Random, company: Company, account: JSON) -> bool:
    for droplet in _ours(rng, company, account):
        droplet["tags"].remove(rng.choice(droplet["tags"]))
        return True
    return False


def renamed(rng: Random, company: Company, account: JSON) -> bool:
    for droplet in _ours(rng, company, account):
        droplet["name"] += "-old"
        return True
    return False


def backups_switched(rng: Random, company: Company, account: JSON) -> bool:
    for droplet in _ours(rng, company, account):
        droplet["features"] = sorted(set(droplet["features"]) ^ {"backups"})
        return True
    return False


def droplet_deleted(rng: Random, company: Company, account: JSON) -> bool:
    for droplet in _ours(rng, company, account):
        account["droplets"].remove(droplet)
        return True
    return False


def rule_added(rng: Random, _company: Company, account: JSON) -> bool:
    for firewall in _our_firewalls(rng, account):
        rule = {"protocol": "tcp", "ports": "3306", "sources": {"addresses": ["0.0.0.0/0"]}}
        firewall["inbound_rules"].append(rule)
        return True
    return False


def rule_removed(rng: Random, _company: Company, account: JSON) -> bool:
    for firewall in _our_firewalls(rng, account):
        if len(firewall["inbound_rules"]) > 1:
            firewall["inbound_rules"].remove(rng.choice(firewall["inbound_rules"]))
            return True
    return False


def firewall_deleted(rng: Random, _company: Company, account: JSON) -> bool:
    for firewall in _our_firewalls(rng, account):
        account["firewalls"].remove(firewall)
        return True
    return False


def database_deleted(rng: Random, company: Company, account: JSON) -> bool:
    return _delete_member(rng, company, account, "dbs")


def user_deleted(rng: Random, company: Company, account: JSON) -> bool:
    return _delete_member(rng, company, account, "users")


def strangers_droplet(rng: Random, company: Company, account: JSON) -> bool:
    keys = rng.choice(({}, {"tags": ["hand-made"]}, {"size": "s-2vcpu-4gb"}))
    return post_droplet(account, rng.choice(company.hosts), **keys)


def strangers_copy(rng: Random, company: Company, account: JSON) -> bool:
    """A droplet with all the tags that ours has, as one restored from a snapshot may have."""
    for droplet in _ours(rng, company, account):
        return post_droplet(account, droplet["name"], tags=droplet["tags"])
    host, fleet = rng.choice(company.hosts), company.settings["fleet"]
    tags = [f"infra-apply:{fleet}:prod", f"infra-apply-host:{fleet}:{host}"]
    return post_droplet(account, host, tags=tags)


def strangers_database(rng: Random, company: Company, account: JSON) -> bool:
    return _take_member(rng, company, account, "dbs", "name")


def strangers_user(rng: Random, company: Company, account: JSON) -> bool:
    return _take_member(rng, company, account, "users", "user")


def strangers_firewall(rng: Random, company: Company, account: JSON) -> bool:
    name = f"{company.settings['fleet']}-{rng.choice(company.hosts)}"
    if any(firewall["name"] in {name, name.partition("-")[2]} for firewall in account["firewalls"]):
        return False
    rule = {"protocol": "tcp", "ports": "9100", "sources": {"addresses": ["192.0.2.7/32"]}}
    firewall = {"inbound_rules": [rule], "tags": ["hand-made"]}
    post(account, "tags", {"name": "hand-made"})
    return post(account, "firewalls", {"name": name, **firewall}) and post(
        account, "firewalls", {"name": name.partition("-")[2], **firewall}
    )


def cluster_restored(rng: Random, _company: Company, account: JSON) -> bool:
    """The cluster has another id, as one restored from a backup under its old name has."""
    if not account["databases"]:
        return False
    cluster = rng.choice(account["databases"])
    cluster["id"] = "bbbb0009" + cluster["id"][8:]
    return True


def cluster_gone(rng: Random, _company: Company, account: JSON) -> bool:
    if not account["databases"]:
        return False
    account["databases"].remove(rng.choice(account["databases"]))
    return True


def limit_lowered(_rng: Random, _company: Company, account: JSON) -> bool:
    account["account"]["droplet_limit"] = len(account["droplets"])
    return True


def ssh_key_replaced(rng: Random, _company: Company, account: JSON) -> bool:
    if not account["keys"]:
        return False
    key = rng.choice(account["keys"])
    key["id"] += 1000
    key["fingerprint"] = "00:" + key["fingerprint"][3:]
    return True


def _ours(rng: Random, _company: Company, account: JSON) -> list[JSON]:
    """Return the droplets made from here, in a drawn order."""
    ours = [
        droplet
        for droplet in account["droplets"]
        if any(tag.startswith("infra-apply-host:") for tag in droplet["tags"])
    ]
    return rng.sample(ours, len(ours))


def _our_firewalls(rng: Random, account: JSON) -> list[JSON]:
    ours = [
        firewall
        for firewall in account["firewalls"]
        if any(tag.startswith("infra-apply") for tag in firewall["tags"])
    ]
    return rng.sample(ours, len(ours))


def _members(company: Company) -> list[JSON]:
    return [keys["database"] for _, keys in sorted(company.manifests.items()) if "database" in keys]


def _cluster(account: JSON, name: str) -> JSON | None:
    return next((cluster for cluster in account["databases"] if cluster["name"] == name), None)


def _delete_member(rng: Random, company: Company, account: JSON, collection: str) -> bool:
    claims = _members(company)
    for claim in rng.sample(claims, len(claims)):
        cluster = _cluster(account, claim["cluster"])
        for member in cluster[collection] if cluster else ():
            if member["name"] == claim["name"]:
                assert cluster is not None
                cluster[collection].remove(member)
                return True
    return False


def _take_member(rng: Random, company: Company, account: JSON, collection: str, key: str) -> bool:
    claims = _members(company)
    for claim in rng.sample(claims, len(claims)):
        cluster = _cluster(account, claim["cluster"])
        if cluster and all(member["name"] != claim[key] for member in cluster[collection]):
            return post(account, f"databases/{cluster['id']}/{collection}", {"name": claim[key]})
    return False


ACCOUNT_EDITS: Final[dict[str, AccountEdit]] = {
    "droplet resized": resized,
    "our tag removed": untagged,
    "droplet renamed": renamed,
    "backups switched": backups_switched,
    "droplet deleted": droplet_deleted,
    "rule added to our firewall": rule_added,
    "rule removed from our firewall": rule_removed,
    "our firewall deleted": firewall_deleted,
    "database deleted": database_deleted,
    "database user deleted": user_deleted,
    "stranger's droplet of a host's name": strangers_droplet,
    "copy of a droplet with our tags": strangers_copy,
    "stranger's database of a claimed name": strangers_database,
    "stranger's user of a claimed name": strangers_user,
    "stranger's firewall of a claimed name": strangers_firewall,
    "cluster restored": cluster_restored,
    "cluster gone": cluster_gone,
    "limit of droplets lowered": limit_lowered,
    "ssh key replaced": ssh_key_replaced,
}
