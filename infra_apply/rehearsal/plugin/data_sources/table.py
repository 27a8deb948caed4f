"""Every data source of the plugin, by its token: a function of the client and the arguments.

Each returns the object that the real provider was recorded to return, without the fields that it
leaves out. They raise ApiError, and ProviderError with the real provider's texts.
"""

from __future__ import annotations

from collections.abc import Callable

from infra_apply.rehearsal.plugin.client import Client
from infra_apply.rehearsal.plugin.data_sources import account, catalogue, databases, droplets
from infra_apply.rehearsal.plugin.values import Object

DATA_SOURCES: dict[str, Callable[[Client, Object], Object]] = {
    f"digitalocean:index/{name}:{name}": source
    for name, source in {
        "getAccount": account.account,
        "getDatabaseCluster": databases.database_cluster,
        "getDatabaseUser": databases.database_user,
        "getDroplet": droplets.droplet,
        "getDroplets": droplets.droplets,
        "getImage": catalogue.image,
        "getProject": account.project,
        "getRegions": catalogue.regions,
        "getSizes": catalogue.sizes,
        "getSshKey": account.ssh_key,
        "getSshKeys": account.ssh_keys,
        "getTag": account.tag,
        "getVpc": account.vpc,
    }.items()
}
