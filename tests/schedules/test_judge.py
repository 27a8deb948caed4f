"""The judge sees everything that can go wrong, and nothing where all is right."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pytest

from infra_apply.rehearsal.simulator.seed.build import seed
from tests.schedules.fleets import ONE, add_bystanders
from tests.schedules.judge import judge

JSON: TypeAlias = dict[str, Any]
BEFORE = add_bystanders(seed(clusters=[("shared-pg", "pg")]), ONE)


def ended_well() -> tuple[JSON, JSON]:
    """Return an account with one shop on one host, and a state that remembers exactly that."""
    account = copy.deepcopy(BEFORE)
    account["droplets"].append({"id": 7, "name": "lime"})
    account["firewalls"].append({"id": "f", "name": "lime", "tags": ["infra-apply-host:lime"]})
    (cluster,) = account["databases"]
    cluster["dbs"].append({"name": "shop"})
    cluster["users"].append({"name": "shop"})
    member = {"clusterId": cluster["id"], "name": "shop"}
    resources = [
        resource("Droplet", "lime", "7"),
        resource("Firewall", "lime", "f"),
        resource("DatabaseDb", "shop", "any", member),
        resource("DatabaseUser", "shop", "any", member),
        grants(cluster["id"]),
    ]
    return account, {"deployment": {"resources": resources}}


def resource(kind: str, name: str, identifier: str, outputs: JSON | None = None) -> JSON:
    token = f"digitalocean:index/x:{kind}"
    urn = f"urn:pulumi:prod::infra-apply::{token}::{name}"
    return {"urn": urn, "type": token, "id": identifier, "outputs": outputs or {}}


def grants(cluster_id: str, drift: Sequence[str] = ()) -> JSON:
    """What a state holds of the grants of shop's database."""
    outputs = {"clusterId": cluster_id, "database": "shop", "drift": [*drift]}
    token = "pulumi-python:dynamic/infra-apply:Grants"
    return resource("Grants", "shop", f"{cluster_id}/shop", outputs) | {"type": token}


def test_an_account_and_a_state_that_agree_are_right() -> None:
    account, export = ended_well()
    assert judge(ONE, BEFORE, account, export) == []


def test_an_empty_end_is_wrong_in_everything() -> None:
    problems = judge(ONE, BEFORE, BEFORE, {"deployment": {}})
    assert problems == [
        "droplet lime: 0, wanted 1",
        "firewall lime: 0, wanted 1",
        "database shared-pg/shop: 0, wanted 1",
        "user shared-pg/shop: 0, wanted 1",
    ]


def second_droplet(account: JSON, _: JSON) -> None:
    account["droplets"].append({"id": 8, "name": "lime"})


def stranger_resized(account: JSON, _: JSON) -> None:
    account["droplets"][0]["size_slug"] = "s-8vcpu-16gb"


def stranger_destroyed(account: JSON, _: JSON) -> None:
    account["firewalls"] = account["firewalls"][1:]


def strangers_password(account: JSON, _: JSON) -> None:
    account["databases"][0]["users"][1]["password"] = "another"


def closed_cluster(account: JSON, _: JSON) -> None:
    account["databases"][0]["rules"] = [{"type": "tag", "value": "x"}]


def another_id(_: JSON, export: JSON) -> None:
    export["deployment"]["resources"][0]["id"] = "9"


def forgotten(_: JSON, export: JSON) -> None:
    del export["deployment"]["resources"][2]


def remembered_twice(_: JSON, export: JSON) -> None:
    resources = export["deployment"]["resources"]
    resources.append(resources[0])


def grants_forgotten(_: JSON, export: JSON) -> None:
    del export["deployment"]["resources"][4]


def drifted(_: JSON, export: JSON) -> None:
    resources = export["deployment"]["resources"]
    cluster_id = resources[4]["outputs"]["clusterId"]
    resources[4] = grants(cluster_id, ["everybody has CONNECT on the database"])


def pending(_: JSON, export: JSON) -> None:
    operation = {"resource": resource("Droplet", "lime", ""), "type": "creating"}
    export["deployment"]["pending_operations"] = [operation]


def unfinished(_: JSON, export: JSON) -> None:
    export["deployment"]["resources"][1]["initErrors"] = ["not yet"]


def test_a_database_of_an_engine_without_grants_has_none_in_the_state() -> None:
    account, export = ended_well()
    account["databases"][0]["engine"] = "mysql"
    before = copy.deepcopy(BEFORE)
    before["databases"][0]["engine"] = "mysql"
    assert judge(ONE, before, account, export) == [
        "in the state: Grants shared-pg/shop: 1, wanted 0"
    ]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (second_droplet, "droplet lime: 2, wanted 1"),
        (stranger_resized, "a stranger's droplets lim was touched"),
        (stranger_destroyed, "a stranger's firewalls watch was touched"),
        (strangers_password, "a stranger's users shops on shared-pg was touched"),
        (closed_cluster, "the cluster shared-pg was touched"),
        (another_id, "in the state: Droplet 7: 0, wanted 1"),
        (forgotten, "in the state: DatabaseDb shared-pg/shop: 0, wanted 1"),
        (remembered_twice, "in the state: Droplet 7: 2, wanted 1"),
        (grants_forgotten, "in the state: Grants shared-pg/shop: 0, wanted 1"),
        (drifted, "the state has drift: Grants shop"),
        (pending, "the state has a pending operation: Droplet lime"),
        (unfinished, "the state has an unfinished resource: Firewall lime"),
    ],
)
def test_whatever_is_spoilt_is_named(spoil: Callable[[JSON, JSON], None], words: str) -> None:
    account, export = ended_well()
    spoil(account, export)
    assert words in judge(ONE, BEFORE, account, export)
