"""The resource type Tag; its outputs count the tagged resources."""

from __future__ import annotations

import re

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.errors import created, read_back, reported_as
from infra_apply.rehearsal.plugin.schema import Property, ResourceType
from infra_apply.rehearsal.plugin.values import JSON, UNKNOWN, Object

NAME = re.compile(r"^[a-zA-Z0-9:\-_]{1,255}$")
COUNTS = {
    "databasesCount": "databases",
    "dropletsCount": "droplets",
    "imagesCount": "images",
    "volumeSnapshotsCount": "volume_snapshots",
    "volumesCount": "volumes",
}


def _create(client: Client, inputs: Object) -> tuple[str, Object]:
    with reported_as("Error creating tag"):
        name = client.call("POST", "/v2/tags", {"name": inputs["name"]})["tag"]["name"]
    with created(name, {"id": name, "name": name}), read_back("Error retrieving tag"):
        tag = client.call("GET", f"/v2/tags/{name}")["tag"]
    return tag["name"], tag_outputs(tag)


@reported_as("Error retrieving tag")
def _read(client: Client, identifier: str, _olds: Object | None) -> tuple[str, Object] | None:
    tag = client.get_or_none(f"/v2/tags/{identifier}", "tag")
    return None if tag is None else (tag["name"], tag_outputs(tag))


@reported_as("Error deleting tag")
def _delete(client: Client, identifier: str, _olds: Object) -> None:
    client.call("DELETE", f"/v2/tags/{identifier}")


def tag_outputs(tag: Object) -> Object:
    """Return the outputs for a tag of the API."""
    resources = tag["resources"]
    counts = {name: resources[kind]["count"] for name, kind in COUNTS.items()}
    return {
        "id": tag["name"],
        "name": tag["name"],
        "totalResourceCount": resources["count"],
        **counts,
    }


def validate_tag_name(value: JSON) -> str | None:
    """Return what the real provider says of a wrong tag name; None for a right one."""
    if value == UNKNOWN or (isinstance(value, str) and NAME.match(value)):
        return None
    return (
        "tags may contain lowercase letters, numbers, colons, dashes, and underscores;"
        " there is a limit of 255 characters per tag"
    )


TAG = ResourceType(
    pulumi_type="digitalocean:index/tag:Tag",
    properties=(
        *(Property(name, output_only=True) for name in COUNTS),
        Property("name", required=True, replaces=True, validate=validate_tag_name),
        Property("totalResourceCount", output_only=True),
    ),
    create=_create,
    read=_read,
    update=None,
    delete=_delete,
)
