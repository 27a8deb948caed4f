"""Projects and what is assigned to them.

The state's `project_resources` maps an urn to `{project_id, assigned_at}`. Every live droplet
and cluster that is not in it belongs to the default project, so nothing is stored twice.
"""

from __future__ import annotations

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.wire import (
    Answer,
    Call,
    Object,
    Refused,
    Response,
    State,
    conflict,
    not_found,
    stamp,
    text,
    texts,
)

ENVIRONMENTS = ("Development", "Staging", "Production")
OWNER = {"owner_uuid": "99525febec065ca37b2ffe4f852fd2b2581895e7", "owner_id": 258992}


def list_projects(state: State, call: Call) -> Answer:
    return state, store.page(call, "projects", state["projects"])


def get_project(state: State, call: Call) -> Answer:
    return state, Response(200, {"project": addressed(state, call)})


def create_project(state: State, call: Call) -> Answer:
    name = text(call.body, "name")
    if any(project["name"] == name for project in state["projects"]):
        raise conflict("name is already in use")
    state, identifier = store.next_uuid(state, "project", "dddd0001")
    project = {
        "id": identifier,
        **OWNER,
        "name": name,
        "description": str(call.body.get("description") or ""),
        "purpose": text(call.body, "purpose"),
        "environment": str(call.body.get("environment") or ""),
        "is_default": False,
        "created_at": stamp(call.now),
        "updated_at": stamp(call.now),
    }
    return store.added(state, "projects", project), Response(201, {"project": project})


def update_project(state: State, call: Call) -> Answer:
    """PUT and PATCH: the attributes given; `is_default: true` moves the default here."""
    project = addressed(state, call)
    given = {
        key: str(call.body[key] or "")
        for key in ("name", "description", "purpose", "environment")
        if key in call.body
    }
    project = project | given | {"updated_at": stamp(call.now)}
    if call.body.get("is_default") is True and not project["is_default"]:
        others = [other | {"is_default": False} for other in state["projects"]]
        state, project = state | {"projects": others}, project | {"is_default": True}
    return store.changed(state, "projects", project), Response(200, {"project": project})


def delete_project(state: State, call: Call) -> Answer:
    """Only an empty project that is not the default can be deleted (412 otherwise)."""
    project = addressed(state, call)
    if project["is_default"] or members(state, project):
        raise Refused(
            412, "precondition_failed", "cannot delete a project with resources or the default one"
        )
    gone = project["id"]
    return store.removed(state, "projects", lambda p: p["id"] == gone), Response(204, None)


def list_resources(state: State, call: Call) -> Answer:
    project = addressed(state, call)
    held = [
        resource(urn, assigned_at, "ok") for urn, assigned_at in members(state, project).items()
    ]
    return state, store.page(call, "resources", held)


def assign_resources(state: State, call: Call) -> Answer:
    project = addressed(state, call)
    urns = texts(call.body, "resources")
    if any(urn not in live(state) for urn in urns):
        raise not_found()
    moved = {urn: {"project_id": project["id"], "assigned_at": stamp(call.now)} for urn in urns}
    body = {"resources": [resource(urn, stamp(call.now), "assigned") for urn in urns]}
    return state | {"project_resources": state["project_resources"] | moved}, Response(200, body)


def addressed(state: State, call: Call) -> Object:
    """The project that the path names; `default` is the default one. Refused (404)."""
    if call.path["project"] == "default":
        return store.find(state, "projects", value=True, key="is_default")
    return store.find(state, "projects", call.path["project"])


def live(state: State) -> dict[str, str]:
    """Every urn that a project can hold, with the time its resource was made."""
    droplets = {f"do:droplet:{d['id']}": d["created_at"] for d in state["droplets"]}
    clusters = {f"do:dbaas:{c['id']}": c["created_at"] for c in state["databases"]}
    return droplets | clusters


def members(state: State, project: Object) -> dict[str, str]:
    """The project's urns, with the time each was assigned."""
    held = {}
    for urn, made_at in live(state).items():
        assigned = state["project_resources"].get(urn)
        if assigned is None and project["is_default"]:
            held[urn] = made_at
        if assigned is not None and assigned["project_id"] == project["id"]:
            held[urn] = assigned["assigned_at"]
    return held


def resource(urn: str, assigned_at: str, status: str) -> Object:
    kind, identifier = urn.split(":")[1:3]
    path = {"droplet": "droplets", "dbaas": "databases"}[kind]
    link = f"https://api.digitalocean.com/v2/{path}/{identifier}"
    return {"urn": urn, "assigned_at": assigned_at, "links": {"self": link}, "status": status}
