"""http_coupling: each `depends_on` names a service that answers on a port."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics.code import Code, Severity
from infra_apply.diagnostics.model import Diagnostic, NotChecked, Place, Related
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.fleet.dependencies import circles, target
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.rules.rule import Rule
from infra_apply.inputs.manifest import Manifest

UNKNOWN_DEPENDENCY: Final = Code(
    "IA301",
    "unknown dependency",
    "nobody would open a port for it, and no URL could be given",
    "correct the name, or add a service outside the company to the setting `external`",
)
DEPENDS_ON_ITSELF: Final = Code(
    "IA302", "depends on itself", "a service needs no leave to call itself", "remove the entry"
)
NAMED_TWICE: Final = Code(
    "IA303",
    "dependency named twice",
    "the second says nothing new, and may be a slip for another",
    "keep one entry",
)
NO_PORT: Final = Code(
    "IA304",
    "dependency without a port",
    "a dependency is called over HTTP, so it needs a service and a port",
    "declare `service.port` in the dependency's manifest",
)
SAME_VARIABLE: Final = Code(
    "IA305",
    "two dependencies under one variable",
    "their URLs would be given in one environment variable, and one would be lost",
    "rename one of them",
)
DEV_USES_PROD: Final = Code(
    "IA306",
    "dev uses prod",
    "a dev instance without a dev neighbour talks to the real one",
    "add a `.infra.dev.yaml` to the dependency, if that is not meant",
    Severity.WARNING,
)
CIRCLE: Final = Code(
    "IA307",
    "circle of dependencies",
    "none of the services can be started, moved or removed alone",
    "turn one of the calls round",
    Severity.WARNING,
)
PROD_WOULD_USE_DEV: Final = Code(
    "IA308",
    "prod would use dev",
    "what is real never depends on what is tried out",
    "give the dependency a prod manifest",
)


def check(fleet: Fleet) -> Iterator[Diagnostic | NotChecked]:
    """Report entries that name nobody, nobody reachable, or two under one variable; circles."""
    for manifest in fleet.manifests:
        yield from _entries(fleet, manifest)
    yield from _circles(fleet)


def _entries(fleet: Fleet, dependent: Manifest) -> Iterator[Diagnostic | NotChecked]:
    variables: dict[str, tuple[str, Place]] = {}
    first_at: dict[str, int] = {}
    for index, name in enumerate(dependent.depends_on):
        place = dependent.value("depends_on", index)
        if first_at.setdefault(name, index) != index:
            first = Related(dependent.value("depends_on", first_at[name]), "first here")
            message = f"`{name}` is named twice"
            yield Diagnostic(NAMED_TWICE, place, message, "keep one", (first,))
        elif name == dependent.project:
            message = f"`{name}` depends on itself"
            yield Diagnostic(DEPENDS_ON_ITSELF, place, message, "remove the entry")
        else:
            yield from _entry(fleet, dependent, name, place)
            yield from _variable(name, place, variables)


def _entry(
    fleet: Fleet, dependent: Manifest, name: str, place: Place
) -> Iterator[Diagnostic | NotChecked]:
    if name in fleet.externals:
        return
    dependency = target(fleet, dependent, name)
    if dependency is None:
        yield from _nobody(fleet, dependent, name, place)
        return
    if dependency.service is None or dependency.service.port is None:
        lacks = "no service" if dependency.service is None else "a service without a port"
        message = f"`{name}` declares {lacks}, so there is nothing to call over HTTP"
        hint = f"give `{name}` a `service:` with a `port:`, or remove the entry"
        related = Related(dependency.key("service"), f"declared here by `{name}`")
        yield Diagnostic(NO_PORT, place, message, hint, (related,))
    elif dependency.environment != dependent.environment:
        message = f"`{name}` has no {dependent.environment} instance; prod's is used"
        hint = f"add a `.infra.{dependent.environment}.yaml` to `{name}` if that is not meant"
        related = Related(dependency.key("project"), "this one is called")
        yield Diagnostic(DEV_USES_PROD, place, message, hint, (related,))


def _nobody(
    fleet: Fleet, dependent: Manifest, name: str, place: Place
) -> Iterator[Diagnostic | NotChecked]:
    if name in fleet.unread:
        return  # its own manifest is reported
    if name in fleet.projects:
        message = f"`{name}` has only a dev instance, and prod never uses dev"
        hint = f"add a `.infra.yaml` to `{name}`, or remove the entry"
        yield Diagnostic(PROD_WOULD_USE_DEV, place, message, hint)
        return
    if fleet.settings is None and _in_services_map(fleet, dependent, name):
        return  # the folders that were named need not be the whole company
    if fleet.alone:
        mesh = " and the mesh's services map does not have it" if fleet.mesh else ""
        yield NotChecked(
            f"{place.path}: whether `{name}` exists: only this project's folder was named{mesh}"
        )
        return
    known = {other.project for other in fleet.services()} | set(fleet.externals)
    meant = did_you_mean(
        name,
        known - {dependent.project},
        otherwise="name a project, or add it to the setting `external`",
    )
    yield Diagnostic(
        UNKNOWN_DEPENDENCY, place, f"no project or external service is called `{name}`", meant
    )


def _in_services_map(fleet: Fleet, dependent: Manifest, name: str) -> bool:
    services = fleet.mesh.services if fleet.mesh else {}
    return naming.instance(name, dependent.environment) in services or name in services


def _variable(name: str, place: Place, taken: dict[str, tuple[str, Place]]) -> Iterator[Diagnostic]:
    variable = naming.variable(name)
    other, first = taken.setdefault(variable, (name, place))
    if variable == "DATABASE_URL":
        message = f"`{name}` would be given as `{variable}`, which is the project's own database"
        yield Diagnostic(SAME_VARIABLE, place, message, "rename the dependency")
    elif other != name:
        message = f"`{name}` and `{other}` would both be given as `{variable}`"
        related = Related(first, f"`{other}` is named here")
        yield Diagnostic(SAME_VARIABLE, place, message, "rename one of the two", (related,))


def _circles(fleet: Fleet) -> Iterator[Diagnostic]:
    for circle in circles(fleet):
        first, called = circle[0]
        place = first.value("depends_on", first.depends_on.index(called.project))
        path = [naming.instance(*dependent.instance) for dependent, _ in (*circle, circle[0])]
        message = "services depend on each other in a circle: " + " -> ".join(path)
        hint = "none of them can be started or changed alone; let one be called instead of calling"
        yield Diagnostic(CIRCLE, place, message, hint)


RULE: Final = Rule(
    check,
    (
        UNKNOWN_DEPENDENCY,
        DEPENDS_ON_ITSELF,
        NAMED_TWICE,
        NO_PORT,
        SAME_VARIABLE,
        DEV_USES_PROD,
        CIRCLE,
        PROD_WOULD_USE_DEV,
    ),
)
