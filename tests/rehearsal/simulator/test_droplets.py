"""How droplets of the simulated account behave."""

from __future__ import annotations

from typing import Any

import pytest

from infra_apply.rehearsal.simulator.account.messages import Request
from infra_apply.rehearsal.simulator.account.routes import handle
from tests.rehearsal.lab import NOW, Account, lab_state

PLAIN = {"region": "nyc1", "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64"}


def test_a_new_droplet_is_locked_and_without_addresses_until_it_has_booted() -> None:
    account = Account()
    made = account.droplet(booted=False)
    assert (made["status"], made["locked"], made["networks"]["v4"]) == ("new", True, [])
    account.now += 5
    assert account.get(f"/v2/droplets/{made['id']}")["droplet"]["status"] == "new"
    account.now += 2
    live = account.get(f"/v2/droplets/{made['id']}")["droplet"]
    assert (live["status"], live["locked"]) == ("active", False)
    assert [n["type"] for n in live["networks"]["v4"]] == ["private", "public"]


@pytest.mark.parametrize(("clock_scale", "seconds"), [(1.0, 600), (100.0, 6)])
def test_the_states_waits_and_the_clock_say_how_long_a_boot_takes(
    clock_scale: float, seconds: float
) -> None:
    state = lab_state()
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
    account = Account()
    first, second = account.droplet("twin"), account.droplet("twin")
    assert first["id"] != second["id"]
    assert len(account.get("/v2/droplets", name="TWIN")["droplets"]) == 2


def test_several_names_make_several_droplets_with_one_action_each() -> None:
    account = Account()
    body = PLAIN | {"names": ["a", "b", "c"]}
    answer = account.ask("POST", "/v2/droplets", body)
    assert answer.status == 202
    assert [d["name"] for d in answer.body["droplets"]] == ["a", "b", "c"]
    assert len({link["id"] for link in answer.body["links"]["actions"]}) == 3


@pytest.mark.parametrize(
    ("given", "message"),
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
    given: dict[str, Any], message: str
) -> None:
    account = Account()
    before = account.state
    answer = account.ask("POST", "/v2/droplets", {"name": "web-1", **PLAIN, **given})
    assert answer.status == 422
    assert set(answer.body) == {"id", "message", "request_id"}
    assert message in answer.body["message"]
    assert account.state == before


def test_gpu_droplets_are_listed_only_when_asked_for() -> None:
    account = Account()
    account.droplet("cpu")
    account.droplet(
        "gpu", size="gpu-h100x1-80gb", region="nyc2", image="gpu-h100x1-base", ssh_keys=[512190]
    )
    assert [d["name"] for d in account.get("/v2/droplets")["droplets"]] == ["cpu"]
    assert [d["name"] for d in account.get("/v2/droplets", type="gpus")["droplets"]] == ["gpu"]


def test_type_and_tag_name_cannot_be_combined() -> None:
    answer = Account().ask("GET", "/v2/droplets", query={"type": "gpus", "tag_name": "a"})
    assert answer.status == 422


def test_a_deleted_droplet_is_gone_at_once_and_deleting_it_again_is_404() -> None:
    account = Account()
    path = f"/v2/droplets/{account.droplet()['id']}"
    assert [account.ask(m, path).status for m in ("DELETE", "GET", "DELETE")] == [204, 404, 404]


def test_deleting_by_tag_deletes_every_droplet_with_it_and_no_other() -> None:
    account = Account()
    account.droplet("a", tags=["old"])
    account.droplet("b", tags=["old", "x"])
    account.droplet("c", tags=["x"])
    assert account.ask("DELETE", "/v2/droplets").status == 422
    assert account.ask("DELETE", "/v2/droplets", query={"tag_name": "old"}).status == 204
    assert [d["name"] for d in account.get("/v2/droplets")["droplets"]] == ["c"]


def test_a_resize_takes_effect_when_its_action_completes_and_keeps_a_bigger_disk() -> None:
    account = Account()
    path = f"/v2/droplets/{account.droplet()['id']}"
    resize = {"type": "resize", "size": "s-1vcpu-2gb", "disk": True}
    assert account.ask("POST", f"{path}/actions", resize).status == 422  # it is on
    power_off(account, path)
    action = account.ask("POST", f"{path}/actions", resize).body["action"]
    assert action["status"] == "in-progress"
    assert account.get(path)["droplet"]["size_slug"] == "s-1vcpu-1gb"
    account.now += 10
    assert account.get(f"/v2/actions/{action['id']}")["action"]["status"] == "completed"
    bigger = account.get(path)["droplet"]
    assert (bigger["size_slug"], bigger["disk"], bigger["memory"]) == ("s-1vcpu-2gb", 50, 2048)
    back = account.ask("POST", f"{path}/actions", resize | {"size": "s-1vcpu-1gb"})
    assert (back.status, "smaller disk" in back.body["message"]) == (422, True)


def test_a_resize_without_the_disk_can_be_taken_back() -> None:
    account = Account()
    path = f"/v2/droplets/{account.droplet()['id']}"
    power_off(account, path)
    for size in ("s-1vcpu-2gb", "s-1vcpu-1gb"):
        body = {"type": "resize", "size": size, "disk": False}
        assert account.ask("POST", f"{path}/actions", body).status == 201
        account.now += 10
    assert account.get(path)["droplet"]["disk"] == 25


def test_a_droplet_takes_one_action_at_a_time() -> None:
    account = Account()
    path = f"/v2/droplets/{account.droplet()['id']}/actions"
    assert account.ask("POST", path, {"type": "power_off"}).status == 201
    again = account.ask("POST", path, {"type": "power_on"})
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
    account = Account()
    path = f"/v2/droplets/{account.droplet()['id']}"
    assert account.ask("POST", f"{path}/actions", body).status == 201
    account.now += 10
    assert account.get(path)["droplet"][key] == value


def test_an_action_on_a_droplet_that_was_destroyed_meanwhile_ends_in_error() -> None:
    account = Account()
    path = f"/v2/droplets/{account.droplet()['id']}"
    action = account.ask("POST", f"{path}/actions", {"type": "power_off"}).body["action"]
    account.ask("DELETE", path)
    account.now += 10
    assert account.get(f"/v2/actions/{action['id']}")["action"]["status"] == "errored"


def test_a_droplet_lists_its_own_actions_newest_first() -> None:
    account = Account()
    path = f"/v2/droplets/{account.droplet('a')['id']}"
    account.droplet("b")
    account.ask("POST", f"{path}/actions", {"type": "power_off"})
    kinds = [action["type"] for action in account.get(f"{path}/actions")["actions"]]
    assert kinds == ["power_off", "create"]


def test_a_thousand_droplets_have_distinct_addresses() -> None:
    account = Account()
    for _ in range(100):
        body = PLAIN | {"names": [f"n{i}" for i in range(10)]}
        assert account.ask("POST", "/v2/droplets", body).status == 202
    account.now += 60
    live = [
        n["ip_address"]
        for page in range(1, 6)
        for d in account.get("/v2/droplets", page=str(page), per_page="200")["droplets"]
        for n in d["networks"]["v4"]
    ]
    assert len(set(live)) == len(live) == 2000


def power_off(account: Account, path: str) -> None:
    assert account.ask("POST", f"{path}/actions", {"type": "power_off"}).status == 201
    account.now += 10
    assert account.get(path)["droplet"]["status"] == "off"
