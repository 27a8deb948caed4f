"""One reader a kind of thing, against a rehearsal's account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from infra_apply.digitalocean.client import Client, Credentials
from infra_apply.digitalocean.read import (
    is_being_snapshotted,
    read_clusters,
    read_databases,
    read_droplet_limit,
    read_droplets,
    read_droplets_by_id,
    read_gpu_droplets,
    read_newest_backup,
    read_sizes,
    read_snapshots,
    read_users,
)
from infra_apply.errors import Outage
from infra_apply.rehearsal.simulator.faults import Fault
from infra_apply.rehearsal.simulator.seed.build import seed
from infra_apply.rehearsal.simulator.server import Server, serve

NOW = 1768471200.0
TOKEN = "rehearsal-reader"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    state = seed(clusters=[("shared-pg", "pg"), ("other", "pg")], ssh_keys=["ops"])
    with serve(tmp_path, state, now=lambda: NOW, clock_scale=1e6) as running:
        yield running
        assert running.unmodelled == []


def post(server: Server, path: str, **body: Any) -> Any:
    answer = urllib3.request(
        "POST",
        f"{server.url}{path}",
        body=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    )
    assert answer.status < 300, answer.data
    return answer.json()


def client(server: Server, token: str = TOKEN) -> Client:
    return Client(Credentials(server.url, token), tries=1)


def test_droplets_gpu_droplets_and_databases_are_read(server: Server) -> None:
    key = server.state()["keys"][0]["id"]
    post(
        server, "/v2/droplets", name="lime", region="nyc1", size="s-1vcpu-1gb",
        image="ubuntu-24-04-x64", tags=["env:prod"],
    )  # fmt: skip
    post(
        server, "/v2/droplets", name="shop-gpu-a1b2c3", region="tor1", size="gpu-l40sx1-48gb",
        image="gpu-h100x1-base", ssh_keys=[key], tags=["infra-apply-slot:shop:a1b2c3"],
    )  # fmt: skip
    cluster = server.state()["databases"][0]["id"]
    post(server, f"/v2/databases/{cluster}/dbs", name="shop")
    (lime,) = read_droplets(client(server))
    (slot,) = read_gpu_droplets(client(server))
    assert (lime.name, lime.region, lime.size, lime.tags) == (
        "lime",
        "nyc1",
        "s-1vcpu-1gb",
        ("env:prod",),
    )
    assert lime.made_at == NOW
    assert (slot.hourly, slot.tags) == (1.57, ("infra-apply-slot:shop:a1b2c3",))
    clusters = read_clusters(client(server))
    assert sorted(clusters) == ["other", "shared-pg"]
    assert read_databases(client(server), clusters["shared-pg"]) == {"defaultdb", "shop"}


def test_a_size_has_its_memory_its_prices_and_its_regions(server: Server) -> None:
    sizes = read_sizes(client(server))
    small = sizes["s-1vcpu-1gb"]
    assert (small.memory, small.vcpus, small.disk, small.monthly) == (1024, 1, 25, 6.0)
    assert "nyc1" in small.regions and small.available
    assert sizes["gpu-l40sx1-48gb"].hourly == 1.57


def test_a_token_that_is_not_accepted_is_an_outage(server: Server) -> None:
    with pytest.raises(Outage, match="does not accept the token"):
        read_clusters(client(server, "wrong"))


def test_a_clusters_users_are_read_without_their_passwords(server: Server) -> None:
    api = client(server)
    cluster = read_clusters(api)["shared-pg"]
    post(server, f"/v2/databases/{cluster.id}/users", name="shop")
    assert read_users(api, cluster) == {"doadmin", "shop"}


def test_the_limit_of_droplets_is_read(server: Server) -> None:
    assert read_droplet_limit(client(server)) == 1000


def test_a_token_that_may_not_read_the_account_leaves_its_limit_unknown(tmp_path: Path) -> None:
    refusing = (Fault(path="/v2/account", status=403, times=9),)
    with serve(tmp_path, seed(), faults=refusing) as server:
        assert read_droplet_limit(client(server)) is None
        assert read_droplets(client(server)) == []


def test_a_droplet_that_no_list_shows_is_read_by_its_id(server: Server) -> None:
    body = {"name": "lime", "region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}
    number = post(server, "/v2/droplets", **body)["droplet"]["id"]
    (droplet,) = read_droplets_by_id(client(server), {number, 7})
    assert (droplet.id, droplet.name) == (number, "lime")
    assert read_droplets_by_id(client(server), ()) == []


def test_a_snapshot_is_read_once_it_is_made(tmp_path: Path) -> None:
    now = NOW
    with serve(tmp_path, seed(clusters=[]), token=TOKEN, now=lambda: now) as running:
        api = client(running)
        post(
            running, "/v2/droplets", name="lime", region="nyc1", size="s-1vcpu-1gb",
            image="ubuntu-24-04-x64",
        )  # fmt: skip
        now += 60
        (lime,) = read_droplets(api)
        api.post(f"/v2/droplets/{lime.id}/actions", {"type": "snapshot", "name": "kept"})
        assert (is_being_snapshotted(api, lime.id), read_snapshots(api, lime.id)) == (True, [])
        now += 60
        (snapshot,) = read_snapshots(api, lime.id)
        assert (snapshot.name, snapshot.gigabytes, snapshot.made_at) == ("kept", 2.5, NOW + 60)
        assert not is_being_snapshotted(api, lime.id)


def test_the_newest_backup_of_a_cluster_is_read(tmp_path: Path) -> None:
    state = seed(clusters=[("shared-pg", "pg"), ("other", "pg")])
    times = ("2026-01-13T20:40:00Z", "2026-01-14T20:40:00Z", "2026-01-12T20:40:00Z")
    state["databases"][0]["backups"] = [
        {"created_at": time, "size_gigabytes": 0.1} for time in times
    ]
    state["databases"][1]["backups"] = []
    with serve(tmp_path, state, token=TOKEN, now=lambda: NOW) as running:
        clusters = read_clusters(client(running))
        assert read_newest_backup(client(running), clusters["shared-pg"]) == 1768423200.0
        assert read_newest_backup(client(running), clusters["other"]) is None


def test_a_database_or_user_that_no_list_shows_yet_is_asked_for_by_its_name(tmp_path: Path) -> None:
    late = (Fault(path="/v2/databases/*", method="POST", hidden=1000, times=2),)
    with serve(tmp_path, seed(clusters=[("shared-pg", "pg")]), faults=late) as server:
        api = client(server)
        cluster = read_clusters(api)["shared-pg"]
        post(server, f"/v2/databases/{cluster.id}/dbs", name="shop-1")
        post(server, f"/v2/databases/{cluster.id}/users", name="shop")
        assert "shop-1" not in read_databases(api, cluster)
        assert read_databases(api, cluster, {"shop-1", "wiki"}) == {"defaultdb", "shop-1"}
        assert read_users(api, cluster, {"shop", "wiki"}) == {"doadmin", "shop"}
