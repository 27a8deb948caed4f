"""getSshKeys, getSshKey, getVpc, getTag, getAccount and getProject."""

from __future__ import annotations

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.data_sources.filters import filter_and_sort, list_result
from infra_apply.rehearsal.plugin.data_sources.order import hash_order
from infra_apply.rehearsal.plugin.errors import ProviderError, reported_as
from infra_apply.rehearsal.plugin.resources.project import project_outputs
from infra_apply.rehearsal.plugin.resources.ssh_key import key_outputs
from infra_apply.rehearsal.plugin.resources.tag import tag_outputs
from infra_apply.rehearsal.plugin.resources.vpc import vpc_outputs
from infra_apply.rehearsal.plugin.values import Object


def ssh_keys(client: Client, args: Object) -> Object:
    keys = client.list_all("/v2/account/keys", "ssh_keys")
    return list_result("ssh_keys", filter_and_sort([_key_result(key) for key in keys], args), args)


def ssh_key(client: Client, args: Object) -> Object:
    for key in client.list_all("/v2/account/keys", "ssh_keys"):
        if key["name"] == args["name"]:
            return _key_result(key)
    raise ProviderError(f"no ssh key found with name {args['name']}")


def vpc(client: Client, args: Object) -> Object:
    """Find a VPC by id or by name, or a region's default one."""
    if args.get("id"):
        match = client.get_or_none(f"/v2/vpcs/{args['id']}", "vpc")
    else:
        vpcs = client.list_all("/v2/vpcs", "vpcs")
        match = next((item for item in vpcs if _is_requested_vpc(item, args)), None)
    if match is None:
        by = next((name for name in ("id", "name", "region") if args.get(name)), "name")
        raise ProviderError(f"Error retrieving VPC: no VPCs found with {by} {args.get(by)}")
    outputs = vpc_outputs(match)
    return outputs | {"urn": outputs.pop("vpcUrn")}


@reported_as("tag not found")
def tag(client: Client, args: Object) -> Object:
    return tag_outputs(client.call("GET", f"/v2/tags/{args['name']}")["tag"])


def account(client: Client, _args: Object) -> Object:
    body = client.call("GET", "/v2/account")["account"]
    return {
        "dropletLimit": body["droplet_limit"],
        "email": body["email"],
        "emailVerified": body["email_verified"],
        "floatingIpLimit": body["floating_ip_limit"],
        "id": body["uuid"],
        "status": body["status"],
        "statusMessage": body["status_message"],
        "uuid": body["uuid"],
    }


def project(client: Client, args: Object) -> Object:
    """Find a project by id or by name, or the default one."""
    for body in client.list_all("/v2/projects", "projects"):
        if _is_requested_project(body, args):
            outputs = project_outputs(client, body)
            return outputs | {"resources": hash_order(outputs["resources"])}
    raise ProviderError(f"no projects found with name {args.get('name')}")


def _key_result(key: Object) -> Object:
    return key_outputs(key) | {"id": key["id"]}


def _is_requested_vpc(body: Object, args: Object) -> bool:
    if args.get("name"):
        return bool(body["name"] == args["name"])
    return bool(body["default"]) and body["region"] == args.get("region")


def _is_requested_project(body: Object, args: Object) -> bool:
    if args.get("id"):
        return bool(body["id"] == args["id"])
    return bool(body["name"] == args["name"] if args.get("name") else body["is_default"])
