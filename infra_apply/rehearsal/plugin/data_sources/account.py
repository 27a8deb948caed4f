"""What an account has: SSH keys, VPCs, tags, projects, and itself."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import ApiError, Client
from infra_apply.rehearsal.plugin.data_sources.filters import answered, arranged
from infra_apply.rehearsal.plugin.data_sources.order import set_order
from infra_apply.rehearsal.plugin.resources.account import go_time, key
from infra_apply.rehearsal.plugin.resources.tag import shown as shown_tag
from infra_apply.rehearsal.plugin.schema import Failed, Object


def ssh_keys(client: Client, args: Object) -> Object:
    found = client.listed("/v2/account/keys", "ssh_keys")
    return answered("ssh_keys", arranged([shown_key(item) for item in found], args), args)


def ssh_key(client: Client, args: Object) -> Object:
    for found in client.listed("/v2/account/keys", "ssh_keys"):
        if found["name"] == args["name"]:
            return shown_key(found)
    raise Failed(f"no ssh key found with name {args['name']}")


def shown_key(found: Object) -> Object:
    return key(found) | {"id": found["id"]}


def vpc(client: Client, args: Object) -> Object:
    """By id, by name, or the default one of a region."""
    if args.get("id"):
        found = client.found(f"/v2/vpcs/{args['id']}", "vpc")
        matching = [found] if found else []
    else:
        matching = [
            found
            for found in client.listed("/v2/vpcs", "vpcs")
            if (found["name"] == args["name"] if args.get("name") else default_of(found, args))
        ]
    if not matching:
        by = next((name for name in ("id", "name", "region") if args.get(name)), "name")
        raise Failed(f"Error retrieving VPC: no VPCs found with {by} {args.get(by)}")
    found = matching[0]
    return {
        "createdAt": go_time(found["created_at"]),
        "default": found["default"],
        "description": found["description"],
        "id": found["id"],
        "ipRange": found["ip_range"],
        "name": found["name"],
        "region": found["region"],
        "urn": found["urn"],
    }


def default_of(found: Object, args: Object) -> bool:
    return bool(found["default"]) and found["region"] == args.get("region")


def tag(client: Client, args: Object) -> Object:
    try:
        return shown_tag(client.call("GET", f"/v2/tags/{args['name']}")["tag"])
    except ApiError as error:
        raise Failed(f"tag not found: {error}") from error


def account(client: Client, _args: Object) -> Object:
    found = client.call("GET", "/v2/account")["account"]
    return {
        "dropletLimit": found["droplet_limit"],
        "email": found["email"],
        "emailVerified": found["email_verified"],
        "floatingIpLimit": found["floating_ip_limit"],
        "id": found["uuid"],
        "status": found["status"],
        "statusMessage": found["status_message"],
        "uuid": found["uuid"],
    }


def project(client: Client, args: Object) -> Object:
    for found in client.listed("/v2/projects", "projects"):
        if wanted_project(found, args):
            path = f"/v2/projects/{found['id']}/resources"
            held = [resource["urn"] for resource in client.listed(path, "resources")]
            return {
                "createdAt": found["created_at"],
                "description": found["description"],
                "environment": found["environment"],
                "id": found["id"],
                "isDefault": found["is_default"],
                "name": found["name"],
                "ownerId": found["owner_id"],
                "ownerUuid": found["owner_uuid"],
                "purpose": found["purpose"],
                "resources": set_order(held),
                "updatedAt": found["updated_at"],
            }
    raise Failed(f"no projects found with name {args.get('name')}")


def wanted_project(found: Object, args: Object) -> bool:
    if args.get("id"):
        return bool(found["id"] == args["id"])
    return bool(found["name"] == args["name"] if args.get("name") else found["is_default"])
