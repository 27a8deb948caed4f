"""The simulated API: a pure function from (state, request, time) to (state, response)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from infra_apply.rehearsal.simulator.account import (
    catalogue,
    database_members,
    databases,
    droplet_actions,
    droplet_creation,
    droplets,
    firewalls,
    projects,
    ssh_keys,
    tags,
    vpcs,
)
from infra_apply.rehearsal.simulator.account.messages import (
    Call,
    ErrorResponse,
    Handler,
    Request,
    Response,
    Result,
    State,
    error_body,
)
from infra_apply.rehearsal.simulator.account.timers import complete_due_actions

NOT_MODELLED = "not_modelled"


def handle(state: State, request: Request, now: float, *, clock_scale: float = 1.0) -> Result:
    """Answer one request at the time `now` (seconds since 1970). Mutates nothing.

    Actions that are due by `now` are completed first. The account's waits are divided by
    `clock_scale`. A route that is not modelled is answered with 501 and the id `not_modelled`; any
    other error has the API's status and `{id, message, request_id}`, and changes nothing else.
    """
    state = complete_due_actions(state, now)
    matched = _match(request)
    if matched is None:
        message = f"the rehearsal does not model {request.method} {request.path}"
        return state, Response(501, error_body(NOT_MODELLED, message))
    handler, params = matched
    body = request.body if isinstance(request.body, dict) else {}
    call = Call(params, request.query, body, now, clock_scale, request.origin, request.path)
    try:
        return handler(state, call)
    except ErrorResponse as error:
        return state, error.response


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern` is a path below /v2 whose {name} segments stand for anything."""

    method: str
    pattern: str
    handler: Handler


ROUTES = (
    Route("GET", "account", catalogue.get_account),
    Route("GET", "account/keys", ssh_keys.list_keys),
    Route("POST", "account/keys", ssh_keys.create_key),
    Route("GET", "account/keys/{key}", ssh_keys.get_key),
    Route("PUT", "account/keys/{key}", ssh_keys.update_key),
    Route("DELETE", "account/keys/{key}", ssh_keys.delete_key),
    Route("GET", "actions", droplet_actions.list_actions),
    Route("GET", "actions/{action}", droplet_actions.get_action),
    Route("GET", "databases", databases.list_clusters),
    Route("GET", "databases/{cluster}", databases.get_cluster),
    Route("GET", "databases/{cluster}/autoscale", databases.get_autoscale),
    Route("GET", "databases/{cluster}/backups", databases.list_backups),
    Route("GET", "databases/{cluster}/ca", databases.get_ca),
    Route("GET", "databases/{cluster}/firewall", databases.get_firewall),
    Route("PUT", "databases/{cluster}/firewall", databases.put_firewall),
    Route("GET", "databases/{cluster}/dbs", database_members.list_dbs),
    Route("POST", "databases/{cluster}/dbs", database_members.create_db),
    Route("GET", "databases/{cluster}/dbs/{db}", database_members.get_db),
    Route("DELETE", "databases/{cluster}/dbs/{db}", database_members.delete_db),
    Route("GET", "databases/{cluster}/users", database_members.list_users),
    Route("POST", "databases/{cluster}/users", database_members.create_user),
    Route("GET", "databases/{cluster}/users/{user}", database_members.get_user),
    Route("PUT", "databases/{cluster}/users/{user}", database_members.update_user),
    Route("DELETE", "databases/{cluster}/users/{user}", database_members.delete_user),
    Route("POST", "databases/{cluster}/users/{user}/reset_auth", database_members.reset_auth),
    Route("GET", "databases/{cluster}/pools", database_members.list_pools),
    Route("POST", "databases/{cluster}/pools", database_members.create_pool),
    Route("GET", "databases/{cluster}/pools/{pool}", database_members.get_pool),
    Route("DELETE", "databases/{cluster}/pools/{pool}", database_members.delete_pool),
    Route("GET", "droplets", droplets.list_droplets),
    Route("POST", "droplets", droplet_creation.create_droplets),
    Route("DELETE", "droplets", droplets.delete_droplets_by_tag),
    Route("GET", "droplets/{droplet}", droplets.get_droplet),
    Route("DELETE", "droplets/{droplet}", droplets.delete_droplet),
    Route("GET", "droplets/{droplet}/firewalls", droplets.list_firewalls),
    Route("GET", "droplets/{droplet}/actions", droplet_actions.list_droplet_actions),
    Route("POST", "droplets/{droplet}/actions", droplet_actions.create_action),
    Route("GET", "droplets/{droplet}/actions/{action}", droplet_actions.get_droplet_action),
    Route("GET", "droplets/{droplet}/snapshots", droplet_actions.list_snapshots),
    Route("GET", "firewalls", firewalls.list_firewalls),
    Route("POST", "firewalls", firewalls.create_firewall),
    Route("GET", "firewalls/{firewall}", firewalls.get_firewall),
    Route("PUT", "firewalls/{firewall}", firewalls.update_firewall),
    Route("DELETE", "firewalls/{firewall}", firewalls.delete_firewall),
    Route("POST", "firewalls/{firewall}/droplets", firewalls.add_droplets),
    Route("DELETE", "firewalls/{firewall}/droplets", firewalls.remove_droplets),
    Route("POST", "firewalls/{firewall}/tags", firewalls.add_tags),
    Route("DELETE", "firewalls/{firewall}/tags", firewalls.remove_tags),
    Route("POST", "firewalls/{firewall}/rules", firewalls.add_rules),
    Route("DELETE", "firewalls/{firewall}/rules", firewalls.remove_rules),
    Route("GET", "images", catalogue.list_images),
    Route("GET", "images/{image}", catalogue.get_image),
    Route("GET", "projects", projects.list_projects),
    Route("POST", "projects", projects.create_project),
    Route("GET", "projects/{project}", projects.get_project),
    Route("PUT", "projects/{project}", projects.update_project),
    Route("PATCH", "projects/{project}", projects.update_project),
    Route("DELETE", "projects/{project}", projects.delete_project),
    Route("GET", "projects/{project}/resources", projects.list_resources),
    Route("POST", "projects/{project}/resources", projects.assign_resources),
    Route("GET", "regions", catalogue.list_regions),
    Route("GET", "sizes", catalogue.list_sizes),
    Route("GET", "tags", tags.list_tags),
    Route("POST", "tags", tags.create_tag),
    Route("GET", "tags/{tag}", tags.get_tag),
    Route("DELETE", "tags/{tag}", tags.delete_tag),
    Route("POST", "tags/{tag}/resources", tags.tag_resources),
    Route("DELETE", "tags/{tag}/resources", tags.untag_resources),
    Route("GET", "vpcs", vpcs.list_vpcs),
    Route("POST", "vpcs", vpcs.create_vpc),
    Route("GET", "vpcs/{vpc}", vpcs.get_vpc),
    Route("PUT", "vpcs/{vpc}", vpcs.update_vpc),
    Route("PATCH", "vpcs/{vpc}", vpcs.update_vpc),
    Route("DELETE", "vpcs/{vpc}", vpcs.delete_vpc),
)


def _match(request: Request) -> tuple[Handler, Mapping[str, str]] | None:
    """Return the handler of a request's route and the values of the route's {names}."""
    root, _, rest = request.path.lstrip("/").partition("/")
    segments = rest.rstrip("/").split("/")
    if root != "v2":
        return None
    for pattern, handler in _ROUTES_BY_LENGTH.get((request.method, len(segments)), ()):
        pairs = list(zip(pattern, segments, strict=True))
        if all(word.startswith("{") or word == segment for word, segment in pairs):
            return handler, {word[1:-1]: segment for word, segment in pairs if word.startswith("{")}
    return None


def _group_by_length(
    routes: tuple[Route, ...],
) -> dict[tuple[str, int], list[tuple[list[str], Handler]]]:
    table: dict[tuple[str, int], list[tuple[list[str], Handler]]] = {}
    for route in routes:
        words = route.pattern.split("/")
        table.setdefault((route.method, len(words)), []).append((words, route.handler))
    return table


_ROUTES_BY_LENGTH = _group_by_length(ROUTES)
