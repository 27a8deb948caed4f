"""Edits of settings that have an effect: each draws one, or None where none fits."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from tests.reviews.companies import POOL, RANGES, SIZES, SSH_KEYS, Company
from tests.reviews.manifest_edits import Edit, remove_project


def other_ssh(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    ssh = edited.settings["network"].get("ssh")
    if ssh is None:
        return None
    unused = [cidr for cidr in RANGES if cidr not in ssh]
    if ssh and (not unused or rng.random() < 0.4):
        ssh.remove(rng.choice(ssh))
    else:
        ssh.append(rng.choice(unused))
    return edited


def no_ssh(_: Random, company: Company) -> Company | None:
    edited = company.copy()
    return edited if edited.settings["network"].pop("ssh", None) is not None else None


def other_tunnel(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    edited.settings["network"]["mesh"] = [f"udp/{rng.randint(51000, 51999)}"]
    return edited


def other_public(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    public = edited.settings["network"].setdefault("public", {})
    project = rng.choice(edited.projects)
    if project in public:
        del public[project]
    else:
        public[project] = [edited.manifests[project]["service"]["port"]]
    return edited


def other_size(rng: Random, company: Company) -> Company | None:
    return _host_key(rng, company, "size", rng.choice(SIZES))


def other_default_size(rng: Random, company: Company) -> Company | None:
    return _droplet_key(company, "size", rng.choice(SIZES))


def other_region(rng: Random, company: Company) -> Company | None:
    region = rng.choice(("fra1", "ams3", "tor1"))
    if rng.random() < 0.5:
        return _host_key(rng, company, "region", region)
    return _droplet_key(company, "region", region)


def other_image(rng: Random, company: Company) -> Company | None:
    if rng.random() < 0.5:
        return _host_key(rng, company, "image", "debian-12-x64")
    return _droplet_key(company, "image", "debian-12-x64")


def other_tags(rng: Random, company: Company) -> Company | None:
    return _host_key(rng, company, "tags", [f"team:{rng.choice('cdef')}"])


def other_backups(rng: Random, company: Company) -> Company | None:
    return _host_key(rng, company, "backups", rng.random() < 0.5)


def other_ssh_keys(_: Random, company: Company) -> Company | None:
    keys = company.settings.get("droplet", {}).get("sshKeys", [])
    return _droplet_key(company, "sshKeys", sorted(set(SSH_KEYS) - set(keys)))


def other_user_data(_: Random, company: Company) -> Company | None:
    if "userData" not in company.settings.get("droplet", {}):
        return None
    return Company(company.manifests, company.settings, "#!/bin/sh\necho PASSWORD=other\n")


def no_protection(rng: Random, company: Company) -> Company | None:
    return _host_key(rng, company, "protect", value=False)


def made_anyway(rng: Random, company: Company) -> Company | None:
    return _host_key(rng, company, "create", value=True)


def growing_disk(rng: Random, company: Company) -> Company | None:
    return _host_key(rng, company, "resizeDisk", value=True)


def other_limits(rng: Random, company: Company) -> Company | None:
    if POOL not in company.manifests:
        return None
    edited = company.copy()
    edited.settings["gpu"] = {"pools": {POOL: {"maxSlots": rng.randint(2, 5)}}}
    return edited


def other_fleet(_: Random, company: Company) -> Company | None:
    edited = company.copy()
    edited.settings["fleet"] = "other"
    return edited


def retired(rng: Random, company: Company) -> Company | None:
    """Take out a project, and its host where that carries nothing else, and retire both."""
    edited = company.copy()
    if len(edited.projects) < 2:
        return None
    project = rng.choice(edited.projects)
    host = edited.manifests[project]["service"]["host"]
    fate = rng.choice(("keep", "destroy"))
    remove_project(edited, project)
    for keys in edited.manifests.values():
        if project in keys.get("depends_on", ()):
            keys["depends_on"].remove(project)
    gone = [project] if host in edited.hosts else [project, host]
    edited.settings.setdefault("retired", {}).update(dict.fromkeys(gone, fate))
    edited.settings.get("hosts", {}).pop(gone[-1], None)
    return edited


def retired_only(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    name = rng.choice([*edited.hosts, *edited.projects])
    edited.settings.setdefault("retired", {})[name] = rng.choice(("keep", "destroy"))
    return edited


def other_fate(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    fates = edited.settings.get("retired")
    if not fates:
        return None
    name = rng.choice(sorted(fates))
    fates[name] = "keep" if fates[name] == "destroy" else "destroy"
    return edited


def not_retired(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    fates = edited.settings.get("retired")
    if not fates:
        return None
    del fates[rng.choice(sorted(fates))]
    return edited


def not_adopted(rng: Random, company: Company) -> Company | None:
    edited = company.copy()
    adopted = [keys for keys in edited.settings.get("hosts", {}).values() if "adopt" in keys]
    clusters = [keys for keys in edited.settings.get("databases", {}).values() if keys.get("adopt")]
    if not adopted and not clusters:
        return None
    del rng.choice([*adopted, *clusters])["adopt"]
    return edited


def adopted_another(rng: Random, company: Company) -> Company | None:
    return _host_key(rng, company, "adopt", rng.randint(400000001, 400000006))


def _host_key(rng: Random, company: Company, key: str, value: Any) -> Company | None:
    edited = company.copy()
    own = edited.settings.setdefault("hosts", {}).setdefault(rng.choice(edited.hosts), {})
    if own.get(key) == value:
        return None
    own[key] = value
    return edited


def _droplet_key(company: Company, key: str, value: Any) -> Company | None:
    edited = company.copy()
    droplet = edited.settings.setdefault("droplet", {})
    if droplet.get(key) == value:
        return None
    droplet[key] = value
    return edited


SETTINGS_EDITS: Final[dict[str, Edit]] = {
    "other ssh list": other_ssh,
    "no ssh list": no_ssh,
    "other tunnel": other_tunnel,
    "other public": other_public,
    "other size": other_size,
    "other default size": other_default_size,
    "other region": other_region,
    "other image": other_image,
    "other tags": other_tags,
    "other backups": other_backups,
    "other ssh keys": other_ssh_keys,
    "other user data": other_user_data,
    "protect: false": no_protection,
    "create: true": made_anyway,
    "resizeDisk: true": growing_disk,
    "other limits of a pool": other_limits,
    "other fleet": other_fleet,
    "retired, and out of the manifests": retired,
    "retired, and in the manifests": retired_only,
    "keep for destroy": other_fate,
    "not retired": not_retired,
    "not adopted": not_adopted,
    "another adopted": adopted_another,
}
