"""Tag: it has a name, and counts of what carries it."""

from __future__ import annotations

import re

from infra_apply.rehearsal.plugin.client import ApiError, Client
from infra_apply.rehearsal.plugin.schema import JSON, UNKNOWN, Failed, Object, Property, Resource

NAME = re.compile(r"^[a-zA-Z0-9:\-_]{1,255}$")
COUNTS = {
    "databasesCount": "databases",
    "dropletsCount": "droplets",
    "imagesCount": "images",
    "volumeSnapshotsCount": "volume_snapshots",
    "volumesCount": "volumes",
}


def create(client: Client, inputs: Object) -> tuple[str, Object]:
    try:
        name = client.call("POST", "/v2/tags", {"name": inputs["name"]})["tag"]["name"]
    except ApiError as error:
        raise Failed(f"Error creating tag: {error}") from error
    made = read(client, name, None)
    if made is None:
        raise Failed(f"Error retrieving tag: {name} is not there")
    return made


def read(client: Client, identifier: str, _olds: Object | None) -> tuple[str, Object] | None:
    try:
        tag = client.found(f"/v2/tags/{identifier}", "tag")
    except ApiError as error:
        raise Failed(f"Error retrieving tag: {error}") from error
    return None if tag is None else (tag["name"], shown(tag))


def delete(client: Client, identifier: str, _olds: Object) -> None:
    try:
        client.call("DELETE", f"/v2/tags/{identifier}")
    except ApiError as error:
        raise Failed(f"Error deleting tag: {error}") from error


def shown(tag: Object) -> Object:
    resources = tag["resources"]
    counts = {name: resources[kind]["count"] for name, kind in COUNTS.items()}
    return {
        "id": tag["name"],
        "name": tag["name"],
        "totalResourceCount": resources["count"],
        **counts,
    }


def problem(value: JSON) -> str | None:
    """What the provider says of a tag's name that cannot be one."""
    if value == UNKNOWN or (isinstance(value, str) and NAME.match(value)):
        return None
    return (
        "tags may contain lowercase letters, numbers, colons, dashes, and underscores;"
        " there is a limit of 255 characters per tag"
    )


TAG = Resource(
    urn_type="digitalocean:index/tag:Tag",
    properties=(
        *(Property(name, output=True) for name in COUNTS),
        Property("name", required=True, replaces=True, problem=problem),
        Property("totalResourceCount", output=True),
    ),
    create=create,
    read=read,
    update=None,
    delete=delete,
)
