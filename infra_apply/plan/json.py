"""A plan as `plan --format json` prints it; its keys are a contract."""

from __future__ import annotations

from typing import Any

from infra_apply.plan.model import AccessPlan, HostPlan, Plan


def as_json(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON values, without anything secret."""
    return {
        "version": 1,
        "stack": plan.stack,
        "environment": plan.environment,
        "hosts": [_host(one) for one in plan.hosts],
        "databases": [
            {"project": one.project, "cluster": one.cluster, "name": one.name, "user": one.user}
            for one in plan.databases
        ],
        "pools": [
            {"project": one.project, "size": one.sizes[0], "max_slots": one.max_slots}
            for one in plan.pools
        ],
        "access": [_access(one) for one in plan.access],
        "not_rendered": [
            {
                "project": one.project,
                "environment": one.environment,
                "provider": one.provider,
                "reason": one.reason,
            }
            for one in plan.not_rendered
        ],
    }


def _host(one: HostPlan) -> dict[str, Any]:
    return {
        "name": one.name,
        "region": one.region,
        "size": one.size,
        "image": one.image,
        "tags": list(one.tags),
        "adopt": one.adopt,
        "lookup": one.lookup,
        "services": [
            {
                "project": service.project,
                "environment": service.environment,
                "port": service.port,
                "systemd_unit": service.systemd_unit,
                "runtime": service.runtime,
            }
            for service in one.services
        ],
    }


def _access(one: AccessPlan) -> dict[str, Any]:
    return {
        "host": one.host,
        "port": one.port,
        "from": [{"project": source.project, "host": source.host} for source in one.sources],
        "public": one.public,
    }
