"""The database clusters of a fresh account, in the shape of DigitalOcean's API."""

from __future__ import annotations

from typing import Final

from infra_apply.rehearsal.simulator.account import store
from infra_apply.rehearsal.simulator.account.messages import Object
from infra_apply.rehearsal.simulator.seed.catalogue import CREATED_AT

VERSIONS: Final = {
    "pg": ("16", "16.4"),
    "mysql": ("8", "8.0.35"),
    "valkey": ("8", "8.0.1"),
    "redis": ("7", "7.2.4"),
    "mongodb": ("7", "7.0.12"),
}
# engine: (protocol, the end of a connection's URI)
PROTOCOLS: Final = {
    "pg": ("postgresql", "?sslmode=require"),
    "mysql": ("mysql", "?ssl-mode=REQUIRED"),
    "mongodb": ("mongodb+srv", "?tls=true&authSource=admin"),
    "valkey": ("rediss", ""),
    "redis": ("rediss", ""),
}


def cluster(number: int, name: str, engine: str, region: str, vpc_id: str) -> Object:
    identifier = store.uuid("bbbb0001", number)
    host = f"{name}-do-user-1234-0.b.db.ondigitalocean.com"
    has_members = engine not in {"redis", "valkey"}
    admin: Object = {"name": "doadmin", "role": "primary", "password": "pw-doadmin"}
    if engine == "mysql":
        admin["mysql_settings"] = {"auth_plugin": "caching_sha2_password"}
    version, semantic = VERSIONS.get(engine, ("1", "1.0.0"))
    return {
        "id": identifier,
        "name": name,
        "engine": engine,
        "version": version,
        "semantic_version": semantic,
        "num_nodes": 1,
        "size": "db-s-1vcpu-1gb",
        "region": region,
        "status": "online",
        "created_at": CREATED_AT,
        "private_network_uuid": vpc_id,
        "tags": [],
        "project_id": store.uuid("dddd0001", 1),
        "storage_size_mib": 10240,
        "version_end_of_life": "2028-11-09T00:00:00Z",
        "version_end_of_availability": "2028-05-09T00:00:00Z",
        "maintenance_window": {
            "day": "monday",
            "hour": "02:00:00",
            "pending": False,
            "description": [],
        },
        "metrics_endpoints": [{"host": f"m-{name}.db.ondigitalocean.com", "port": 9273}],
        "connection": _connection(engine, host),
        "private_connection": _connection(engine, f"private-{host}"),
        "dbs": [{"name": "defaultdb"}] if has_members else [],
        "users": [admin] if has_members else [],
        "pools": [],
        "rules": [],
        "backups": [{"created_at": CREATED_AT, "size_gigabytes": 0.03}],
        "autoscale": {"storage": {"enabled": False, "threshold_percent": 80, "increment_gib": 10}},
    }


def engine_from_name(name: str) -> str:
    """Guess a cluster's engine: `mysql` if its name says so, else `pg`."""
    return "mysql" if "mysql" in name.lower() else "pg"


def _connection(engine: str, host: str) -> Object:
    protocol, options = PROTOCOLS.get(engine, (engine, ""))
    return {
        "protocol": protocol,
        "uri": f"{protocol}://doadmin:pw-doadmin@{host}:25060/defaultdb{options}",
        "database": "defaultdb",
        "host": host,
        "port": 25060,
        "user": "doadmin",
        "password": "pw-doadmin",
        "ssl": True,
    }
