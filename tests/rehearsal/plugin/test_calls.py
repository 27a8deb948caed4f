"""What the stand-in does beyond the recorded cases, in process against a simulated API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2 as pb

from infra_apply.rehearsal.plugin.servicer import Provider
from infra_apply.rehearsal.simulator.server import Server
from tests.rehearsal.harness import (
    Aborted,
    FakeClock,
    SimulatedAccount,
    Simulator,
    configured_provider,
    fake_context,
    recorded_account,
)

DROPLET = "urn:pulumi:dev::company::digitalocean:index/droplet:Droplet::web"
USER = "urn:pulumi:dev::company::digitalocean:index/databaseUser:DatabaseUser::u"
WEB = {"name": "web", "region": "nyc1", "size": "s-1vcpu-2gb", "image": "ubuntu-24-04-x64"}
CLUSTER = "bbbb0001-0000-4000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class RunningProvider:
    provider: Provider
    server: Server
    clock: FakeClock

    def create(self, urn: str, **inputs: Any) -> tuple[str, Any]:
        request = pb.CreateRequest(urn=urn, properties=struct(inputs))
        created = self.provider.Create(request, fake_context())
        return created.id, MessageToDict(created.properties)

    def update(self, urn: str, identifier: str, olds: Any, **news: Any) -> Any:
        request = pb.UpdateRequest(id=identifier, urn=urn, olds=struct(olds), news=struct(news))
        return MessageToDict(self.provider.Update(request, fake_context()).properties)

    def invoke(self, name: str, /, **args: Any) -> Any:
        request = pb.InvokeRequest(tok=f"digitalocean:index/{name}:{name}", args=struct(args))
        return MessageToDict(getattr(self.provider.Invoke(request, fake_context()), "return"))

    def requests(self) -> list[str]:
        return [
            f"{entry['method']} {entry['path']} {(entry['body'] or {}).get('type', '')}".strip()
            for entry in map(json.loads, self.server.requests_path.read_text().splitlines())
        ]


def struct(values: Any) -> Struct:
    message: Struct = ParseDict(values, Struct())
    return message


@pytest.fixture
def running(simulator: Simulator) -> RunningProvider:
    return running_on(simulator)


def running_on(simulator: Simulator) -> RunningProvider:
    provider = configured_provider(simulator.server.url, simulator.clock)
    return RunningProvider(provider, simulator.server, simulator.clock)


def test_a_refused_shrink_leaves_the_droplet_on_and_as_it_was(running: RunningProvider) -> None:
    identifier, live = running.create(DROPLET, **WEB)
    small = WEB | {"size": "s-1vcpu-1gb", "resizeDisk": True}
    with pytest.raises(Aborted, match=r"Error resizing droplet .* smaller disk"):
        running.update(DROPLET, identifier, live, **small)
    (droplet,) = running.server.state()["droplets"]
    assert (droplet["status"], droplet["size_slug"]) == ("active", "s-1vcpu-2gb")


def test_a_resize_asks_in_the_real_providers_order_and_waits_as_long(
    running: RunningProvider,
) -> None:
    identifier, live = running.create(DROPLET, **WEB)
    before, slept = len(running.requests()), len(running.clock.slept)
    outputs = running.update(
        DROPLET, identifier, live, **WEB | {"size": "s-2vcpu-4gb", "resizeDisk": True}
    )
    path = f"/v2/droplets/{identifier}"
    assert running.requests()[before:] == [
        f"POST {path}/actions power_off",
        f"GET {path}",
        f"POST {path}/actions resize",
        "GET /v2/actions/2000000003",
        f"POST {path}/actions power_on",
        f"GET {path}",
        f"GET {path}",
    ]
    assert running.clock.slept[slept:] == [10, 10, 10]
    assert (outputs["size"], outputs["memory"], outputs["disk"]) == ("s-2vcpu-4gb", 4096, 80)


def test_backups_are_switched_on_and_off(running: RunningProvider) -> None:
    identifier, live = running.create(DROPLET, **WEB)
    for enabled in (True, False):
        live = running.update(DROPLET, identifier, live, **WEB | {"backups": enabled})
        assert live["backups"] is enabled


def test_a_slow_boot_is_waited_for(simulator: Simulator) -> None:
    state = recorded_account()
    simulator.reset(state | {"waits": state["waits"] | {"droplet": 100.0}})
    _, live = running_on(simulator).create(DROPLET, **WEB)
    assert live["ipv4Address"] == "203.0.113.11"
    assert 100 <= sum(simulator.clock.slept) <= 110


def test_a_graceful_destroy_shuts_down_first(running: RunningProvider) -> None:
    identifier, live = running.create(DROPLET, **WEB, gracefulShutdown=True)
    request = pb.DeleteRequest(id=identifier, urn=DROPLET, properties=struct(live))
    running.provider.Delete(request, fake_context())
    assert f"POST /v2/droplets/{identifier}/actions shutdown" in running.requests()
    assert running.server.state()["droplets"] == []


def test_the_secrets_of_a_planned_user_are_secret_before_they_are_known(
    running: RunningProvider,
) -> None:
    inputs = {"clusterId": CLUSTER, "name": "app"}
    request = pb.CreateRequest(urn=USER, properties=struct(inputs), preview=True)
    planned = MessageToDict(running.provider.Create(request, fake_context()).properties)
    for name in ("password", "accessCert", "accessKey"):
        assert planned[name]["4dabf18193072939515e22adb298388d"]
    assert running.requests() == []


def test_a_name_that_was_made_up_is_kept(running: RunningProvider) -> None:
    first = pb.CheckRequest(urn=DROPLET, news=struct({"image": "i"}), randomSeed=b"1")
    created = MessageToDict(running.provider.Check(first, fake_context()).inputs)
    second = pb.CheckRequest(
        urn=DROPLET, olds=struct(created), news=struct({"image": "i"}), randomSeed=b"2"
    )
    checked_again = MessageToDict(running.provider.Check(second, fake_context()).inputs)
    assert created["name"].startswith("web-")
    assert checked_again["name"] == created["name"]


@pytest.fixture
def populated(simulator: Simulator) -> RunningProvider:
    account = SimulatedAccount()
    account.create_droplet("one", tags=["web", "a"])
    account.create_droplet("two", tags=["web"], region="fra1", size="s-2vcpu-4gb")
    account.create_droplet(
        "gpu", size="gpu-h100x1-80gb", region="nyc2", image="gpu-h100x1-base", ssh_keys=[512190]
    )
    simulator.reset(account.state)
    simulator.clock.now = account.now
    return running_on(simulator)


@pytest.mark.parametrize(
    ("args", "names"),
    [
        ({}, ["one", "two"]),
        ({"gpus": True}, ["gpu"]),
        ({"filters": [{"key": "tags", "values": ["a"]}]}, ["one"]),
        ({"filters": [{"key": "region", "values": ["fra1", "nyc1"]}]}, ["one", "two"]),
        ({"filters": [{"key": "tags", "values": ["web", "a"], "all": True}]}, ["one"]),
        ({"filters": [{"key": "name", "values": ["^t"], "matchBy": "re"}]}, ["two"]),
        ({"filters": [{"key": "size", "values": ["2vcpu"], "matchBy": "substring"}]}, ["two"]),
        ({"sorts": [{"key": "memory", "direction": "desc"}]}, ["two", "one"]),
    ],
)
def test_droplets_are_listed_filtered_and_sorted(
    populated: RunningProvider, args: Any, names: Any
) -> None:
    droplets = populated.invoke("getDroplets", **args)["droplets"]
    assert [droplet["name"] for droplet in droplets] == names


def test_a_filter_that_no_droplet_has_is_an_error(populated: RunningProvider) -> None:
    with pytest.raises(Aborted, match="unsupported filter"):
        populated.invoke("getDroplets", filters=[{"key": "colour", "values": ["red"]}])


def test_a_droplet_is_found_by_id_name_or_tag_if_there_is_one(populated: RunningProvider) -> None:
    assert populated.invoke("getDroplet", id=400000002)["name"] == "two"
    assert populated.invoke("getDroplet", tag="a")["name"] == "one"
    assert populated.invoke("getDroplet", name="gpu", gpu=True)["id"] == 400000003
    with pytest.raises(Aborted, match="no droplet found with name gpu"):
        populated.invoke("getDroplet", name="gpu")
    with pytest.raises(Aborted, match=r"too many droplets found with tag web \(found 2"):
        populated.invoke("getDroplet", tag="web")


def test_other_data_sources_answer_from_the_account(populated: RunningProvider) -> None:
    assert populated.invoke("getTag", name="web")["dropletsCount"] == 2
    assert populated.invoke("getAccount")["dropletLimit"] == 1000
    assert populated.invoke("getProject")["isDefault"] is True
    sizes = populated.invoke("getSizes", filters=[{"key": "regions", "values": ["tor1"]}])["sizes"]
    gpus = {size["slug"]: size["gpuInfos"] for size in sizes if size["gpuInfos"]}
    assert gpus["gpu-h100x1-80gb"][0]["vrams"] == [{"amount": 80, "unit": "gib"}]
    with pytest.raises(Aborted, match="no ssh key found with name nobody"):
        populated.invoke("getSshKey", name="nobody")


@pytest.mark.parametrize("token", ["digitalocean:index/getDomain:getDomain", "nonsense"])
def test_a_data_source_that_is_not_there_is_named(running: RunningProvider, token: str) -> None:
    with pytest.raises(Aborted, match=f"has no data source {token}"):
        running.provider.Invoke(pb.InvokeRequest(tok=token), fake_context())


def test_a_resource_type_that_is_not_there_is_named(running: RunningProvider) -> None:
    urn = "urn:pulumi:dev::company::digitalocean:index/volume:Volume::v"
    with pytest.raises(Aborted, match="has no resource type digitalocean:index/volume:Volume"):
        running.provider.Check(pb.CheckRequest(urn=urn), fake_context())


def test_a_child_of_a_component_is_known_by_its_own_type(running: RunningProvider) -> None:
    urn = "urn:pulumi:dev::company::own:Component$digitalocean:index/tag:Tag::t"
    answer = running.provider.Check(pb.CheckRequest(urn=urn), fake_context())
    assert MessageToDict(answer.inputs)["name"].startswith("t-")
