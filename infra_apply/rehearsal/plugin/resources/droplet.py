"""The resource type Droplet, with the real provider's requests in their order.

A size change is power_off, resize, power_on. A tag change untags, then creates and assigns each new
tag. A Droplet is created by one POST, and the API cannot tell a repeated one.
"""

from __future__ import annotations

import zlib

from infra_apply.rehearsal.plugin.client import NOT_FOUND, ApiError, Client
from infra_apply.rehearsal.plugin.errors import (
    ImportFailed,
    InitFailed,
    ProviderError,
    read_back,
    reported_as,
)
from infra_apply.rehearsal.plugin.resources.droplet_outputs import droplet_outputs, keep_empty_tags
from infra_apply.rehearsal.plugin.resources.droplet_polling import (
    FIRST_POLL,
    MAX_DELETE_POLLS,
    POLL_INTERVAL,
    start_action,
    wait_for_action,
    wait_for_droplet,
)
from infra_apply.rehearsal.plugin.resources.tag import validate_tag_name
from infra_apply.rehearsal.plugin.schema import SET, Property, ResourceType
from infra_apply.rehearsal.plugin.sets import sorted_set
from infra_apply.rehearsal.plugin.values import Object


def _create(client: Client, inputs: Object) -> tuple[str, Object]:
    keys = [
        int(key) if key.isdigit() else key
        for key in _terraform_set_order(inputs.get("sshKeys") or [])
    ]
    body = {
        "name": inputs["name"],
        "region": inputs.get("region", ""),
        "size": inputs["size"],
        "image": int(inputs["image"]) if inputs["image"].isdigit() else inputs["image"],
        "ssh_keys": keys or None,
        "backups": bool(inputs.get("backups")),
        "ipv6": bool(inputs.get("ipv6")),
        "private_networking": bool(inputs.get("privateNetworking")),
        "monitoring": bool(inputs.get("monitoring")),
        "tags": _terraform_set_order(inputs.get("tags") or []),
    }
    optional = {
        "user_data": "userData",
        "vpc_uuid": "vpcUuid",
        "with_droplet_agent": "dropletAgent",
        "public_networking": "publicNetworking",
    }
    body |= {key: inputs[name] for key, name in optional.items() if inputs.get(name) is not None}
    try:
        droplet = client.call("POST", "/v2/droplets", body)["droplet"]
    except ApiError as error:
        raise ProviderError(f"Error creating droplet: {error}") from error
    identifier = str(droplet["id"])
    try:
        live = wait_for_droplet(client, identifier, _is_active, missing_is_early=True)
    except (ApiError, ProviderError) as error:
        reason = f"Error waiting for droplet ({identifier}) to become ready: {error}"
        raise InitFailed(identifier, droplet_outputs(droplet), reason) from error
    return identifier, droplet_outputs(live)


@reported_as("Error retrieving droplet")
def _read(client: Client, identifier: str, olds: Object | None) -> tuple[str, Object] | None:
    if olds is None:
        _look_up_import(client, identifier)
    droplet = client.get_or_none(f"/v2/droplets/{identifier}", "droplet")
    if droplet is None:
        return None
    if olds is None:
        image = droplet["image"]
        imported = {"image": image["slug"] or str(image["id"]), "resizeDisk": True}
        return identifier, imported | droplet_outputs(droplet)
    return identifier, keep_empty_tags(olds, droplet_outputs(droplet))


def _look_up_import(client: Client, identifier: str) -> None:
    """Ask as the importer does, before the droplet is read as on any refresh."""
    if not identifier.isdigit():
        raise ImportFailed(f"Invalid droplet id: {identifier}")
    try:
        client.call("GET", f"/v2/droplets/{identifier}")
    except ApiError as error:
        raise ImportFailed(f"Error importing droplet: {error}") from error


def _update(
    client: Client, identifier: str, olds: Object, planned: Object, _inputs: Object
) -> Object:
    def changed(name: str) -> bool:
        return olds.get(name) != planned.get(name)

    if changed("size"):
        _resize(client, identifier, planned)
    if changed("name"):
        start_action(client, identifier, "renaming", {"name": planned["name"], "type": "rename"})
        wait_for_droplet(client, identifier, lambda droplet: droplet["name"] == planned["name"])
    if changed("backups"):
        verb = "enable" if planned["backups"] else "disable"
        body = {"type": f"{verb}_backups"}
        wait_for_action(client, start_action(client, identifier, f"{verb}ing backups on", body))
    if changed("ipv6") and planned["ipv6"]:
        start_action(client, identifier, "turning on ipv6 for", {"type": "enable_ipv6"})
        wait_for_droplet(client, identifier, lambda droplet: "ipv6" in droplet["features"])
    if changed("tags"):
        _retag(client, identifier, set(olds.get("tags") or []), set(planned.get("tags") or []))
    with read_back("Error retrieving droplet"):
        droplet = client.call("GET", f"/v2/droplets/{identifier}")["droplet"]
    return keep_empty_tags(planned, droplet_outputs(droplet))


def _delete(client: Client, identifier: str, olds: Object) -> None:
    try:
        wait_for_droplet(client, identifier, lambda _: True, max_polls=MAX_DELETE_POLLS)
    except (ApiError, ProviderError) as error:
        raise ProviderError(
            f"Error waiting for droplet to be unlocked for destroy ({identifier}): {error}"
        ) from error
    if olds.get("gracefulShutdown"):
        start_action(client, identifier, "shutting down the", {"type": "shutdown"})
        wait_for_droplet(client, identifier, _is_off, max_polls=MAX_DELETE_POLLS)
    try:
        client.call("DELETE", f"/v2/droplets/{identifier}")
    except ApiError as error:
        if error.status == NOT_FOUND:
            return
        # The real provider waits all the same where the API answered, with whatever error.
        if not error.status:
            raise ProviderError(f"Error deleting droplet: {error}") from error
    client.pause(FIRST_POLL)
    for _ in range(MAX_DELETE_POLLS):
        with reported_as("Error deleting droplet: Error retrieving droplet"):
            if client.get_or_none(f"/v2/droplets/{identifier}", "droplet") is None:
                return
        client.pause(POLL_INTERVAL)
    raise ProviderError(
        "Error deleting droplet: timeout while waiting for state to become 'archive'"
    )


def _resize(client: Client, identifier: str, planned: Object) -> None:
    start_action(client, identifier, "powering off", {"type": "power_off"})
    wait_for_droplet(client, identifier, _is_off)
    body = {"disk": bool(planned.get("resizeDisk")), "size": planned["size"], "type": "resize"}
    try:
        action = start_action(client, identifier, "resizing", body)
        with reported_as(f"Error waiting for resize droplet ({identifier}) to finish"):
            wait_for_action(client, action)
    except ProviderError:
        start_action(client, identifier, "powering on", {"type": "power_on"})
        wait_for_droplet(client, identifier, _is_active)
        raise
    start_action(client, identifier, "powering on", {"type": "power_on"})
    wait_for_droplet(client, identifier, _is_active)


def _is_active(droplet: Object) -> bool:
    return bool(droplet["status"] == "active")


def _is_off(droplet: Object) -> bool:
    return bool(droplet["status"] == "off")


@reported_as("Error updating tags")
def _retag(client: Client, identifier: str, old: set[str], new: set[str]) -> None:
    body = {"resources": [{"resource_id": identifier, "resource_type": "droplet"}]}
    for tag in sorted(old - new):
        client.call("DELETE", f"/v2/tags/{tag}/resources", body)
    for tag in sorted(new - old):
        name = client.call("POST", "/v2/tags", {"name": tag})["tag"]["name"]
        client.call("POST", f"/v2/tags/{name}/resources", body)


def _terraform_set_order(values: list[str]) -> list[str]:
    """Sort strings as a Terraform set does: by the decimal digits of their CRC-32."""
    return sorted(sorted_set(values), key=lambda value: str(zlib.crc32(value.lower().encode())))


DROPLET = ResourceType(
    pulumi_type="digitalocean:index/droplet:Droplet",
    properties=(
        Property("backupPolicy"),
        Property("backups", default=False),
        Property("createdAt", output_only=True),
        Property("disk", output_only=True),
        Property("dropletAgent", replaces=True),
        Property("dropletUrn", output_only=True),
        Property("gracefulShutdown", default=False),
        Property("image", required=True, replaces=True),
        Property("ipv4Address", output_only=True),
        Property("ipv4AddressPrivate", output_only=True),
        Property("ipv6", default=False, disabling_replaces=True),
        Property("ipv6Address", computed=True),
        Property("locked", output_only=True),
        Property("memory", output_only=True),
        Property("monitoring", default=False, replaces=True),
        Property("name", required=True),
        Property("priceHourly", output_only=True),
        Property("priceMonthly", output_only=True),
        Property("privateNetworking", computed=True),
        Property("publicNetworking", computed=True, replaces=True),
        Property("region", computed=True, replaces=True),
        Property("resizeDisk", default=True, default_in_inputs=True),
        Property("size", required=True),
        Property("sshKeys", "ssh_keys", kind=SET, replaces=True),
        Property("status", output_only=True),
        Property("tags", kind=SET, validate=validate_tag_name),
        Property("userData", "user_data", replaces=True, hashed=True),
        Property("vcpus", output_only=True),
        Property("volumeIds", "volume_ids", kind=SET, computed=True),
        Property("vpcUuid", "vpc_uuid", computed=True, replaces=True),
    ),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)
