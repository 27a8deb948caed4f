"""A plan as `plan --format json` prints it; its keys are a contract."""

from __future__ import annotations

from typing import Any

from infra_apply.plan.model import AccessPlan, HostPlan, LookedUpHost, Plan


def as_json(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON values, without anything secret."""
    return {
        "version": 1,
        "stack": plan.stack,
        "environment": plan.environment,
        "hosts": [_host(host) for host in plan.all_hosts],
        "databases": [
            {
                "project": database.project,
                "cluster": database.cluster,
                "name": database.name,
                "user": database.user,
                "isolation": database.isolation,
            }
            for database in plan.databases
        ],
        "pools": [
            {"project": pool.project, "size": pool.sizes[0], "max_slots": pool.max_slots}
            for pool in plan.pools
        ],
        "access": [_access(entry) for entry in plan.access],
        "not_rendered": [
            {
                "project": instance.project,
                "environment": instance.environment,
                "provider": instance.provider,
                "reason": instance.reason,
            }
            for instance in plan.not_rendered
        ],
    }


def _host(host: HostPlan | LookedUpHost) -> dict[str, Any]:
    """Return a host; of one that another stack owns only its services are known."""
    owned = host if isinstance(host, HostPlan) else None
    return {
        "name": host.name,
        "region": owned and owned.droplet.region,
        "size": owned and owned.droplet.size,
        "image": owned and owned.droplet.image,
        "tags": list(owned.droplet.tags) if owned else [],
        "adopt": owned and owned.adopt,
        "lookup": owned is None,
        "services": [
            {
                "project": service.project,
                "environment": service.environment,
                "port": service.port,
                "systemd_unit": service.systemd_unit,
                "runtime": service.runtime,
            }
            for service in host.services
        ],
    }


def _access(access: AccessPlan) -> dict[str, Any]:
    return {
        "host": access.host,
        "port": access.port,
        "from": [{"project": caller.project, "host": caller.host} for caller in access.callers],
        "public": access.public,
    }
