"""Projects and what is assigned to them.

The state's `project_resources` maps an urn to `{project_id, assigned_at}`. Every live droplet
and cluster that is not in it belongs to the default project, so nothing is stored twice.
"""

from __future__ import annotations

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.messages import (
    Call,
    ErrorResponse,
    Object,
    Response,
    Result,
    State,
    conflict,
    not_found,
    required_string,
    string_list,
    timestamp,
)
from infra_apply.rehearsal.simulator.account.paging import page

OWNER = {"owner_uuid": "99525febec065ca37b2ffe4f852fd2b2581895e7", "owner_id": 258992}


def list_projects(state: State, call: Call) -> Result:
    return state, page(call, "projects", state["projects"])


def get_project(state: State, call: Call) -> Result:
    return state, Response(200, {"project": _find_project(state, call)})


def create_project(state: State, call: Call) -> Result:
    name = required_string(call.body, "name")
    if any(project["name"] == name for project in state["projects"]):
        raise conflict("name is already in use")
    state, identifier = store.next_uuid(state, "project", "dddd0001")
    project = {
        "id": identifier,
        **OWNER,
        "name": name,
        "description": str(call.body.get("description") or ""),
        "purpose": required_string(call.body, "purpose"),
        "environment": str(call.body.get("environment") or ""),
        "is_default": False,
        "created_at": timestamp(call.now),
        "updated_at": timestamp(call.now),
    }
    return store.add(state, "projects", project), Response(201, {"project": project})


def update_project(state: State, call: Call) -> Result:
    """PUT and PATCH: set the attributes given; `is_default: true` makes it the default."""
    project = _find_project(state, call)
    changes = {
        key: str(call.body[key] or "")
        for key in ("name", "description", "purpose", "environment")
        if key in call.body
    }
    project = project | changes | {"updated_at": timestamp(call.now)}
    if call.body.get("is_default") is True and not project["is_default"]:
        others = [other | {"is_default": False} for other in state["projects"]]
        state, project = state | {"projects": others}, project | {"is_default": True}
    return store.replace(state, "projects", project), Response(200, {"project": project})


def delete_project(state: State, call: Call) -> Result:
    """DELETE: only an empty project that is not the default can be deleted (412 otherwise)."""
    project = _find_project(state, call)
    if project["is_default"] or _project_urns(state, project):
        raise ErrorResponse(
            412, "precondition_failed", "cannot delete a project with resources or the default one"
        )
    state = store.remove(state, "projects", lambda other: other["id"] == project["id"])
    return state, Response(204, None)


def list_resources(state: State, call: Call) -> Result:
    project = _find_project(state, call)
    resources = [
        _resource(urn, assigned_at, "ok")
        for urn, assigned_at in _project_urns(state, project).items()
    ]
    return state, page(call, "resources", resources)


def assign_resources(state: State, call: Call) -> Result:
    project = _find_project(state, call)
    urns = string_list(call.body, "resources")
    if any(urn not in _assignable_urns(state) for urn in urns):
        raise not_found()
    moved = {urn: {"project_id": project["id"], "assigned_at": timestamp(call.now)} for urn in urns}
    body = {"resources": [_resource(urn, timestamp(call.now), "assigned") for urn in urns]}
    return state | {"project_resources": state["project_resources"] | moved}, Response(200, body)


def _find_project(state: State, call: Call) -> Object:
    """Return the project of the request's path (an id or `default`). Raises ErrorResponse (404)."""
    if call.params["project"] == "default":
        return store.find(state, "projects", value=True, key="is_default")
    return store.find(state, "projects", call.params["project"])


def _assignable_urns(state: State) -> dict[str, str]:
    """Return every urn that can be assigned, with the time its resource was created."""
    droplets = {
        f"do:droplet:{droplet['id']}": droplet["created_at"] for droplet in state["droplets"]
    }
    clusters = {
        f"do:dbaas:{cluster['id']}": cluster["created_at"] for cluster in state["databases"]
    }
    return droplets | clusters


def _project_urns(state: State, project: Object) -> dict[str, str]:
    """Return the project's urns, with the time each was assigned."""
    urns = {}
    for urn, created_at in _assignable_urns(state).items():
        assignment = state["project_resources"].get(urn)
        if assignment is None and project["is_default"]:
            urns[urn] = created_at
        if assignment is not None and assignment["project_id"] == project["id"]:
            urns[urn] = assignment["assigned_at"]
    return urns


def _resource(urn: str, assigned_at: str, status: str) -> Object:
    kind, identifier = urn.split(":")[1:3]
    path = {"droplet": "droplets", "dbaas": "databases"}[kind]
    link = f"https://api.digitalocean.com/v2/{path}/{identifier}"
    return {"urn": urn, "assigned_at": assigned_at, "links": {"self": link}, "status": status}
