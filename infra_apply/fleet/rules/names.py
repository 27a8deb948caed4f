"""fleet: names DigitalOcean or Pulumi would not take, and names that become the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics.model import Diagnostic, Place, Related
from infra_apply.fleet.hosts import droplets
from infra_apply.fleet.model import Fleet
from infra_apply.inputs.manifest import Manifest


def check(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report names that cannot be made, and two that would be made alike."""
    for one in fleet.manifests:
        yield from _project(one)
    for host, carried in droplets(fleet).items():
        if not naming.is_droplet_name(host):
            message = f"DigitalOcean takes no droplet called `{host}`"
            hint = "use letters, digits, dots and dashes, 255 at most"
            yield Diagnostic("IA705", _host_place(carried[0]), message, hint)
    yield from _same_instance(fleet)
    yield from _same_droplet(fleet)


def _project(one: Manifest) -> Iterator[Diagnostic]:
    place = one.value("project")
    if not one.project.strip() or not one.project.isprintable() or "::" in one.project:
        message = "a project's name needs at least one letter, and no `::` or control characters"
        yield Diagnostic("IA705", place, message, "name it after its folder")
    elif not naming.is_tag(naming.project_tag(one.project)):
        message = "the project's name is too long for a DigitalOcean tag (255 characters)"
        yield Diagnostic("IA705", place, message, "choose a shorter name")
    elif one.gpu is not None and not _STACK_PART.fullmatch(one.project):
        message = f"Pulumi takes no stack called `{one.environment}.gpu.{one.project}`"
        hint = "use letters, digits, dots, dashes and underscores, 80 at most"
        yield Diagnostic("IA705", place, message, hint)


def _same_instance(fleet: Fleet) -> Iterator[Diagnostic]:
    """`shop` in dev and a project `shop-dev` would share resources and a services key."""
    taken: dict[str, Manifest] = {}
    for one in fleet.manifests:
        name = naming.instance(*one.instance)
        owner = taken.setdefault(name.casefold(), one)
        if owner.instance != one.instance:
            message = (
                f"`{name}` and `{naming.instance(*owner.instance)}` ({owner.project} in "
                f"{owner.environment}) would get the same name"
            )
            related = Related(owner.value("project"), "the other one")
            place = one.value("project")
            yield Diagnostic("IA706", place, message, "rename one of the projects", (related,))


def _same_droplet(fleet: Fleet) -> Iterator[Diagnostic]:
    """A droplet of one's own cannot bear the name of a host that others name."""
    for host, carried in droplets(fleet).items():
        named = [one for one in carried if one.service and one.service.host is not None]
        own = [one for one in carried if one not in named]
        if own and named:
            message = f"the service names no host, and the droplet `{host}` it would get is a host"
            related = Related(_host_place(named[0]), f"`{host}` is named here")
            hint = f"write `host: {host}` if it runs there, or rename the project"
            yield Diagnostic("IA706", own[0].key("service"), message, hint, (related,))


def _host_place(one: Manifest) -> Place:
    named = one.service is not None and one.service.host is not None
    return one.value("service", "host") if named else one.value("project")


_STACK_PART: Final = re.compile(r"[A-Za-z0-9._-]{1,80}")
