"""http_coupling: each `depends_on` names a service that answers on a port."""

from __future__ import annotations

from collections.abc import Iterator

from infra_apply import naming
from infra_apply.diagnostics.model import Diagnostic, NotChecked, Place, Related
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.fleet.dependencies import target
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest


def check(fleet: Fleet) -> Iterator[Diagnostic | NotChecked]:
    """Report entries that name nobody, nobody reachable, or two under one variable."""
    for one in fleet.manifests:
        variables: dict[str, tuple[str, Place]] = {}
        first_at: dict[str, int] = {}
        for index, name in enumerate(one.depends_on):
            place = one.value("depends_on", index)
            if first_at.setdefault(name, index) != index:
                first = Related(one.value("depends_on", first_at[name]), "first here")
                message = f"`{name}` is named twice"
                yield Diagnostic("IA303", place, message, "keep one", (first,))
            elif name == one.project:
                message = f"`{name}` depends on itself"
                yield Diagnostic("IA302", place, message, "remove the entry")
            else:
                yield from _entry(fleet, one, name, place)
                yield from _variable(name, place, variables)


def _entry(
    fleet: Fleet, one: Manifest, name: str, place: Place
) -> Iterator[Diagnostic | NotChecked]:
    if name in fleet.externals:
        return
    found = target(fleet, one, name)
    if found is None:
        yield from _nobody(fleet, one, name, place)
        return
    if found.service is None or found.service.port is None:
        lacks = "no service" if found.service is None else "a service without a port"
        message = f"`{name}` declares {lacks}, so there is nothing to call over HTTP"
        hint = f"give `{name}` a `service:` with a `port:`, or remove the entry"
        related = Related(found.key("service"), f"declared here by `{name}`")
        yield Diagnostic("IA304", place, message, hint, (related,))
    elif found.environment != one.environment:
        message = f"`{name}` has no {one.environment} instance; prod's is used"
        hint = f"add a `.infra.{one.environment}.yaml` to `{name}` if that is not meant"
        related = Related(found.key("project"), "this one is called")
        yield Diagnostic("IA306", place, message, hint, (related,))


def _nobody(
    fleet: Fleet, one: Manifest, name: str, place: Place
) -> Iterator[Diagnostic | NotChecked]:
    if name in fleet.unread:
        return  # its own manifest is reported
    if name in fleet.projects:
        message = f"`{name}` has only a dev instance, and prod never uses dev"
        hint = f"add a `.infra.yaml` to `{name}`, or remove the entry"
        yield Diagnostic("IA308", place, message, hint)
        return
    if fleet.settings is None and _in_services_map(fleet, one, name):
        return  # the folders that were named need not be the whole company
    if fleet.alone:
        mesh = " and the mesh's services map does not have it" if fleet.mesh else ""
        yield NotChecked(
            f"{place.path}: whether `{name}` exists: only this project's folder was named{mesh}"
        )
        return
    known = {other.project for other in fleet.services()} | set(fleet.externals)
    meant = did_you_mean(
        name, known - {one.project}, otherwise="name a project, or add it to the setting `external`"
    )
    yield Diagnostic("IA301", place, f"no project or external service is called `{name}`", meant)


def _in_services_map(fleet: Fleet, one: Manifest, name: str) -> bool:
    services = fleet.mesh.services if fleet.mesh else {}
    return naming.instance(name, one.environment) in services or name in services


def _variable(name: str, place: Place, taken: dict[str, tuple[str, Place]]) -> Iterator[Diagnostic]:
    variable = naming.variable(name)
    other, first = taken.setdefault(variable, (name, place))
    if variable == "DATABASE_URL":
        message = f"`{name}` would be given as `{variable}`, which is the project's own database"
        yield Diagnostic("IA305", place, message, "rename the dependency")
    elif other != name:
        message = f"`{name}` and `{other}` would both be given as `{variable}`"
        related = Related(first, f"`{other}` is named here")
        yield Diagnostic("IA305", place, message, "rename one of the two", (related,))
