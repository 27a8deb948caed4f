"""Vpc and SshKey."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import ApiError, Client
from infra_apply.rehearsal.plugin.schema import Failed, Object, Property, Resource


def create_vpc(client: Client, inputs: Object) -> tuple[str, Object]:
    body = {"name": inputs["name"], "region": inputs["region"]}
    optional = {"description": "description", "ip_range": "ipRange"}
    body |= {key: inputs[name] for key, name in optional.items() if inputs.get(name)}
    try:
        made = client.call("POST", "/v2/vpcs", body)["vpc"]["id"]
        return made, vpc(client.call("GET", f"/v2/vpcs/{made}")["vpc"])
    except ApiError as error:
        raise Failed(f"Error creating VPC: {error}") from error


def read_vpc(client: Client, identifier: str, _olds: Object | None) -> tuple[str, Object] | None:
    try:
        found = client.found(f"/v2/vpcs/{identifier}", "vpc")
    except ApiError as error:
        raise Failed(f"Error reading VPC: {error}") from error
    return None if found is None else (identifier, vpc(found))


def update_vpc(
    client: Client, identifier: str, olds: Object, planned: Object, _inputs: Object
) -> Object:
    body = {
        "name": planned["name"],
        "description": planned.get("description") or "",
        "default": bool(olds.get("default")),
    }
    try:
        client.call("PUT", f"/v2/vpcs/{identifier}", body)
        return vpc(client.call("GET", f"/v2/vpcs/{identifier}")["vpc"])
    except ApiError as error:
        raise Failed(f"Error updating VPC : {error}") from error


def delete_vpc(client: Client, identifier: str, _olds: Object) -> None:
    try:
        client.call("DELETE", f"/v2/vpcs/{identifier}")
    except ApiError as error:
        raise Failed(f"Error deleting VPC: {error}") from error


def vpc(found: Object) -> Object:
    return {
        "createdAt": go_time(found["created_at"]),
        "default": found["default"],
        "description": found["description"],
        "id": found["id"],
        "ipRange": found["ip_range"],
        "name": found["name"],
        "region": found["region"],
        "vpcUrn": found["urn"],
    }


def go_time(written: str) -> str:
    """A time of the API as Go prints it: 2026-01-15 10:00:00 +0000 UTC."""
    return f"{written[:10]} {written[11:19]} +0000 UTC"


def create_key(client: Client, inputs: Object) -> tuple[str, Object]:
    body = {"name": inputs["name"], "public_key": inputs["publicKey"]}
    try:
        identifier = str(client.call("POST", "/v2/account/keys", body)["ssh_key"]["id"])
        client.call("GET", f"/v2/account/keys/{identifier}")
        found = client.call("GET", f"/v2/account/keys/{identifier}")["ssh_key"]
    except ApiError as error:
        raise Failed(f"Error creating SSH Key: {error}") from error
    return identifier, key(found)


def read_key(client: Client, identifier: str, _olds: Object | None) -> tuple[str, Object] | None:
    try:
        found = client.found(f"/v2/account/keys/{identifier}", "ssh_key")
    except ApiError as error:
        raise Failed(f"Error retrieving SSH key: {error}") from error
    return None if found is None else (str(found["id"]), key(found))


def update_key(
    client: Client, identifier: str, _olds: Object, planned: Object, _inputs: Object
) -> Object:
    path = f"/v2/account/keys/{identifier}"
    try:
        client.call("PUT", path, {"name": planned["name"]})
        return key(client.call("GET", path)["ssh_key"])
    except ApiError as error:
        raise Failed(f"Failed to update SSH key: {error}") from error


def delete_key(client: Client, identifier: str, _olds: Object) -> None:
    try:
        client.call("DELETE", f"/v2/account/keys/{identifier}")
    except ApiError as error:
        raise Failed(f"Error deleting SSH key: {error}") from error


def key(found: Object) -> Object:
    return {
        "fingerprint": found["fingerprint"],
        "id": str(found["id"]),
        "name": found["name"],
        "publicKey": found["public_key"],
    }


VPC = Resource(
    urn_type="digitalocean:index/vpc:Vpc",
    properties=(
        Property("createdAt", output=True),
        Property("default", output=True),
        Property("description"),
        Property("ipRange", "ip_range", computed=True, replaces=True),
        Property("name", required=True),
        Property("region", required=True, replaces=True),
        Property("vpcUrn", output=True),
    ),
    create=create_vpc,
    read=read_vpc,
    update=update_vpc,
    delete=delete_vpc,
)

SSH_KEY = Resource(
    urn_type="digitalocean:index/sshKey:SshKey",
    properties=(
        Property("fingerprint", output=True),
        Property("name", required=True),
        Property("publicKey", "public_key", required=True, replaces=True),
    ),
    create=create_key,
    read=read_key,
    update=update_key,
    delete=delete_key,
)
