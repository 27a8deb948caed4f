"""getDatabaseCluster and getDatabaseUser."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.data_sources.order import hash_order
from infra_apply.rehearsal.plugin.errors import ProviderError, reported_as
from infra_apply.rehearsal.plugin.resources.database import user_outputs
from infra_apply.rehearsal.plugin.values import Object


@reported_as("Error retrieving DatabaseCluster")
def database_cluster(client: Client, args: Object) -> Object:
    """Find a cluster by name; as in the real provider an unknown name gives an empty object."""
    for cluster in client.list_all("/v2/databases", "databases"):
        if cluster["name"] == args["name"]:
            path = f"/v2/databases/{cluster['id']}/autoscale"
            return _cluster_result(cluster, client.call("GET", path)["autoscale"])
    return {}


def database_user(client: Client, args: Object) -> Object:
    cluster, name = args["clusterId"], args["name"]
    user = client.get_or_none(f"/v2/databases/{cluster}/users/{name}", "user")
    if user is None:
        raise ProviderError(f"Database user not found: {name}")
    return {
        key: value for key, value in user_outputs(cluster, user)[1].items() if value is not None
    }


def _cluster_result(cluster: Object, autoscale: Object) -> Object:
    public, private = cluster["connection"], cluster["private_connection"]
    storage = autoscale["storage"]
    autoscale_result = {
        "enabled": storage["enabled"],
        "thresholdPercent": storage["threshold_percent"],
        "incrementGib": storage["increment_gib"],
    }
    return {
        "database": public["database"],
        "engine": cluster["engine"],
        "host": public["host"],
        "id": cluster["id"],
        "metricsEndpoints": [
            f"https://{endpoint['host']}:{endpoint['port']}/metrics"
            for endpoint in cluster["metrics_endpoints"]
        ],
        "name": cluster["name"],
        "nodeCount": cluster["num_nodes"],
        "password": public["password"],
        "port": public["port"],
        "privateHost": private["host"],
        "privateNetworkUuid": cluster["private_network_uuid"],
        "privateUri": private["uri"],
        "projectId": cluster["project_id"],
        "region": cluster["region"],
        "size": cluster["size"],
        "storageAutoscales": [autoscale_result] if storage["enabled"] else [],
        "storageSizeMib": str(cluster["storage_size_mib"]),
        "tags": hash_order(cluster["tags"]),
        # The real provider builds this URI anew, with the password of an old state: here none.
        "uri": _without_password(public["uri"]),
        "urn": f"do:dbaas:{cluster['id']}",
        "user": public["user"],
        "version": cluster["version"],
    }


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    location = f"{parts.username}:@{parts.hostname}:{parts.port}"
    return urlunsplit(parts._replace(netloc=location))
