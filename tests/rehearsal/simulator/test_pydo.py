"""DigitalOcean's official Python client works against the simulated API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import HeadersPolicy
from pydo import Client

from tests.rehearsal.harness import Simulator

PLAIN = {"region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Any]:
    # Its usual policy refuses to send a token over plain HTTP.
    policy = HeadersPolicy({"Authorization": "Bearer rehearsal-pydo"})
    with Client("", endpoint=simulator.server.url, authentication_policy=policy) as client:
        yield client


def test_it_creates_tags_resizes_and_deletes_a_droplet(client: Any, simulator: Simulator) -> None:
    clock = simulator.clock
    created = client.droplets.create(body=PLAIN | {"name": "web-1", "tags": ["web"]})["droplet"]
    number = created["id"]
    clock.now += 10
    assert client.droplets.get(droplet_id=number)["droplet"]["status"] == "active"

    client.tags.create(body={"name": "env:dev"})
    resources = {"resources": [{"resource_id": str(number), "resource_type": "droplet"}]}
    client.tags.assign_resources(tag_id="env:dev", body=resources)
    assert client.tags.get("env:dev")["tag"]["resources"]["droplets"]["count"] == 1
    client.tags.unassign_resources(tag_id="web", body=resources)
    tagged = client.droplets.list(tag_name="env:dev")["droplets"]
    assert [droplet["tags"] for droplet in tagged] == [["env:dev"]]

    for action in (
        {"type": "power_off"},
        {"type": "resize", "size": "s-1vcpu-2gb", "disk": True},
        {"type": "power_on"},
    ):
        started = client.droplet_actions.post(droplet_id=number, body=action)["action"]
        clock.now += 10
        assert client.actions.get(action_id=started["id"])["action"]["status"] == "completed"
    bigger = client.droplets.get(droplet_id=number)["droplet"]
    assert (bigger["size_slug"], bigger["status"]) == ("s-1vcpu-2gb", "active")

    client.droplets.destroy(droplet_id=number)
    # The client hands a 404 on as an answer.
    assert client.droplets.get(droplet_id=number)["id"] == "not_found"


def test_it_pages_through_every_droplet(client: Any) -> None:
    for batch in range(3):
        names = [f"n{batch}{number}" for number in range(10)]
        client.droplets.create(body=PLAIN | {"names": names})
    seen, number, more = [], 1, True
    while more:
        page = client.droplets.list(per_page=7, page=number)
        seen += [droplet["id"] for droplet in page["droplets"]]
        more = "next" in page["links"].get("pages", {})
        number += 1
    assert len(seen) == len(set(seen)) == 30
    assert number == 6


def test_it_manages_databases_users_and_firewalls(client: Any) -> None:
    cluster = client.databases.list_clusters()["databases"][0]["id"]
    client.databases.add(cluster, body={"name": "app"})
    user = client.databases.add_user(cluster, body={"name": "app"})["user"]
    assert user["password"]
    assert [db["name"] for db in client.databases.list(cluster)["dbs"]] == ["defaultdb", "app"]
    rule = {"type": "ip_addr", "value": "192.0.2.1"}
    client.databases.update_firewall_rules(cluster, body={"rules": [rule]})
    assert client.databases.list_firewall_rules(cluster)["rules"][0]["value"] == "192.0.2.1"
    client.databases.delete_user(cluster, "app")
    client.databases.delete(cluster, "app")

    client.tags.create(body={"name": "web"})
    ssh = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["0.0.0.0/0"]}}
    body = {"name": "fw", "tags": ["web"], "inbound_rules": [ssh], "outbound_rules": []}
    firewall = client.firewalls.create(body=body)["firewall"]
    client.firewalls.update(
        firewall["id"], body=body | {"inbound_rules": [ssh | {"ports": "2222"}]}
    )
    assert client.firewalls.get(firewall["id"])["firewall"]["inbound_rules"][0]["ports"] == "2222"
    client.firewalls.delete(firewall["id"])
    assert client.firewalls.list()["firewalls"] == []


def test_it_finds_gpu_droplets_sizes_keys_and_networks(client: Any) -> None:
    gpu = {"size": "gpu-h100x1-80gb", "region": "nyc2", "image": "gpu-h100x1-base"}
    key = client.ssh_keys.list()["ssh_keys"][0]["id"]
    client.droplets.create(body=gpu | {"name": "gpu-1", "ssh_keys": [key]})
    assert client.droplets.list()["droplets"] == []
    assert [droplet["name"] for droplet in client.droplets.list(type="gpus")["droplets"]] == [
        "gpu-1"
    ]
    prices = {
        size["slug"]: size["price_hourly"] for size in client.sizes.list(per_page=200)["sizes"]
    }
    assert prices["gpu-h100x1-80gb"] == 3.39
    assert len(client.vpcs.list()["vpcs"]) == 6
    assert client.projects.get_default()["project"]["is_default"] is True
    assert client.account.get()["account"]["status"] == "active"


def test_it_sees_the_apis_own_error(client: Any) -> None:
    with pytest.raises(HttpResponseError) as raised:
        client.droplets.create(body=PLAIN | {"name": "x", "size": "nope"})
    assert raised.value.status_code == 422
    answer: Any = raised.value.response
    assert json.loads(answer.text())["id"] == "unprocessable_entity"
