"""The stand-in answers as the real provider did, case by case.

The recordings are not part of the repository: `../shared/provider-grpc/*.json` beside it, the real
plugin's answers (v4.76.0) logged under the real engine. Every call is one test: what it needs is
put into a simulated account, and the answer is compared with the recorded one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from pulumi.runtime.proto import provider_pb2 as pb

from infra_apply.rehearsal.simulator.account.messages import State
from tests.rehearsal.lab import SHARED, Aborted, Account, Clock, Context, lab_state, plugin, running

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
# Bridge internals, which a stand-in need not write.
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
    """The value with its "@in3" references replaced and the bridge's internals left out."""
    if isinstance(value, str) and value in values:
        return resolved(values[value], values)
    if isinstance(value, dict):
        return {k: resolved(v, values) for k, v in value.items() if k not in INTERNAL}
    if isinstance(value, list):
        return [resolved(item, values) for item in value]
    return value


CALLS = list(recorded())


@pytest.mark.skipif(not CALLS, reason=f"the recordings are not there: {RECORDINGS}")
@pytest.mark.parametrize(("case", "call"), CALLS)
def test_the_stand_in_answers_as_the_real_provider_did(
    case: str, call: dict[str, Any], tmp_path: Path
) -> None:
    method, clock = call["method"], Clock()
    request = ParseDict(call["request"], REQUESTS[method](), ignore_unknown_fields=True)
    context = Context()
    with running(tmp_path, needed(case, call), clock) as server:
        provider = plugin(server.url, clock)
        try:
            answer: dict[str, Any] = {
                "response": MessageToDict(getattr(provider, method)(request, context))
            }
        except Aborted:
            answer = {"errors": [f"rpc error: code = Unknown desc = {context.details}"]}
        assert server.unmodelled == []
    left_out = DEVIATIONS.get((case, method), set())
    wanted = {key: call[key] for key in ("response", "errors") if key in call}
    assert normal(answer, left_out) == normal(wanted, left_out)


def normal(value: Any, left_out: set[str]) -> Any:
    """Without times, ports, random parts and what JSON leaves out of a message when empty."""
    if isinstance(value, dict):
        return {
            k: normal(v, left_out)
            for k, v in value.items()
            if k not in left_out and not (k in {"failures", "errors"} and not v)
        }
    if isinstance(value, list):
        return [normal(item, left_out) for item in value]
    if isinstance(value, str):
        value = TIME.sub("TIME", value)
        value = re.sub(r"127\.0\.0\.1:\w+", "127.0.0.1:PORT", value)
        value = re.sub(r"^(auto)-[0-9a-f]{7}$", r"\1-0000000", value)
        return re.sub(r"^(\w+)/\d+$", r"\1/N", value)
    return value


def needed(case: str, call: dict[str, Any]) -> State:
    """An account in which this call can have had its recorded answer."""
    account = Account(lab_state())
    request, method = call["request"], call["method"]
    if method in {"Check", "Diff"} or (request.get("preview") and method != "Invoke"):
        return account.state
    if method == "Invoke":
        return invoked(account, case)
    kind = request["urn"].split("/")[1].split(":")[0]
    if method == "Create":
        return before_create(account, kind, request["properties"], call)
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
        return {k: plain(v) for k, v in value.items()}
    return value


def invoked(account: Account, case: str) -> State:
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


def before_create(account: Account, kind: str, inputs: Any, call: Any) -> State:
    identifier = str(call.get("response", {}).get("id", ""))
    digits = re.search(r"(\d+)$", identifier)
    if digits and kind in {"droplet", "sshKey", "vpc", "project", "firewall"}:
        counter = {"sshKey": "key"}.get(kind, kind)
        numbers = account.state["next_id"] | {counter: int(digits.group())}
        account.state = account.state | {"next_id": numbers}
    if kind == "firewall" and "errors" not in call:
        for tag in inputs.get("tags", []):
            account.ask("POST", "/v2/tags", {"name": tag})
    if kind == "project" and inputs.get("resources"):
        make_droplet(account, DROPLET_1)
    return account.state


DROPLET_1 = {
    "id": "400000001", "name": "d", "region": "nyc1", "size": "s-1vcpu-1gb",
    "image": "ubuntu-22-04-x64", "sshKeys": None, "tags": None,
}  # fmt: skip


def make_droplet(account: Account, live: Any) -> None:
    """A droplet whose reading gives these outputs."""
    numbers = account.state["next_id"] | {"droplet": int(live["id"])}
    account.state = account.state | {"next_id": numbers}
    made = account.droplet(
        live["name"],
        region=live["region"],
        size=live["size"],
        image=live["image"],
        ssh_keys=[int(key) for key in live["sshKeys"] or []],
        tags=live["tags"] or [],
        monitoring=bool(live.get("monitoring")),
    )
    shape = {"disk": live.get("disk", made["disk"]), "memory": live.get("memory", made["memory"])}
    rest = [d for d in account.state["droplets"] if d["id"] != made["id"]]
    account.state = account.state | {"droplets": [*rest, made | shape]}
    assert str(made["id"]) == live["id"]


def make_firewall(account: Account, live: Any) -> None:
    for tag in live["tags"]:
        account.ask("POST", "/v2/tags", {"name": tag})

    def rules(side: str, peers: str, peer: str) -> list[Any]:
        words = {"Addresses": "addresses", "Tags": "tags"}
        return [
            {
                "protocol": rule["protocol"],
                "ports": rule["portRange"],
                peers: {k: rule[f"{peer}{w}"] for w, k in words.items() if rule[f"{peer}{w}"]},
            }
            for rule in live[side]
        ]

    response = account.ask(
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


def make_tag(account: Account, live: Any) -> None:
    account.ask("POST", "/v2/tags", {"name": live["name"]})


def make_db(account: Account, live: Any) -> None:
    account.ask("POST", f"/v2/databases/{live['clusterId']}/dbs", {"name": live["name"]})


def make_user(account: Account, live: Any) -> None:
    account.ask("POST", f"/v2/databases/{live['clusterId']}/users", {"name": live["name"]})


def make_vpc(account: Account, live: Any) -> None:
    body = {"name": live["name"], "region": live["region"], "ip_range": live["ipRange"]}
    body["description"] = live["description"]
    response = account.ask("POST", "/v2/vpcs", body)
    assert response.body["vpc"]["id"] == live["id"]


def make_key(account: Account, live: Any) -> None:
    account.ask("POST", "/v2/account/keys", {"name": "deploy", "public_key": live["publicKey"]})


def make_project(account: Account, live: Any) -> None:
    number = int(live["id"][-12:])
    account.state = account.state | {"next_id": account.state["next_id"] | {"project": number}}
    body = {key: live[key] for key in ("name", "description", "purpose", "environment")}
    account.ask("POST", "/v2/projects", body)
    if live["resources"]:
        make_droplet(account, DROPLET_1)
        path = f"/v2/projects/{live['id']}/resources"
        response = account.ask("POST", path, {"resources": live["resources"]})
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
