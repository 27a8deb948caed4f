"""Droplet: what the provider asks of the API for it, and in which order.

A size change is power_off, resize, power_on; a tag change untags, then creates each new tag and
tags. There is one POST per Droplet; the API knows no way to tell a repeated one.
"""

from __future__ import annotations

import zlib

from infra_apply.rehearsal.plugin.client import NOT_FOUND, ApiError, Client
from infra_apply.rehearsal.plugin.resources.droplet_outputs import shown, unset_kept
from infra_apply.rehearsal.plugin.resources.droplet_waits import (
    DELETE_LOOKS,
    FIRST_LOOK,
    NEXT_LOOK,
    act,
    finish,
    wait,
)
from infra_apply.rehearsal.plugin.resources.tag import problem as tag_problem
from infra_apply.rehearsal.plugin.schema import (
    SET,
    Failed,
    Object,
    Property,
    Resource,
    Unfinished,
    in_order,
)


def create(client: Client, inputs: Object) -> tuple[str, Object]:
    keys = [int(key) if key.isdigit() else key for key in set_order(inputs.get("sshKeys") or [])]
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
        "tags": set_order(inputs.get("tags") or []),
    }
    optional = {
        "user_data": "userData",
        "vpc_uuid": "vpcUuid",
        "with_droplet_agent": "dropletAgent",
        "public_networking": "publicNetworking",
    }
    body |= {k: inputs[name] for k, name in optional.items() if inputs.get(name) is not None}
    try:
        droplet = client.call("POST", "/v2/droplets", body)["droplet"]
    except ApiError as error:
        raise Failed(f"Error creating droplet: {error}") from error
    identifier = str(droplet["id"])
    try:
        live = wait(client, identifier, lambda d: d["status"] == "active", missing_is_early=True)
    except (ApiError, Failed) as error:
        reason = f"Error waiting for droplet ({identifier}) to become ready: {error}"
        raise Unfinished(identifier, shown(droplet), reason) from error
    return identifier, shown(live)


def read(client: Client, identifier: str, olds: Object | None) -> tuple[str, Object] | None:
    if olds is None and not identifier.isdigit():
        raise Failed(f"invalid droplet id: {identifier}")
    try:
        droplet = client.found(f"/v2/droplets/{identifier}", "droplet")
        if olds is None and droplet is not None:
            # The importer reads the image, then the resource is read as on any refresh.
            droplet = client.found(f"/v2/droplets/{identifier}", "droplet")
    except ApiError as error:
        raise Failed(f"Error retrieving droplet: {error}") from error
    if droplet is None:
        return None
    if olds is None:
        image = droplet["image"]
        imported = {"image": image["slug"] or str(image["id"]), "resizeDisk": True}
        return identifier, imported | shown(droplet)
    return identifier, unset_kept(olds, shown(droplet))


def update(
    client: Client, identifier: str, olds: Object, planned: Object, _inputs: Object
) -> Object:
    def changed(name: str) -> bool:
        return olds.get(name) != planned.get(name)

    if changed("size"):
        resize(client, identifier, planned)
    if changed("name"):
        act(client, identifier, "renaming", {"name": planned["name"], "type": "rename"})
        wait(client, identifier, lambda d: d["name"] == planned["name"])
    if changed("backups"):
        word = "enable_backups" if planned["backups"] else "disable_backups"
        finish(client, act(client, identifier, f"{word[:-8]}ing backups on", {"type": word}))
    if changed("ipv6") and planned["ipv6"]:
        act(client, identifier, "turning on ipv6 for", {"type": "enable_ipv6"})
        wait(client, identifier, lambda d: "ipv6" in d["features"])
    if changed("tags"):
        retag(client, identifier, set(olds.get("tags") or []), set(planned.get("tags") or []))
    droplet = client.call("GET", f"/v2/droplets/{identifier}")["droplet"]
    return unset_kept(planned, shown(droplet))


def delete(client: Client, identifier: str, olds: Object) -> None:
    try:
        wait(client, identifier, lambda _: True, looks=DELETE_LOOKS)
    except (ApiError, Failed) as error:
        raise Failed(
            f"Error waiting for droplet to be unlocked for destroy ({identifier}): {error}"
        ) from error
    if olds.get("gracefulShutdown"):
        act(client, identifier, "shutting down the", {"type": "shutdown"})
        wait(client, identifier, lambda d: d["status"] == "off", looks=DELETE_LOOKS)
    try:
        client.call("DELETE", f"/v2/droplets/{identifier}")
    except ApiError as error:
        if error.status == NOT_FOUND:
            return
        raise Failed(f"Error deleting droplet: {error}") from error
    client.pause(FIRST_LOOK)
    for _ in range(DELETE_LOOKS):
        if client.found(f"/v2/droplets/{identifier}", "droplet") is None:
            return
        client.pause(NEXT_LOOK)
    raise Failed("Error deleting droplet: timeout while waiting for state to become 'archive'")


def resize(client: Client, identifier: str, planned: Object) -> None:
    act(client, identifier, "powering off", {"type": "power_off"})
    wait(client, identifier, lambda d: d["status"] == "off")
    body = {"disk": bool(planned.get("resizeDisk")), "size": planned["size"], "type": "resize"}
    try:
        finish(client, act(client, identifier, "resizing", body))
    except Failed:
        act(client, identifier, "powering on", {"type": "power_on"})
        wait(client, identifier, lambda d: d["status"] == "active")
        raise
    act(client, identifier, "powering on", {"type": "power_on"})
    wait(client, identifier, lambda d: d["status"] == "active")


def retag(client: Client, identifier: str, old: set[str], new: set[str]) -> None:
    body = {"resources": [{"resource_id": identifier, "resource_type": "droplet"}]}
    try:
        for tag in sorted(old - new):
            client.call("DELETE", f"/v2/tags/{tag}/resources", body)
        for tag in sorted(new - old):
            made = client.call("POST", "/v2/tags", {"name": tag})["tag"]["name"]
            client.call("POST", f"/v2/tags/{made}/resources", body)
    except ApiError as error:
        raise Failed(f"Error updating tags: {error}") from error


def set_order(values: list[str]) -> list[str]:
    """Strings in the order of a Terraform set, which is that of their CRC-32 written out."""
    return sorted(in_order(values), key=lambda value: str(zlib.crc32(value.lower().encode())))


DROPLET = Resource(
    urn_type="digitalocean:index/droplet:Droplet",
    properties=(
        Property("backupPolicy"),
        Property("backups", default=False),
        Property("createdAt", output=True),
        Property("disk", output=True),
        Property("dropletAgent", replaces=True),
        Property("dropletUrn", output=True),
        Property("gracefulShutdown", default=False),
        Property("image", required=True, replaces=True),
        Property("ipv4Address", output=True),
        Property("ipv4AddressPrivate", output=True),
        Property("ipv6", default=False, off_replaces=True),
        Property("ipv6Address", computed=True),
        Property("locked", output=True),
        Property("memory", output=True),
        Property("monitoring", default=False, replaces=True),
        Property("name", required=True),
        Property("priceHourly", output=True),
        Property("priceMonthly", output=True),
        Property("privateNetworking", computed=True),
        Property("publicNetworking", computed=True, replaces=True),
        Property("region", computed=True, replaces=True),
        Property("resizeDisk", default=True, filled=True),
        Property("size", required=True),
        Property("sshKeys", "ssh_keys", kind=SET, replaces=True),
        Property("status", output=True),
        Property("tags", kind=SET, problem=tag_problem),
        Property("userData", "user_data", replaces=True, hashed=True),
        Property("vcpus", output=True),
        Property("volumeIds", "volume_ids", kind=SET, computed=True),
        Property("vpcUuid", "vpc_uuid", computed=True, replaces=True),
    ),
    create=create,
    read=read,
    update=update,
    delete=delete,
)
