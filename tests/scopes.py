"""What requests ask of a token, and what docs/security.md says that a command asks of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

SECURITY: Final = Path(__file__).parents[1] / "docs" / "security.md"
# DigitalOcean's API description, `security` of each operation; tests/test_scopes.py compares.
SCOPES: Final = {
    ("GET", "/v2/account"): ("account:read",),
    ("GET", "/v2/account/keys"): ("ssh_key:read",),
    ("GET", "/v2/databases"): ("database:read",),
    ("GET", "/v2/databases/{}"): ("database:read",),
    ("GET", "/v2/databases/{}/autoscale"): ("database:read",),
    ("GET", "/v2/databases/{}/backups"): ("database:read",),
    ("GET", "/v2/databases/{}/ca"): ("database:read",),
    ("GET", "/v2/databases/{}/dbs"): ("database:read",),
    ("POST", "/v2/databases/{}/dbs"): ("database:create",),
    ("GET", "/v2/databases/{}/dbs/{}"): ("database:read",),
    ("DELETE", "/v2/databases/{}/dbs/{}"): ("database:delete",),
    ("GET", "/v2/databases/{}/users"): ("database:read",),
    ("POST", "/v2/databases/{}/users"): ("database:create",),
    ("GET", "/v2/databases/{}/users/{}"): ("database:read",),
    ("DELETE", "/v2/databases/{}/users/{}"): ("database:delete",),
    ("POST", "/v2/databases/{}/users/{}/reset_auth"): ("database:update",),
    ("GET", "/v2/droplets"): ("droplet:read",),
    ("POST", "/v2/droplets"): ("droplet:create",),
    ("GET", "/v2/droplets/{}"): ("droplet:read",),
    ("DELETE", "/v2/droplets/{}"): ("droplet:delete",),
    ("GET", "/v2/droplets/{}/actions"): ("droplet:read",),
    ("POST", "/v2/droplets/{}/actions"): ("droplet:update",),
    ("GET", "/v2/droplets/{}/actions/{}"): ("droplet:read",),
    ("GET", "/v2/droplets/{}/snapshots"): ("droplet:read",),
    ("GET", "/v2/actions/{}"): ("actions:read",),
    ("GET", "/v2/firewalls"): ("firewall:read",),
    ("POST", "/v2/firewalls"): ("firewall:create",),
    ("GET", "/v2/firewalls/{}"): ("firewall:read",),
    ("PUT", "/v2/firewalls/{}"): ("firewall:update",),
    ("DELETE", "/v2/firewalls/{}"): ("firewall:delete",),
    ("GET", "/v2/sizes"): ("sizes:read", "regions:read"),
    ("GET", "/v2/tags"): ("tag:read",),
    ("GET", "/v2/tags/{}"): ("tag:read",),
    ("POST", "/v2/tags"): ("tag:create",),
    ("DELETE", "/v2/tags/{}"): ("tag:delete",),
    ("POST", "/v2/tags/{}/resources"): ("tag:create",),
    ("DELETE", "/v2/tags/{}/resources"): ("tag:delete",),
    ("GET", "/v2/vpcs"): ("vpc:read",),
}


def needed_scopes(log: Iterable[str]) -> set[str]:
    """Return the scopes that the requests of a `requests.jsonl` need, given by its lines."""
    requests = [json.loads(line) for line in log]
    return {scope for request in requests for scope in _scopes(request["method"], request["path"])}


def documented_scopes(command: str) -> set[str]:
    """Return what the table of docs/security.md says of a command, notes aside."""
    (row,) = re.findall(
        rf"^\| `{re.escape(command)}` \|([^|]*)\|", SECURITY.read_text(), re.MULTILINE
    )
    return set(re.findall(r"`(\w+:\w+)`", row))


def _scopes(method: str, path: str) -> tuple[str, ...]:
    plain = path.partition("?")[0]
    for (known_method, template), scopes in SCOPES.items():
        pattern = re.escape(template).replace(r"\{\}", "[^/]+")
        if method == known_method and re.fullmatch(pattern, plain):
            return scopes
    raise AssertionError(f"no scope is known of {method} {path}")
