"""The resource type Project.

Resources are assigned by requests of their own. Before a project is deleted its resources are
assigned to the default project, as the API demands.
"""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.errors import reported_as
from infra_apply.rehearsal.plugin.schema import SET, Property, ResourceType
from infra_apply.rehearsal.plugin.sets import sorted_set
from infra_apply.rehearsal.plugin.values import Object


@reported_as("Error creating Project")
def _create(client: Client, inputs: Object) -> tuple[str, Object]:
    body = {
        "name": inputs["name"],
        "description": inputs.get("description") or "",
        "purpose": inputs.get("purpose") or "",
        "environment": inputs.get("environment") or "",
    }
    identifier = client.call("POST", "/v2/projects", body)["project"]["id"]
    if inputs.get("resources"):
        _assign(client, identifier, inputs["resources"])
    return identifier, project_outputs(
        client, client.call("GET", f"/v2/projects/{identifier}")["project"]
    )


@reported_as("Error reading Project")
def _read(client: Client, identifier: str, _olds: Object | None) -> tuple[str, Object] | None:
    project = client.get_or_none(f"/v2/projects/{identifier}", "project")
    return None if project is None else (identifier, project_outputs(client, project))


@reported_as("Error updating Project")
def _update(
    client: Client, identifier: str, olds: Object, planned: Object, inputs: Object
) -> Object:
    keys = ("name", "description", "purpose", "environment")
    body: Object = {key: planned.get(key) or "" for key in keys}
    body["is_default"] = bool(planned.get("isDefault"))
    client.call("PATCH", f"/v2/projects/{identifier}", body)
    if inputs.get("resources") is not None:
        old, new = set(olds.get("resources") or []), set(inputs["resources"])
        _release(client, sorted(old - new))
        _assign(client, identifier, sorted(new - old))
    return project_outputs(client, client.call("GET", f"/v2/projects/{identifier}")["project"])


@reported_as("Error deleting Project")
def _delete(client: Client, identifier: str, olds: Object) -> None:
    _release(client, olds.get("resources") or [])
    client.call("DELETE", f"/v2/projects/{identifier}")


def _release(client: Client, urns: list[str]) -> None:
    if urns:
        default = client.call("GET", "/v2/projects/default")["project"]["id"]
        _assign(client, default, urns)


def _assign(client: Client, project: str, urns: list[str]) -> None:
    if urns:
        client.call("POST", f"/v2/projects/{project}/resources", {"resources": urns})


def project_outputs(client: Client, project: Object) -> Object:
    """Return the outputs for a project of the API, whose resources are read too."""
    resources = client.list_all(f"/v2/projects/{project['id']}/resources", "resources")
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
        "resources": sorted_set([resource["urn"] for resource in resources]),
        "updatedAt": project["updated_at"],
    }


PROJECT = ResourceType(
    pulumi_type="digitalocean:index/project:Project",
    properties=(
        Property("createdAt", output_only=True),
        Property("description", default=""),
        Property("environment"),
        Property("isDefault", default=False),
        Property("name", required=True),
        Property("ownerId", output_only=True),
        Property("ownerUuid", output_only=True),
        Property("purpose", default="Web Application", default_in_inputs=True),
        Property("resources", kind=SET, computed=True),
        Property("updatedAt", output_only=True),
    ),
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)
