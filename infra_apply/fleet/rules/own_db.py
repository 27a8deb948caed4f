"""own_db: a logical database and a dedicated user, claimed by one instance only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, Related
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.owners import forbidding
from infra_apply.fleet.rules.rule import Rule
from infra_apply.inputs.manifest import Manifest

DATABASE_CLAIMED_TWICE: Final = Code(
    "IA201",
    "database claimed twice",
    "two services on one database are coupled through it, and either can break the other",
    "give each instance a database of its own, and let one call the other over HTTP",
)
USER_CLAIMED_TWICE: Final = Code(
    "IA202",
    "database user claimed twice",
    "with shared credentials nobody can be locked out, or rotated, alone",
    "give each instance a user of its own",
)
RESERVED_NAME: Final = Code(
    "IA203",
    "name of the cluster's own",
    "`defaultdb`, `doadmin` and the like belong to the cluster and everything on it",
    "choose a name after the project",
)
IMPOSSIBLE_NAME: Final = Code(
    "IA204",
    "name no engine takes",
    "the database could never be made",
    "use letters, digits and underscores, 63 at most",
)
CLUSTER_OF_OTHERS: Final = Code(
    "IA205",
    "cluster of other projects",
    "the settings say which projects may use the cluster, and this one is not among them",
    "choose another cluster, or have the project added to the setting `owners.clusters`",
)


def check(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report names claimed twice, names of the cluster's own, and names no engine takes."""
    for what, code in (("name", DATABASE_CLAIMED_TWICE), ("user", USER_CLAIMED_TWICE)):
        first: dict[tuple[str, str], Manifest] = {}
        for manifest in fleet.manifests:
            if manifest.database is None:
                continue
            claimed: str = getattr(manifest.database, what)
            yield from _name(manifest, what, claimed)
            owner = first.setdefault((manifest.database.cluster, claimed), manifest)
            if owner.instance != manifest.instance:
                yield _claimed_twice(code, what, claimed, manifest, owner)
    for manifest in fleet.manifests:
        yield from _cluster(fleet, manifest)


def _cluster(fleet: Fleet, manifest: Manifest) -> Iterator[Diagnostic]:
    if manifest.database is None:
        return
    cluster = manifest.database.cluster
    for place in forbidding(fleet, "clusters", cluster, manifest.project):
        message = f"`owners.clusters` does not let `{manifest.project}` use `{cluster}`"
        related = Related(place, "these may")
        hint = "choose another cluster, or have the project added to the setting"
        value = manifest.value("database", "cluster")
        yield Diagnostic(CLUSTER_OF_OTHERS, value, message, hint, (related,))


def _claimed_twice(
    code: Code, what: str, claimed: str, manifest: Manifest, owner: Manifest
) -> Diagnostic:
    kind = _KIND[what]
    holder = naming.instance(*owner.instance)
    cluster = manifest.database.cluster if manifest.database else ""
    message = f"the {kind} `{claimed}` on `{cluster}` is already claimed by `{holder}`"
    hint = f"give this instance a {kind} of its own, such as `{what}: {_own_name(manifest)}`"
    related = Related(owner.value("database", what), f"claimed here by `{holder}`")
    return Diagnostic(code, manifest.value("database", what), message, hint, (related,))


def _name(manifest: Manifest, what: str, name: str) -> Iterator[Diagnostic]:
    is_owning_role = what == "user" and name.casefold().startswith(naming.OWNING_ROLE)
    if is_owning_role or name.casefold() in _RESERVED[what]:
        code, message = (
            RESERVED_NAME,
            f"`{name}` is the cluster's own {_KIND[what]}, not a project's",
        )
    elif not _POSSIBLE.fullmatch(name):
        quoted = f"`{name[:80]}`" if name else "an empty text"
        code = IMPOSSIBLE_NAME
        message = f"no database engine takes {quoted} as the name of a {_KIND[what]}"
    else:
        return
    hint = f"choose a name of its own, such as `{what}: {_own_name(manifest)}`"
    yield Diagnostic(code, manifest.value("database", what), message, hint)


def _own_name(manifest: Manifest) -> str:
    return (
        re.sub(r"\W+", "_", naming.instance(*manifest.instance).casefold()).strip("_")[:_MAX]
        or "app"
    )


_KIND: Final = {"name": "database", "user": "database user"}
# The union over PostgreSQL, MySQL and MongoDB, and what DigitalOcean makes on a new cluster.
_RESERVED: Final = {
    "name": frozenset(
        {"defaultdb", "_dodb", "postgres", "template0", "template1"}
        | {"mysql", "sys", "information_schema", "performance_schema"}
        | {"admin", "local", "config"}
    ),
    "user": frozenset(
        {"doadmin", "_doadmin", "doadmin_group", "doadmin-repl", "postgres", "root", "admin"}
        | {"public", "mysql.sys", "mysql.session", "mysql.infoschema"}
    ),
}
_MAX: Final = 63
# What at least one engine takes and DigitalOcean's API can address: no slash, comma or blank.
_POSSIBLE: Final = re.compile(r"[A-Za-z0-9_$][A-Za-z0-9_$.\-]{0,62}")


RULE: Final = Rule(
    check,
    (
        DATABASE_CLAIMED_TWICE,
        USER_CLAIMED_TWICE,
        RESERVED_NAME,
        IMPOSSIBLE_NAME,
        CLUSTER_OF_OTHERS,
    ),
)
