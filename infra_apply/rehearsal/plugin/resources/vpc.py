"""The resource type Vpc."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.errors import created, read_back, reported_as
from infra_apply.rehearsal.plugin.schema import Property, ResourceType
from infra_apply.rehearsal.plugin.values import Object


def _create(client: Client, inputs: Object) -> tuple[str, Object]:
    body = {"name": inputs["name"], "region": inputs["region"]}
    optional = {"description": "description", "ip_range": "ipRange"}
    body |= {key: inputs[name] for key, name in optional.items() if inputs.get(name)}
    with reported_as("Error creating VPC"):
        identifier = client.call("POST", "/v2/vpcs", body)["vpc"]["id"]
    with created(identifier, {"id": identifier}), read_back("Error reading VPC"):
        vpc = client.call("GET", f"/v2/vpcs/{identifier}")["vpc"]
    return identifier, vpc_outputs(vpc)


@reported_as("Error reading VPC")
def _read(client: Client, identifier: str, _olds: Object | None) -> tuple[str, Object] | None:
    vpc = client.get_or_none(f"/v2/vpcs/{identifier}", "vpc")
    return None if vpc is None else (identifier, vpc_outputs(vpc))


@reported_as("Error updating VPC ")
def _update(
    client: Client, identifier: str, olds: Object, planned: Object, _inputs: Object
) -> Object:
    body = {
        "name": planned["name"],
        "description": planned.get("description") or "",
        "default": bool(olds.get("default")),
    }
    client.call("PUT", f"/v2/vpcs/{identifier}", body)
    return vpc_outputs(client.call("GET", f"/v2/vpcs/{identifier}")["vpc"])


@reported_as("Error deleting VPC")
def _delete(client: Client, identifier: str, _olds: Object) -> None:
    client.call("DELETE", f"/v2/vpcs/{identifier}")


def vpc_outputs(vpc: Object) -> Object:
    """Return the outputs for a VPC of the API."""
    return {
        "createdAt": _go_time(vpc["created_at"]),
        "default": vpc["default"],
        "description": vpc["description"],
        "id": vpc["id"],
        "ipRange": vpc["ip_range"],
        "name": vpc["name"],
        "region": vpc["region"],
        "vpcUrn": vpc["urn"],
    }


def _go_time(timestamp: str) -> str:
    """Write a time of the API as Go prints it: 2026-01-15 10:00:00 +0000 UTC."""
    return f"{timestamp[:10]} {timestamp[11:19]} +0000 UTC"


VPC = ResourceType(
    pulumi_type="digitalocean:index/vpc:Vpc",
    properties=(
        Property("createdAt", output_only=True),
        Property("default", output_only=True),
        Property("description"),
        Property("ipRange", "ip_range", computed=True, replaces=True),
        Property("name", required=True),
        Property("region", required=True, replaces=True),
        Property("vpcUrn", output_only=True),
    ),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)
