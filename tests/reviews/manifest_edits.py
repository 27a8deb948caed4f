"""Edits of manifests that have an effect: each draws one, or None where none fits."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final, TypeAlias

from tests.companies import manifest
from tests.reviews.companies import (
    HOSTS,
    POOL,
    PROJECTS,
    Company,
    database,
)

Edit: TypeAlias = Callable[[Random, Company], Company | None]


def other_port(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    project = rng.choice(edited.projects)
    edited.manifests[project]["service"]["port"] = rng.randint(9000, 9099)
    public = edited.settings["network"].get("public", {})
    if project in public:
        public[project] = [edited.manifests[project]["service"]["port"]]
    return edited


def other_host(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    service = edited.manifests[rng.choice(edited.projects)]["service"]
    service["host"] = rng.choice([host for host in HOSTS if host != service["host"]])
    return edited


def new_dependency(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    pairs = [
        (caller, called)
        for caller, keys in edited.manifests.items()
        for called in edited.projects
        if called != caller and called not in keys.get("depends_on", ())
    ]
    if not pairs:
        return None
    caller, called = rng.choice(pairs)
    edited.manifests[caller].setdefault("depends_on", []).append(called)
    return edited


def dropped_dependency(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    callers = [name for name, keys in edited.manifests.items() if keys.get("depends_on")]
    if not callers:
        return None
    dependencies = edited.manifests[rng.choice(callers)]["depends_on"]
    dependencies.remove(rng.choice(dependencies))
    return edited


def new_database(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    without = [name for name in edited.projects if "database" not in edited.manifests[name]]
    if not without:
        return None
    project = rng.choice(without)
    edited.manifests[project]["database"] = database(rng, project)
    return edited


def dropped_database(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    having = _with_database(edited)
    if not having:
        return None
    del edited.manifests[rng.choice(having)]["database"]
    return edited


def renamed_database(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    having = _with_database(edited)
    if not having:
        return None
    block = edited.manifests[rng.choice(having)]["database"]
    key = rng.choice(("name", "user"))
    block[key] += "_two"
    return edited


def new_project(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    unused = [name for name in PROJECTS if name not in edited.manifests]
    if not unused:
        return None
    project = rng.choice(unused)
    service = {"host": rng.choice(HOSTS[:5]), "port": rng.randint(9100, 9199)}
    keys: dict[str, Any] = {"service": service}
    if rng.random() < 0.5:
        keys["database"] = database(rng, project)
    if rng.random() < 0.5:
        keys["depends_on"] = [rng.choice(edited.projects)]
    edited.manifests[project] = manifest(project, **keys)
    return edited


def removed_project(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    if len(edited.projects) < 2:
        return None
    remove_project(edited, rng.choice(edited.projects))
    return edited


def new_pool(_: Random, company: Company) -> Company | None:
    edited = company.copy()
    if POOL in edited.manifests:
        return None
    gpu = {"mode": "on-demand", "droplet": "gpu-l40sx1-48gb"}
    edited.manifests[POOL] = manifest(POOL, gpu=gpu)
    return edited


def _with_database(company: Company) -> list[str]:
    return sorted(name for name, keys in company.manifests.items() if "database" in keys)


def remove_project(company: Company, project: str) -> None:
    del company.manifests[project]
    company.settings["network"].get("public", {}).pop(project, None)


MANIFEST_EDITS: Final[dict[str, Edit]] = {
    "other port": other_port,
    "other host": other_host,
    "new dependency": new_dependency,
    "dropped dependency": dropped_dependency,
    "new database": new_database,
    "dropped database": dropped_database,
    "renamed database": renamed_database,
    "new project": new_project,
    "removed project": removed_project,
    "new pool": new_pool,
}
