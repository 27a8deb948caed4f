"""The stand-in answers as the real provider did, case by case.

The recordings, the answers of the real plugin (v4.76.0) under the real engine, are not part of the
repository: they lie beside it in `../shared/provider-grpc/*.json`. Each test repeats a call against
a simulated account that holds what the call needs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from pulumi.runtime.proto import provider_pb2 as pb

from infra_apply.rehearsal.simulator.account.messages import State
from tests.rehearsal.harness import (
    SHARED,
    Aborted,
    FakeContext,
    SimulatedAccount,
    Simulator,
    configured_provider,
    recorded_account,
)

RECORDINGS = SHARED / "provider-grpc"
FILES = (
    "droplet",
    "gpu-droplet",
    "firewall",
    "tag",
    "database-db",
    "database-user",
    "vpc",
    "ssh-key",
    "project",
    "invokes",
)
REQUESTS: dict[str, Any] = {
    "Check": pb.CheckRequest,
    "Diff": pb.DiffRequest,
    "Create": pb.CreateRequest,
    "Read": pb.ReadRequest,
    "Update": pb.UpdateRequest,
    "Delete": pb.DeleteRequest,
    "Invoke": pb.InvokeRequest,
}
# Internals of the real provider, which the stand-in leaves out.
INTERNAL = ("__meta", "__pulumi_raw_state_delta")
SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z| \+0000 UTC)")

# Where the stand-in is known to differ, and why: (case, method) -> keys left out of the comparison.
DEVIATIONS = {
    ("gpu-droplet-create", "Create"): {"ipv4AddressPrivate"},  # our VPCs differ in their range
    ("getdroplet-gpu-true", "Invoke"): {"ipv4AddressPrivate"},  # the same
    ("getsshkeys", "Invoke"): {"fingerprint"},  # the recorded account made its own up
    ("getsshkey-by-name", "Invoke"): {"fingerprint"},
    ("sshkey-create", "Create"): {"fingerprint"},
    ("getsizes", "Invoke"): {"gpuInfos"},  # newer than the recording
    ("getproject-by-name", "Invoke"): {"resources"},  # ours counts clusters as resources too
}


def recorded() -> Iterator[Any]:
    for name in FILES:
        path = RECORDINGS / f"{name}.json"
        if not path.exists():
            continue
        document = json.loads(path.read_text())
        values = document.get("values", {})
        for case in document["cases"]:
            for number, call in enumerate(case["calls"]):
                full = {key: resolved(value, values) for key, value in call.items()}
                label = f"{name}-{case['case']}-{number}-{call['method']}"
                yield pytest.param(case["case"], full, id=label)


def resolved(value: Any, values: dict[str, Any]) -> Any:
    """Return the value with references like "@in3" replaced and without the internals."""
    if isinstance(value, str) and value in values:
        return resolved(values[value], values)
    if isinstance(value, dict):
        return {key: resolved(item, values) for key, item in value.items() if key not in INTERNAL}
    if isinstance(value, list):
        return [resolved(item, values) for item in value]
    return value


CALLS = list(recorded())


@pytest.mark.skipif(not CALLS, reason=f"the recordings are not there: {RECORDINGS}")
@pytest.mark.parametrize(("case", "call"), CALLS)
def test_the_stand_in_answers_as_the_real_provider_did(
    case: str, call: dict[str, Any], simulator: Simulator
) -> None:
    method, context = call["method"], FakeContext()
    request = ParseDict(call["request"], REQUESTS[method](), ignore_unknown_fields=True)
    simulator.reset(account_for(case, call))
    provider = configured_provider(simulator.server.url, simulator.clock)
    try:
        answer: dict[str, Any] = {
            "response": MessageToDict(getattr(provider, method)(request, context))
        }
    except Aborted:
        answer = {"errors": [f"rpc error: code = Unknown desc = {context.details}"]}
    left_out = DEVIATIONS.get((case, method), set())
    recorded_answer = {key: call[key] for key in ("response", "errors") if key in call}
    assert normalized(answer, left_out) == normalized(recorded_answer, left_out)


def normalized(value: Any, left_out: set[str]) -> Any:
    """Return the answer without times, ports, random parts and empty lists of failures."""
    if isinstance(value, dict):
        return {
            key: normalized(item, left_out)
            for key, item in value.items()
            if key not in left_out and not (key in {"failures", "errors"} and not item)
        }
    if isinstance(value, list):
        return [normalized(item, left_out) for item in value]
    if isinstance(value, str):
        value = TIME.sub("TIME", value)
        value = re.sub(r"127\.0\.0\.1:\w+", "127.0.0.1:PORT", value)
        value = re.sub(r"^(auto)-[0-9a-f]{7}$", r"\1-0000000", value)
        return re.sub(r"^(\w+)/\d+$", r"\1/N", value)
    return value


def account_for(case: str, call: dict[str, Any]) -> State:
    """Return an account in which this call has its recorded answer."""
    account = SimulatedAccount(recorded_account())
    request, method = call["request"], call["method"]
    if method in {"Check", "Diff"} or (request.get("preview") and method != "Invoke"):
        return account.state
    if method == "Invoke":
        return account_for_invoke(account, case)
    kind = request["urn"].split("/")[1].split(":")[0]
    if method == "Create":
        return account_for_create(account, kind, request["properties"], call)
    if method == "Read":
        live = call["response"].get("properties")
    else:
        live = request.get("olds") or request["properties"]
    if live:
        MAKERS[kind](account, plain(live))
    return account.state


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        if "4dabf18193072939515e22adb298388d" in value:
            return value["value"]
        return {key: plain(item) for key, item in value.items()}
    return value


def account_for_invoke(account: SimulatedAccount, case: str) -> State:
    if case.startswith("getdroplet-gpu"):
        make_droplet(
            account,
            {"id": "400000001", "name": "gpu-1", "region": "nyc2", "size": "gpu-h100x1-80gb",
             "image": "gpu-h100x1-base", "sshKeys": ["512190"], "tags": ["gpu"]},
        )  # fmt: skip
    elif case.startswith(("getdroplet", "getproject")):
        make_droplet(
            account,
            {"id": "400000001", "name": "host-1", "region": "nyc1", "size": "s-1vcpu-1gb",
             "image": "ubuntu-22-04-x64", "sshKeys": None, "tags": None},
        )  # fmt: skip
    return account.state


def account_for_create(account: SimulatedAccount, kind: str, inputs: Any, call: Any) -> State:
    identifier = str(call.get("response", {}).get("id", ""))
    digits = re.search(r"(\d+)$", identifier)
    if digits and kind in {"droplet", "sshKey", "vpc", "project", "firewall"}:
        counter = {"sshKey": "key"}.get(kind, kind)
        account.set_next_id(counter, int(digits.group()))
    if kind == "firewall" and "errors" not in call:
        for tag in inputs.get("tags", []):
            account.request("POST", "/v2/tags", {"name": tag})
    if kind == "project" and inputs.get("resources"):
        make_droplet(account, DROPLET_1)
    return account.state


DROPLET_1 = {
    "id": "400000001", "name": "d", "region": "nyc1", "size": "s-1vcpu-1gb",
    "image": "ubuntu-22-04-x64", "sshKeys": None, "tags": None,
}  # fmt: skip


def make_droplet(account: SimulatedAccount, live: Any) -> None:
    """Create a droplet that is read as these outputs."""
    account.set_next_id("droplet", int(live["id"]))
    droplet = account.create_droplet(
        live["name"],
        region=live["region"],
        size=live["size"],
        image=live["image"],
        ssh_keys=[int(key) for key in live["sshKeys"] or []],
        tags=live["tags"] or [],
        monitoring=bool(live.get("monitoring")),
    )
    shape = {
        "disk": live.get("disk", droplet["disk"]),
        "memory": live.get("memory", droplet["memory"]),
    }
    rest = [droplet for droplet in account.state["droplets"] if droplet["id"] != droplet["id"]]
    account.state = account.state | {"droplets": [*rest, droplet | shape]}
    assert str(droplet["id"]) == live["id"]


def make_firewall(account: SimulatedAccount, live: Any) -> None:
    for tag in live["tags"]:
        account.request("POST", "/v2/tags", {"name": tag})

    def rules(side: str, peers: str, peer: str) -> list[Any]:
        words = {"Addresses": "addresses", "Tags": "tags"}
        return [
            {
                "protocol": rule["protocol"],
                "ports": rule["portRange"],
                peers: {
                    key: rule[f"{peer}{suffix}"]
                    for suffix, key in words.items()
                    if rule[f"{peer}{suffix}"]
                },
            }
            for rule in live[side]
        ]

    response = account.request(
        "POST",
        "/v2/firewalls",
        {
            "name": live["name"],
            "tags": live["tags"],
            "inbound_rules": rules("inboundRules", "sources", "source"),
            "outbound_rules": rules("outboundRules", "destinations", "destination"),
        },
    )
    assert response.body["firewall"]["id"] == live["id"]


def make_tag(account: SimulatedAccount, live: Any) -> None:
    account.request("POST", "/v2/tags", {"name": live["name"]})


def make_db(account: SimulatedAccount, live: Any) -> None:
    account.request("POST", f"/v2/databases/{live['clusterId']}/dbs", {"name": live["name"]})


def make_user(account: SimulatedAccount, live: Any) -> None:
    account.request("POST", f"/v2/databases/{live['clusterId']}/users", {"name": live["name"]})


def make_vpc(account: SimulatedAccount, live: Any) -> None:
    body = {"name": live["name"], "region": live["region"], "ip_range": live["ipRange"]}
    body["description"] = live["description"]
    response = account.request("POST", "/v2/vpcs", body)
    assert response.body["vpc"]["id"] == live["id"]


def make_key(account: SimulatedAccount, live: Any) -> None:
    account.request("POST", "/v2/account/keys", {"name": "deploy", "public_key": live["publicKey"]})


def make_project(account: SimulatedAccount, live: Any) -> None:
    account.set_next_id("project", int(live["id"][-12:]))
    body = {key: live[key] for key in ("name", "description", "purpose", "environment")}
    account.request("POST", "/v2/projects", body)
    if live["resources"]:
        make_droplet(account, DROPLET_1)
        path = f"/v2/projects/{live['id']}/resources"
        response = account.request("POST", path, {"resources": live["resources"]})
        assert response.status == 200


MAKERS = {
    "droplet": make_droplet,
    "firewall": make_firewall,
    "tag": make_tag,
    "databaseDb": make_db,
    "databaseUser": make_user,
    "vpc": make_vpc,
    "sshKey": make_key,
    "project": make_project,
}
