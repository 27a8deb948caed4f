"""The real provider's recorded requests, replayed against a simulated account.

They are not part of the repository: they lie beside it in `../shared/provider-traces/*.jsonl`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.rehearsal.harness import SHARED, SimulatedAccount

FOLDER = SHARED / "provider-traces"
# Resource types that the account does not model: every request about them is answered 501.
NOT_MODELLED = ("monitoralert", "uptimecheck", "volume", "reservedip")
FILES = tuple(
    path.stem for path in sorted(FOLDER.glob("*.jsonl")) if not path.stem.startswith(NOT_MODELLED)
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A recorded exchange, and the simulated account's answer to the same request."""

    method: str
    path: str
    body: Any
    recorded_status: int
    recorded: Any
    status: int
    answer: Any


def replayed(name: str) -> list[Exchange]:
    """Replay a trace, 10 s between two requests, on an account that holds what they need."""
    lines = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
    account = SimulatedAccount()
    exchanges = []
    for line in lines:
        if line["status"] < 400:
            prepare(account, line, lines)
        account.now += 10
        response = account.request(line["method"], line["path"], line["body"], line["query"])
        exchanges.append(
            Exchange(
                line["method"], line["path"], line["body"],
                line["status"], line["response"], response.status, response.body,
            )
        )  # fmt: skip
    return exchanges


def prepare(account: SimulatedAccount, line: Any, lines: list[Any]) -> None:
    """Add to the account what the request is about, unless it is there."""
    words = line["path"].removeprefix("/v2/").split("/")
    creates = line["method"] == "POST" and len(words) == (2 if words[0] == "account" else 1)
    response = line["response"] or {}
    if creates:
        set_counter(account, words, response)
        if words[0] == "firewalls":
            account.state = account.state | {"firewalls": []}
    if len(words) == 3 and words[2] == "actions" and line["method"] == "POST":
        account.set_next_id("action", response["action"]["id"])
    for item in response.get("droplets", []):
        add_if_missing(account, "droplets", item)
    for urn in re.findall(r"do:droplet:(\d+)", json.dumps(line)):
        add_if_missing(
            account,
            "droplets",
            first_shown(lines, "droplet", int(urn)) or mentioned_droplet(int(urn)),
        )
    for number in re.findall(r'"resource_id": "(\d+)"', json.dumps(line)):
        add_if_missing(account, "droplets", first_shown(lines, "droplet", int(number)) or {})
    for tag in set(re.findall(r'"tags": \["([\w:-]+)"\]', json.dumps(line["body"]))):
        account.request("POST", "/v2/tags", {"name": tag})
    if not creates and len(words) > 1:
        prepare_addressed(account, words, line, lines)


def set_counter(account: SimulatedAccount, words: list[str], response: Any) -> None:
    kinds = {"droplets": "droplet", "firewalls": "firewall", "vpcs": "vpc", "projects": "project",
             "account": "ssh_key"}  # fmt: skip
    kind = kinds.get(words[0])
    if kind:
        number = int(re.sub(r"^.*-", "", str(response[kind]["id"])))
        account.set_next_id("key" if kind == "ssh_key" else kind, number)


def prepare_addressed(
    account: SimulatedAccount, words: list[str], line: Any, lines: list[Any]
) -> None:
    collection, identifier = words[0], words[1]
    if collection == "tags":
        account.request("POST", "/v2/tags", {"name": identifier})
    elif collection == "droplets":
        number = int(identifier)
        add_if_missing(
            account,
            collection,
            first_shown(lines, "droplet", number) or mentioned_droplet(number),
        )
    elif collection == "databases" and len(words) > 2:
        prepare_member(account, words)
    elif collection == "firewalls" and not in_state(account, collection, identifier):
        body = {"name": "app-dev", "inbound_rules": [], "outbound_rules": [], "tags": []}
        created = account.request("POST", "/v2/firewalls", body).body["firewall"]
        rest = [
            firewall for firewall in account.state["firewalls"] if firewall["id"] != created["id"]
        ]
        firewall_item = first_shown(lines, "firewall", identifier) or created | {"id": identifier}
        account.state = account.state | {"firewalls": [*rest, firewall_item]}
    elif collection in {"vpcs", "projects"} and identifier != "default":
        add_if_missing(
            account,
            collection,
            first_shown(lines, collection[:-1], identifier) or minimal_object(words),
        )
        if words[-1] == "resources" and line["method"] == "GET":
            urns = [resource["urn"] for resource in line["response"]["resources"]]
            account.request("POST", line["path"], {"resources": urns})
    elif collection == "account" and len(words) > 2:
        key = {"id": int(words[2]), "fingerprint": "f", "public_key": "ssh-rsa k", "name": "k"}
        add_if_missing(account, "keys", key)


def prepare_member(account: SimulatedAccount, words: list[str]) -> None:
    cluster, kind, name = words[1], words[2], words[3] if len(words) > 3 else None
    path = f"/v2/databases/{cluster}"
    if kind == "pools":
        account.request("POST", f"{path}/dbs", {"name": "app_dev"})
        account.request("POST", f"{path}/users", {"name": "app_dev"})
    if name is None:
        return
    body = {"name": name, "user": "app_dev", "size": 5, "db": "app_dev", "mode": "transaction"}
    account.request("POST", f"{path}/{kind}", body if kind == "pools" else {"name": name})


def first_shown(lines: list[Any], kind: str, identifier: Any) -> Any:
    """Return an object as the trace first shows it, if it does."""
    for line in lines:
        item = (line["response"] or {}).get(kind)
        if isinstance(item, dict) and item.get("id") == identifier and not item.get("locked"):
            # A droplet that is off when a trace first shows it was switched off by that trace.
            return item | ({"status": "active"} if kind == "droplet" else {})
    return None


def in_state(account: SimulatedAccount, collection: str, identifier: Any) -> bool:
    return any(item["id"] == identifier for item in account.state[collection])


def add_if_missing(account: SimulatedAccount, collection: str, item: Any) -> None:
    if item and not in_state(account, collection, item["id"]):
        account.state = account.state | {collection: [*account.state[collection], item]}


def mentioned_droplet(number: int) -> Any:
    """Return a droplet that the trace only mentions."""
    other = SimulatedAccount()
    other.set_next_id("droplet", number)
    return other.create_droplet("mentioned")


def minimal_object(words: list[str]) -> Any:
    base = {"id": words[1], "name": "x", "description": "", "created_at": "2026-01-15T10:00:00Z"}
    if words[0] == "vpcs":
        return base | {
            "urn": f"do:vpc:{words[1]}", "region": "fra1", "ip_range": "10.200.0.0/20",
            "default": False,
        }  # fmt: skip
    return base | {
        "owner_uuid": "u", "owner_id": 1, "purpose": "p", "environment": "", "is_default": False,
        "updated_at": "2026-01-15T10:00:00Z",
    }  # fmt: skip
