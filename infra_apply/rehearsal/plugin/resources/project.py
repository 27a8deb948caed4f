"""Project: what it holds is assigned beside it, and goes to the default project before it goes."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import ApiError, Client
from infra_apply.rehearsal.plugin.schema import SET, Failed, Object, Property, Resource, in_order


def create(client: Client, inputs: Object) -> tuple[str, Object]:
    body = {
        "name": inputs["name"],
        "description": inputs.get("description") or "",
        "purpose": inputs.get("purpose") or "",
        "environment": inputs.get("environment") or "",
    }
    try:
        made = client.call("POST", "/v2/projects", body)["project"]["id"]
        if inputs.get("resources"):
            assign(client, made, inputs["resources"])
        return made, shown(client, client.call("GET", f"/v2/projects/{made}")["project"])
    except ApiError as error:
        raise Failed(f"Error creating Project: {error}") from error


def read(client: Client, identifier: str, _olds: Object | None) -> tuple[str, Object] | None:
    try:
        found = client.found(f"/v2/projects/{identifier}", "project")
        return None if found is None else (identifier, shown(client, found))
    except ApiError as error:
        raise Failed(f"Error reading Project: {error}") from error


def update(
    client: Client, identifier: str, olds: Object, planned: Object, inputs: Object
) -> Object:
    keys = ("name", "description", "purpose", "environment")
    body: Object = {key: planned.get(key) or "" for key in keys}
    body["is_default"] = bool(planned.get("isDefault"))
    try:
        client.call("PATCH", f"/v2/projects/{identifier}", body)
        if inputs.get("resources") is not None:
            old, new = set(olds.get("resources") or []), set(inputs["resources"])
            release(client, sorted(old - new))
            assign(client, identifier, sorted(new - old))
        return shown(client, client.call("GET", f"/v2/projects/{identifier}")["project"])
    except ApiError as error:
        raise Failed(f"Error updating Project: {error}") from error


def delete(client: Client, identifier: str, olds: Object) -> None:
    try:
        release(client, olds.get("resources") or [])
        client.call("DELETE", f"/v2/projects/{identifier}")
    except ApiError as error:
        raise Failed(f"Error deleting Project: {error}") from error


def release(client: Client, urns: list[str]) -> None:
    if urns:
        default = client.call("GET", "/v2/projects/default")["project"]["id"]
        assign(client, default, urns)


def assign(client: Client, project: str, urns: list[str]) -> None:
    if urns:
        client.call("POST", f"/v2/projects/{project}/resources", {"resources": urns})


def shown(client: Client, project: Object) -> Object:
    held = client.listed(f"/v2/projects/{project['id']}/resources", "resources")
    return {
        "createdAt": project["created_at"],
        "description": project["description"],
        "environment": project["environment"],
        "id": project["id"],
        "isDefault": project["is_default"],
        "name": project["name"],
        "ownerId": project["owner_id"],
        "ownerUuid": project["owner_uuid"],
        "purpose": project["purpose"],
        "resources": in_order([resource["urn"] for resource in held]),
        "updatedAt": project["updated_at"],
    }


PROJECT = Resource(
    urn_type="digitalocean:index/project:Project",
    properties=(
        Property("createdAt", output=True),
        Property("description", default=""),
        Property("environment"),
        Property("isDefault", default=False),
        Property("name", required=True),
        Property("ownerId", output=True),
        Property("ownerUuid", output=True),
        Property("purpose", default="Web Application", filled=True),
        Property("resources", kind=SET, computed=True),
        Property("updatedAt", output=True),
    ),
    create=create,
    read=read,
    update=update,
    delete=delete,
)
