"""The resource type SshKey."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.errors import created, read_back, reported_as
from infra_apply.rehearsal.plugin.schema import Property, ResourceType
from infra_apply.rehearsal.plugin.values import Object


def _create(client: Client, inputs: Object) -> tuple[str, Object]:
    body = {"name": inputs["name"], "public_key": inputs["publicKey"]}
    with reported_as("Error creating SSH Key"):
        identifier = str(client.call("POST", "/v2/account/keys", body)["ssh_key"]["id"])
    with created(identifier, {"id": identifier}), read_back("Error retrieving SSH key"):
        client.call("GET", f"/v2/account/keys/{identifier}")
        key = client.call("GET", f"/v2/account/keys/{identifier}")["ssh_key"]
    return identifier, key_outputs(key)


@reported_as("Error retrieving SSH key")
def _read(client: Client, identifier: str, _olds: Object | None) -> tuple[str, Object] | None:
    key = client.get_or_none(f"/v2/account/keys/{identifier}", "ssh_key")
    return None if key is None else (str(key["id"]), key_outputs(key))


@reported_as("Failed to update SSH key")
def _update(
    client: Client, identifier: str, _olds: Object, planned: Object, _inputs: Object
) -> Object:
    path = f"/v2/account/keys/{identifier}"
    client.call("PUT", path, {"name": planned["name"]})
    return key_outputs(client.call("GET", path)["ssh_key"])


@reported_as("Error deleting SSH key")
def _delete(client: Client, identifier: str, _olds: Object) -> None:
    client.call("DELETE", f"/v2/account/keys/{identifier}")


def key_outputs(key: Object) -> Object:
    """Return the outputs for an SSH key of the API."""
    return {
        "fingerprint": key["fingerprint"],
        "id": str(key["id"]),
        "name": key["name"],
        "publicKey": key["public_key"],
    }


SSH_KEY = ResourceType(
    pulumi_type="digitalocean:index/sshKey:SshKey",
    properties=(
        Property("fingerprint", output_only=True),
        Property("name", required=True),
        Property("publicKey", "public_key", required=True, replaces=True),
    ),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)
