"""How droplets of the simulated account behave."""

from __future__ import annotations

from typing import Any

import pytest

from infra_apply.rehearsal.simulator.account.messages import Request
from infra_apply.rehearsal.simulator.account.routes import handle
from tests.rehearsal.harness import NOW, SimulatedAccount, recorded_account

PLAIN = {"region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}


def test_a_new_droplet_is_locked_and_without_addresses_until_it_has_booted() -> None:
    account = SimulatedAccount()
    droplet = account.create_droplet(booted=False)
    assert (droplet["status"], droplet["locked"], droplet["networks"]["v4"]) == ("new", True, [])
    account.now += 5
    assert account.get(f"/v2/droplets/{droplet['id']}")["droplet"]["status"] == "new"
    account.now += 2
    live = account.get(f"/v2/droplets/{droplet['id']}")["droplet"]
    assert (live["status"], live["locked"]) == ("active", False)
    assert [network["type"] for network in live["networks"]["v4"]] == ["private", "public"]


@pytest.mark.parametrize(("clock_scale", "seconds"), [(1.0, 600), (100.0, 6)])
def test_the_states_waits_and_the_clock_say_how_long_a_boot_takes(
    clock_scale: float, seconds: float
) -> None:
    state = recorded_account()
    state["waits"] = state["waits"] | {"droplet": 600.0}
    request = Request("POST", "/v2/droplets", {}, PLAIN | {"name": "slow"})
    state, answer = handle(state, request, NOW, clock_scale=clock_scale)
    reading = Request("GET", f"/v2/droplets/{answer.body['droplet']['id']}")
    statuses = [
        handle(state, reading, NOW + after, clock_scale=clock_scale)[1].body["droplet"]["status"]
        for after in (seconds - 0.1, seconds)
    ]
    assert statuses == ["new", "active"]


def test_names_are_not_unique() -> None:
    account = SimulatedAccount()
    first, second = account.create_droplet("twin"), account.create_droplet("twin")
    assert first["id"] != second["id"]
    assert len(account.get("/v2/droplets", name="TWIN")["droplets"]) == 2


def test_several_names_make_several_droplets_with_one_action_each() -> None:
    account = SimulatedAccount()
    body = PLAIN | {"names": ["a", "b", "c"]}
    answer = account.request("POST", "/v2/droplets", body)
    assert answer.status == 202
    assert [droplet["name"] for droplet in answer.body["droplets"]] == ["a", "b", "c"]
    assert len({link["id"] for link in answer.body["links"]["actions"]}) == 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "under_score"}, "hostname"),
        ({"name": None}, "name is required"),
        ({"size": "s-9vcpu-9gb"}, "invalid size"),
        ({"image": "nope"}, "invalid image"),
        ({"image": None}, "invalid image"),
        ({"region": "mars1"}, "invalid region"),
        ({"size": "gpu-h100x1-80gb", "ssh_keys": [512190]}, "not available in this region"),
        ({"size": "gpu-h100x1-80gb", "region": "nyc2"}, "SSH key is required"),
        ({"ssh_keys": [1]}, "invalid key identifiers"),
        ({"ssh_keys": "512190"}, "must be an array"),
        ({"tags": ["a.b"]}, "invalid"),
        ({"tags": "a"}, "array of strings"),
        ({"vpc_uuid": "aaaa0001-0000-4000-8000-000000000002"}, "VPC"),
        ({"user_data": "x" * 65537}, "64 KiB"),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing_behind(
    fields: dict[str, Any], message: str
) -> None:
    account = SimulatedAccount()
    before = account.state
    answer = account.request("POST", "/v2/droplets", {"name": "web-1", **PLAIN, **fields})
    assert answer.status == 422
    assert set(answer.body) == {"id", "message", "request_id"}
    assert message in answer.body["message"]
    assert account.state == before


@pytest.mark.parametrize(
    ("names", "status"), [(["c"], 202), (["c", "d"], 202), (["c", "d", "e"], 422)]
)
def test_no_droplet_is_made_beyond_the_accounts_limit_which_gpu_droplets_count_in(
    names: list[str], status: int
) -> None:
    state = recorded_account()
    account = SimulatedAccount(state | {"account": state["account"] | {"droplet_limit": 4}})
    account.create_droplet("a")
    account.create_droplet("b", size="gpu-h100x1-80gb", region="nyc2", ssh_keys=[512190])
    before = account.state
    response = account.request("POST", "/v2/droplets", PLAIN | {"names": names})
    assert response.status == status
    if status == 422:
        assert response.body["id"] == "unprocessable_entity"
        message = "creating this/these droplet(s) will exceed your droplet limit"
        assert response.body["message"] == message
        assert account.state == before


def test_a_deleted_droplet_makes_room_below_the_limit() -> None:
    state = recorded_account()
    account = SimulatedAccount(state | {"account": state["account"] | {"droplet_limit": 1}})
    first = account.create_droplet("a")
    assert account.request("POST", "/v2/droplets", PLAIN | {"name": "b"}).status == 422
    account.request("DELETE", f"/v2/droplets/{first['id']}")
    assert account.request("POST", "/v2/droplets", PLAIN | {"name": "b"}).status == 202


def test_gpu_droplets_are_listed_only_when_asked_for() -> None:
    account = SimulatedAccount()
    account.create_droplet("cpu")
    account.create_droplet(
        "gpu", size="gpu-h100x1-80gb", region="nyc2", image="gpu-h100x1-base", ssh_keys=[512190]
    )
    assert [droplet["name"] for droplet in account.get("/v2/droplets")["droplets"]] == ["cpu"]
    assert [
        droplet["name"] for droplet in account.get("/v2/droplets", type="gpus")["droplets"]
    ] == ["gpu"]


def test_type_and_tag_name_cannot_be_combined() -> None:
    answer = SimulatedAccount().request(
        "GET", "/v2/droplets", query={"type": "gpus", "tag_name": "a"}
    )
    assert answer.status == 422


def test_a_deleted_droplet_is_gone_at_once_and_deleting_it_again_is_404() -> None:
    account = SimulatedAccount()
    path = f"/v2/droplets/{account.create_droplet()['id']}"
    assert [account.request(method, path).status for method in ("DELETE", "GET", "DELETE")] == [
        204,
        404,
        404,
    ]


def test_deleting_by_tag_deletes_every_droplet_with_it_and_no_other() -> None:
    account = SimulatedAccount()
    account.create_droplet("a", tags=["old"])
    account.create_droplet("b", tags=["old", "x"])
    account.create_droplet("c", tags=["x"])
    assert account.request("DELETE", "/v2/droplets").status == 422
    assert account.request("DELETE", "/v2/droplets", query={"tag_name": "old"}).status == 204
    assert [droplet["name"] for droplet in account.get("/v2/droplets")["droplets"]] == ["c"]


def test_a_resize_takes_effect_when_its_action_completes_and_keeps_a_bigger_disk() -> None:
    account = SimulatedAccount()
    path = f"/v2/droplets/{account.create_droplet()['id']}"
    resize = {"type": "resize", "size": "s-1vcpu-2gb", "disk": True}
    assert account.request("POST", f"{path}/actions", resize).status == 422  # it is on
    power_off(account, path)
    action = account.request("POST", f"{path}/actions", resize).body["action"]
    assert action["status"] == "in-progress"
    assert account.get(path)["droplet"]["size_slug"] == "s-1vcpu-1gb"
    account.now += 10
    assert account.get(f"/v2/actions/{action['id']}")["action"]["status"] == "completed"
    bigger = account.get(path)["droplet"]
    assert (bigger["size_slug"], bigger["disk"], bigger["memory"]) == ("s-1vcpu-2gb", 50, 2048)
    back = account.request("POST", f"{path}/actions", resize | {"size": "s-1vcpu-1gb"})
    assert (back.status, "smaller disk" in back.body["message"]) == (422, True)


def test_a_resize_without_the_disk_can_be_taken_back() -> None:
    account = SimulatedAccount()
    path = f"/v2/droplets/{account.create_droplet()['id']}"
    power_off(account, path)
    for size in ("s-1vcpu-2gb", "s-1vcpu-1gb"):
        body = {"type": "resize", "size": size, "disk": False}
        assert account.request("POST", f"{path}/actions", body).status == 201
        account.now += 10
    assert account.get(path)["droplet"]["disk"] == 25


def test_a_droplet_takes_one_action_at_a_time() -> None:
    account = SimulatedAccount()
    path = f"/v2/droplets/{account.create_droplet()['id']}/actions"
    assert account.request("POST", path, {"type": "power_off"}).status == 201
    again = account.request("POST", path, {"type": "power_on"})
    assert (again.status, "pending event" in again.body["message"]) == (422, True)


@pytest.mark.parametrize(
    ("body", "key", "value"),
    [
        ({"type": "rename", "name": "new"}, "name", "new"),
        ({"type": "shutdown"}, "status", "off"),
        (
            {"type": "enable_backups"},
            "features",
            ["droplet_agent", "private_networking", "backups"],
        ),
        ({"type": "disable_backups"}, "features", ["droplet_agent", "private_networking"]),
    ],
)
def test_an_action_changes_the_droplet(body: dict[str, Any], key: str, value: object) -> None:
    account = SimulatedAccount()
    path = f"/v2/droplets/{account.create_droplet()['id']}"
    assert account.request("POST", f"{path}/actions", body).status == 201
    account.now += 10
    assert account.get(path)["droplet"][key] == value


def test_an_action_on_a_droplet_that_was_destroyed_meanwhile_ends_in_error() -> None:
    account = SimulatedAccount()
    path = f"/v2/droplets/{account.create_droplet()['id']}"
    action = account.request("POST", f"{path}/actions", {"type": "power_off"}).body["action"]
    account.request("DELETE", path)
    account.now += 10
    assert account.get(f"/v2/actions/{action['id']}")["action"]["status"] == "errored"


def test_a_snapshot_is_an_image_once_its_action_completes_and_outlives_the_droplet() -> None:
    account = SimulatedAccount()
    path = f"/v2/droplets/{account.create_droplet()['id']}"
    body = {"type": "snapshot", "name": "web-kept"}
    assert account.request("POST", f"{path}/actions", body).status == 201
    assert account.get(f"{path}/snapshots")["snapshots"] == []
    account.now += 10
    (snapshot,) = account.get(f"{path}/snapshots")["snapshots"]
    assert (snapshot["name"], snapshot["size_gigabytes"] > 0) == ("web-kept", True)
    account.request("DELETE", path)
    (image,) = account.get("/v2/images", private="true")["images"]
    assert (image["id"], image["name"], image["type"]) == (snapshot["id"], "web-kept", "snapshot")


def test_a_droplet_lists_its_own_actions_newest_first() -> None:
    account = SimulatedAccount()
    path = f"/v2/droplets/{account.create_droplet('a')['id']}"
    account.create_droplet("b")
    account.request("POST", f"{path}/actions", {"type": "power_off"})
    kinds = [action["type"] for action in account.get(f"{path}/actions")["actions"]]
    assert kinds == ["power_off", "create"]


def test_a_thousand_droplets_have_distinct_addresses() -> None:
    account = SimulatedAccount()
    for _ in range(100):
        body = PLAIN | {"names": [f"n{number}" for number in range(10)]}
        assert account.request("POST", "/v2/droplets", body).status == 202
    account.now += 60
    addresses = [
        network["ip_address"]
        for page in range(1, 6)
        for droplet in account.get("/v2/droplets", page=str(page), per_page="200")["droplets"]
        for network in droplet["networks"]["v4"]
    ]
    assert len(set(addresses)) == len(addresses) == 2000


def power_off(account: SimulatedAccount, path: str) -> None:
    assert account.request("POST", f"{path}/actions", {"type": "power_off"}).status == 201
    account.now += 10
    assert account.get(path)["droplet"]["status"] == "off"
