"""getDatabaseCluster and getDatabaseUser."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from infra_apply.rehearsal.plugin.client import ApiError, Client
from infra_apply.rehearsal.plugin.data_sources.order import set_order
from infra_apply.rehearsal.plugin.resources.database import user
from infra_apply.rehearsal.plugin.schema import Failed, Object


def database_cluster(client: Client, args: Object) -> Object:
    """A name that no cluster has gives an empty object and no error, as the real one does."""
    try:
        for found in client.listed("/v2/databases", "databases"):
            if found["name"] == args["name"]:
                path = f"/v2/databases/{found['id']}/autoscale"
                return shown_cluster(found, client.call("GET", path)["autoscale"])
    except ApiError as error:
        raise Failed(f"Error retrieving DatabaseCluster: {error}") from error
    return {}


def shown_cluster(found: Object, autoscale: Object) -> Object:
    public, private = found["connection"], found["private_connection"]
    storage = autoscale["storage"]
    scaled = {
        "enabled": storage["enabled"],
        "thresholdPercent": storage["threshold_percent"],
        "incrementGib": storage["increment_gib"],
    }
    return {
        "database": public["database"],
        "engine": found["engine"],
        "host": public["host"],
        "id": found["id"],
        "metricsEndpoints": [
            f"https://{end['host']}:{end['port']}/metrics" for end in found["metrics_endpoints"]
        ],
        "name": found["name"],
        "nodeCount": found["num_nodes"],
        "password": public["password"],
        "port": public["port"],
        "privateHost": private["host"],
        "privateNetworkUuid": found["private_network_uuid"],
        "privateUri": private["uri"],
        "projectId": found["project_id"],
        "region": found["region"],
        "size": found["size"],
        "storageAutoscales": [scaled] if storage["enabled"] else [],
        "storageSizeMib": str(found["storage_size_mib"]),
        "tags": set_order(found["tags"]),
        # The provider puts together the public URI anew, with the password of an old state.
        "uri": without_password(public["uri"]),
        "urn": f"do:dbaas:{found['id']}",
        "user": public["user"],
        "version": found["version"],
    }


def without_password(uri: str) -> str:
    parts = urlsplit(uri)
    where = f"{parts.username}:@{parts.hostname}:{parts.port}"
    return urlunsplit(parts._replace(netloc=where))


def database_user(client: Client, args: Object) -> Object:
    cluster, name = args["clusterId"], args["name"]
    found = client.found(f"/v2/databases/{cluster}/users/{name}", "user")
    if found is None:
        raise Failed(f"Database user not found: {name}")
    return {k: v for k, v in user(cluster, found)[1].items() if v is not None}
