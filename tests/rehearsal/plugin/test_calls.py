"""What the stand-in does beyond the recorded cases, in process against a simulated API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2 as pb

from infra_apply.rehearsal.plugin.servicer import Provider
from infra_apply.rehearsal.simulator.account.messages import State
from infra_apply.rehearsal.simulator.server import Server
from tests.rehearsal.lab import Aborted, Account, Clock, Context, plugin, running

DROPLET = "urn:pulumi:dev::lab::digitalocean:index/droplet:Droplet::web"
USER = "urn:pulumi:dev::lab::digitalocean:index/databaseUser:DatabaseUser::u"
WEB = {"name": "web", "region": "nyc1", "size": "s-1vcpu-2gb", "image": "ubuntu-24-04-x64"}
CLUSTER = "bbbb0001-0000-4000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Bench:
    provider: Provider
    server: Server
    clock: Clock

    def create(self, urn: str, **inputs: Any) -> tuple[str, Any]:
        request = pb.CreateRequest(urn=urn, properties=struct(inputs))
        made = self.provider.Create(request, context())
        return made.id, MessageToDict(made.properties)

    def update(self, urn: str, identifier: str, olds: Any, **news: Any) -> Any:
        request = pb.UpdateRequest(id=identifier, urn=urn, olds=struct(olds), news=struct(news))
        return MessageToDict(self.provider.Update(request, context()).properties)

    def invoke(self, name: str, /, **args: Any) -> Any:
        request = pb.InvokeRequest(tok=f"digitalocean:index/{name}:{name}", args=struct(args))
        return MessageToDict(getattr(self.provider.Invoke(request, context()), "return"))

    def requests(self) -> list[str]:
        return [
            f"{entry['method']} {entry['path']} {(entry['body'] or {}).get('type', '')}".strip()
            for entry in map(json.loads, self.server.requests_path.read_text().splitlines())
        ]


def struct(values: Any) -> Struct:
    made: Struct = ParseDict(values, Struct())
    return made


def context() -> Any:
    return Context()


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
def bench(tmp_path: Path, account: Account) -> Iterator[Bench]:
    clock = Clock()
    with running(tmp_path, account.state, clock) as server:
        yield Bench(plugin(server.url, clock), server, clock)
        assert server.unmodelled == []


def test_a_refused_shrink_leaves_the_droplet_on_and_as_it_was(bench: Bench) -> None:
    identifier, live = bench.create(DROPLET, **WEB)
    small = WEB | {"size": "s-1vcpu-1gb", "resizeDisk": True}
    with pytest.raises(Aborted, match=r"Error resizing droplet .* smaller disk"):
        bench.update(DROPLET, identifier, live, **small)
    (droplet,) = bench.server.state()["droplets"]
    assert (droplet["status"], droplet["size_slug"]) == ("active", "s-1vcpu-2gb")


def test_a_resize_asks_in_the_real_providers_order_and_waits_as_long(bench: Bench) -> None:
    identifier, live = bench.create(DROPLET, **WEB)
    before, slept = len(bench.requests()), len(bench.clock.slept)
    outputs = bench.update(
        DROPLET, identifier, live, **WEB | {"size": "s-2vcpu-4gb", "resizeDisk": True}
    )
    path = f"/v2/droplets/{identifier}"
    assert bench.requests()[before:] == [
        f"POST {path}/actions power_off",
        f"GET {path}",
        f"POST {path}/actions resize",
        "GET /v2/actions/2000000003",
        f"POST {path}/actions power_on",
        f"GET {path}",
        f"GET {path}",
    ]
    assert bench.clock.slept[slept:] == [10, 10, 10]
    assert (outputs["size"], outputs["memory"], outputs["disk"]) == ("s-2vcpu-4gb", 4096, 80)


def test_backups_are_switched_on_and_off(bench: Bench) -> None:
    identifier, live = bench.create(DROPLET, **WEB)
    for wanted in (True, False):
        live = bench.update(DROPLET, identifier, live, **WEB | {"backups": wanted})
        assert live["backups"] is wanted


def test_a_slow_boot_is_waited_for(tmp_path: Path, account: Account) -> None:
    state = account.state | {"waits": account.state["waits"] | {"droplet": 100.0}}
    clock = Clock()
    with running(tmp_path, state, clock) as server:
        _, live = Bench(plugin(server.url, clock), server, clock).create(DROPLET, **WEB)
    assert live["ipv4Address"] == "203.0.113.11"
    assert 100 <= sum(clock.slept) <= 110


def test_a_graceful_destroy_shuts_down_first(bench: Bench) -> None:
    identifier, live = bench.create(DROPLET, **WEB, gracefulShutdown=True)
    request = pb.DeleteRequest(id=identifier, urn=DROPLET, properties=struct(live))
    bench.provider.Delete(request, context())
    assert f"POST /v2/droplets/{identifier}/actions shutdown" in bench.requests()
    assert bench.server.state()["droplets"] == []


def test_the_secrets_of_a_planned_user_are_secret_before_they_are_known(bench: Bench) -> None:
    inputs = {"clusterId": CLUSTER, "name": "app"}
    request = pb.CreateRequest(urn=USER, properties=struct(inputs), preview=True)
    planned = MessageToDict(bench.provider.Create(request, context()).properties)
    for name in ("password", "accessCert", "accessKey"):
        assert planned[name]["4dabf18193072939515e22adb298388d"]
    assert bench.requests() == []


def test_a_name_that_was_made_up_is_kept(bench: Bench) -> None:
    first = pb.CheckRequest(urn=DROPLET, news=struct({"image": "i"}), randomSeed=b"1")
    made = MessageToDict(bench.provider.Check(first, context()).inputs)
    again = pb.CheckRequest(
        urn=DROPLET, olds=struct(made), news=struct({"image": "i"}), randomSeed=b"2"
    )
    kept = MessageToDict(bench.provider.Check(again, context()).inputs)
    assert made["name"].startswith("web-")
    assert kept["name"] == made["name"]


def with_droplets(account: Account) -> State:
    account.droplet("one", tags=["web", "a"])
    account.droplet("two", tags=["web"], region="fra1", size="s-2vcpu-4gb")
    account.droplet(
        "gpu", size="gpu-h100x1-80gb", region="nyc2", image="gpu-h100x1-base", ssh_keys=[512190]
    )
    return account.state


@pytest.fixture
def full(tmp_path: Path, account: Account) -> Iterator[Bench]:
    clock = Clock()
    clock.now += 1000
    with running(tmp_path, with_droplets(account), clock) as server:
        yield Bench(plugin(server.url, clock), server, clock)


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
def test_droplets_are_listed_filtered_and_sorted(full: Bench, args: Any, names: Any) -> None:
    found = full.invoke("getDroplets", **args)["droplets"]
    assert [droplet["name"] for droplet in found] == names


def test_a_filter_that_no_droplet_has_is_an_error(full: Bench) -> None:
    with pytest.raises(Aborted, match="unsupported filter"):
        full.invoke("getDroplets", filters=[{"key": "colour", "values": ["red"]}])


def test_a_droplet_is_found_by_id_name_or_tag_if_there_is_one(full: Bench) -> None:
    assert full.invoke("getDroplet", id=400000002)["name"] == "two"
    assert full.invoke("getDroplet", tag="a")["name"] == "one"
    assert full.invoke("getDroplet", name="gpu", gpu=True)["id"] == 400000003
    with pytest.raises(Aborted, match="no droplet found with name gpu"):
        full.invoke("getDroplet", name="gpu")
    with pytest.raises(Aborted, match=r"too many droplets found with tag web \(found 2"):
        full.invoke("getDroplet", tag="web")


def test_other_data_sources_answer_from_the_account(full: Bench) -> None:
    assert full.invoke("getTag", name="web")["dropletsCount"] == 2
    assert full.invoke("getAccount")["dropletLimit"] == 1000
    assert full.invoke("getProject")["isDefault"] is True
    sizes = full.invoke("getSizes", filters=[{"key": "regions", "values": ["tor1"]}])["sizes"]
    gpus = {size["slug"]: size["gpuInfos"] for size in sizes if size["gpuInfos"]}
    assert gpus["gpu-h100x1-80gb"][0]["vrams"] == [{"amount": 80, "unit": "gib"}]
    with pytest.raises(Aborted, match="no ssh key found with name nobody"):
        full.invoke("getSshKey", name="nobody")


@pytest.mark.parametrize("token", ["digitalocean:index/getDomain:getDomain", "nonsense"])
def test_a_data_source_that_is_not_there_is_named(bench: Bench, token: str) -> None:
    with pytest.raises(Aborted, match=f"has no data source {token}"):
        bench.provider.Invoke(pb.InvokeRequest(tok=token), context())


def test_a_resource_type_that_is_not_there_is_named(bench: Bench) -> None:
    urn = "urn:pulumi:dev::lab::digitalocean:index/volume:Volume::v"
    with pytest.raises(Aborted, match="has no resource type digitalocean:index/volume:Volume"):
        bench.provider.Check(pb.CheckRequest(urn=urn), context())


def test_a_child_of_a_component_is_known_by_its_own_type(bench: Bench) -> None:
    urn = "urn:pulumi:dev::lab::own:Component$digitalocean:index/tag:Tag::t"
    answer = bench.provider.Check(pb.CheckRequest(urn=urn), context())
    assert MessageToDict(answer.inputs)["name"].startswith("t-")
