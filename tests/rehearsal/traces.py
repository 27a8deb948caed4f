"""The real provider's recorded requests, replayed against a simulated account.

They are not part of the repository: `../shared/provider-traces/*.jsonl` beside it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.rehearsal.lab import SHARED, Account

FOLDER = SHARED / "provider-traces"
# Resource types that the account does not model: every request about them is answered 501.
NOT_MODELLED = ("monitoralert", "uptimecheck", "volume", "reservedip")
FILES = tuple(
    path.stem for path in sorted(FOLDER.glob("*.jsonl")) if not path.stem.startswith(NOT_MODELLED)
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A recorded exchange and how the simulated account answered the same request."""

    method: str
    path: str
    body: Any
    recorded_status: int
    recorded: Any
    status: int
    answer: Any


def replayed(name: str) -> list[Exchange]:
    """A trace's requests in order, 10 s apart, against an account that holds what they need."""
    lines = [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
    account = Account()
    exchanges = []
    for line in lines:
        if line["status"] < 400:
            provide(account, line, lines)
        account.now += 10
        response = account.ask(line["method"], line["path"], line["body"], line["query"])
        exchanges.append(
            Exchange(
                line["method"], line["path"], line["body"],
                line["status"], line["response"], response.status, response.body,
            )
        )  # fmt: skip
    return exchanges


def provide(account: Account, line: Any, lines: list[Any]) -> None:
    """Put into the account what the request is about, unless it is there."""
    words = line["path"].removeprefix("/v2/").split("/")
    creates = line["method"] == "POST" and len(words) == (2 if words[0] == "account" else 1)
    response = line["response"] or {}
    if creates:
        count_from(account, words, response)
        if words[0] == "firewalls":
            account.state = account.state | {"firewalls": []}
    if len(words) == 3 and words[2] == "actions" and line["method"] == "POST":
        numbers = account.state["next_id"] | {"action": response["action"]["id"]}
        account.state = account.state | {"next_id": numbers}
    for item in response.get("droplets", []):
        present(account, "droplets", item)
    for urn in re.findall(r"do:droplet:(\d+)", json.dumps(line)):
        present(account, "droplets", seen(lines, "droplet", int(urn)) or droplet(account, int(urn)))
    for number in re.findall(r'"resource_id": "(\d+)"', json.dumps(line)):
        present(account, "droplets", seen(lines, "droplet", int(number)) or {})
    for tag in set(re.findall(r'"tags": \["([\w:-]+)"\]', json.dumps(line["body"]))):
        account.ask("POST", "/v2/tags", {"name": tag})
    if not creates and len(words) > 1:
        provide_addressed(account, words, line, lines)


def count_from(account: Account, words: list[str], response: Any) -> None:
    kinds = {"droplets": "droplet", "firewalls": "firewall", "vpcs": "vpc", "projects": "project",
             "account": "ssh_key"}  # fmt: skip
    kind = kinds.get(words[0])
    if kind:
        number = int(re.sub(r"^.*-", "", str(response[kind]["id"])))
        counter = "key" if kind == "ssh_key" else kind
        numbers = account.state["next_id"] | {counter: number}
        account.state = account.state | {"next_id": numbers}


def provide_addressed(account: Account, words: list[str], line: Any, lines: list[Any]) -> None:
    collection, identifier = words[0], words[1]
    if collection == "tags":
        account.ask("POST", "/v2/tags", {"name": identifier})
    elif collection == "droplets":
        number = int(identifier)
        present(account, collection, seen(lines, "droplet", number) or droplet(account, number))
    elif collection == "databases" and len(words) > 2:
        member(account, words)
    elif collection == "firewalls" and not in_state(account, collection, identifier):
        body = {"name": "app-dev", "inbound_rules": [], "outbound_rules": [], "tags": []}
        made = account.ask("POST", "/v2/firewalls", body).body["firewall"]
        rest = [f for f in account.state["firewalls"] if f["id"] != made["id"]]
        found = seen(lines, "firewall", identifier) or made | {"id": identifier}
        account.state = account.state | {"firewalls": [*rest, found]}
    elif collection in {"vpcs", "projects"} and identifier != "default":
        present(account, collection, seen(lines, collection[:-1], identifier) or invented(words))
        if words[-1] == "resources" and line["method"] == "GET":
            urns = [resource["urn"] for resource in line["response"]["resources"]]
            account.ask("POST", line["path"], {"resources": urns})
    elif collection == "account" and len(words) > 2:
        key = {"id": int(words[2]), "fingerprint": "f", "public_key": "ssh-rsa k", "name": "k"}
        present(account, "keys", key)
    assert line


def member(account: Account, words: list[str]) -> None:
    cluster, kind, name = words[1], words[2], words[3] if len(words) > 3 else None
    path = f"/v2/databases/{cluster}"
    if kind == "pools":
        account.ask("POST", f"{path}/dbs", {"name": "app_dev"})
        account.ask("POST", f"{path}/users", {"name": "app_dev"})
    if name is None:
        return
    body = {"name": name, "user": "app_dev", "size": 5, "db": "app_dev", "mode": "transaction"}
    account.ask("POST", f"{path}/{kind}", body if kind == "pools" else {"name": name})


def seen(lines: list[Any], kind: str, identifier: Any) -> Any:
    """The thing as the trace first shows it."""
    for line in lines:
        found = (line["response"] or {}).get(kind)
        if isinstance(found, dict) and found.get("id") == identifier and not found.get("locked"):
            # A droplet that a trace first shows switched off was switched off by that trace.
            return found | ({"status": "active"} if kind == "droplet" else {})
    return None


def in_state(account: Account, collection: str, identifier: Any) -> bool:
    return any(item["id"] == identifier for item in account.state[collection])


def present(account: Account, collection: str, item: Any) -> None:
    if item and not in_state(account, collection, item["id"]):
        account.state = account.state | {collection: [*account.state[collection], item]}


def droplet(account: Account, number: int) -> Any:
    """A droplet that the trace only mentions."""
    spare = Account()
    spare.state = spare.state | {"next_id": spare.state["next_id"] | {"droplet": number}}
    assert account
    return spare.droplet("mentioned")


def invented(words: list[str]) -> Any:
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
