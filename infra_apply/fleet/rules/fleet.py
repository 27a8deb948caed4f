"""fleet: what two projects cannot share, who owns a host, and names that cannot be made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics.code import Code
from infra_apply.diagnostics.model import Diagnostic, NotChecked, Place, Related
from infra_apply.fleet.characters import misnamed
from infra_apply.fleet.hosts import droplets, machine
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.owners import is_at_home
from infra_apply.fleet.rules.rule import Rule
from infra_apply.inputs.manifest import Manifest

PORT_TAKEN: Final = Code(
    "IA701",
    "port taken",
    "only one process can listen on a port of a machine",
    "choose another port or host",
)
UNIT_TAKEN: Final = Code(
    "IA702",
    "systemd unit taken",
    "a machine has one unit of a name, and `web` is short for `web.service`",
    "choose another unit or host",
)
NO_OWNER: Final = Code(
    "IA703",
    "host without an owner",
    "two stacks would both make, or both delete, one machine",
    "set `lookup: true` for the host in the stack that does not own it",
)
PORT_OUT_OF_RANGE: Final = Code(
    "IA704", "port out of range", "a TCP port is 1 to 65535", "correct the port"
)
IMPOSSIBLE_NAME: Final = Code(
    "IA705",
    "name that cannot be made",
    "DigitalOcean or Pulumi would refuse it, in the middle of an update",
    "choose a name of letters, digits and dashes",
)
SAME_NAME: Final = Code(
    "IA706",
    "names that become the same",
    "two things under one name overwrite each other",
    "rename one of the two",
)
MISNAMED: Final = Code(
    "IA710",
    "characters that do not belong in a name",
    "names go into unit files, net-tools' map, tags, URLs and shells; `$(id)` or a line break in "
    "one does something there",
    "write the name with the characters that the message lists",
)
RESERVED_PORT: Final = Code(
    "IA711",
    "reserved port",
    "a manifest's port is opened to whoever depends on it, and ssh's and the host's own never are",
    "choose another port; who may log in is said by the setting `network.ssh`",
)
NOT_ADMITTED: Final = Code(
    "IA712",
    "project that may not be on this host",
    "who may be on a host is said by the settings, where it is reviewed, and not by each manifest",
    "choose another host, or add the project to the setting `hosts.<host>.projects`",
)


def check(fleet: Fleet) -> Iterator[Diagnostic | NotChecked]:
    """Report clashes on one machine, hosts without an owner, and names that cannot be made."""
    yield from _clashes(fleet)
    for manifest in fleet.services():
        yield from _reserved(fleet, manifest)
        yield from _admission(fleet, manifest)
    yield from _owners(fleet)
    yield from _names(fleet)


def _clashes(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report two services on one host with one port or one unit, and ports that cannot be."""
    taken: dict[tuple[str, str, object], Manifest] = {}
    for manifest in sorted(fleet.services(), key=lambda manifest: manifest.path):
        service = manifest.service
        if service is None:
            continue
        port = service.port
        if port is not None and not 1 <= port <= _MAX_PORT:
            message = f"a port is a number from 1 to {_MAX_PORT}, and this is {port}"
            yield Diagnostic(PORT_OUT_OF_RANGE, manifest.value("service", "port"), message)
        host = machine(manifest)
        if host is None:
            continue
        for key, code, what in _SHARED:
            value = getattr(service, key)
            if value is None:
                continue
            if key == "systemd_unit":
                value = value.removesuffix(".service")  # systemd adds it to a name without a type
            owner = taken.setdefault((host, key, value), manifest)
            if owner.instance != manifest.instance:  # an instance declared twice is env_variants'
                yield _clash(code, f"{what} {getattr(service, key)}", key, host, (manifest, owner))


def _clash(
    code: Code, what: str, key: str, host: str, claimants: tuple[Manifest, Manifest]
) -> Diagnostic:
    claimant, owner = claimants
    holder = naming.instance(*owner.instance)
    message = f"{what} on `{host}` is already taken by `{holder}`"
    hint = f"choose another {key}, or another host (a host is one machine for dev and prod)"
    related = Related(owner.value("service", key), f"taken here by `{holder}`")
    return Diagnostic(code, claimant.value("service", key), message, hint, (related,))


_MAX_PORT: Final = 65535
_SHARED: Final = (("port", PORT_TAKEN, "port"), ("systemd_unit", UNIT_TAKEN, "the systemd unit"))


def _reserved(fleet: Fleet, manifest: Manifest) -> Iterator[Diagnostic]:
    """Report ssh's port, and one that a stack's settings reserve on the host."""
    port = manifest.service.port if manifest.service else None
    place = manifest.value("service", "port")
    if port == _SSH:
        message = "port 22 is ssh's, and no manifest opens it"
        hint = "choose another port; the setting `network.ssh` says who may log in"
        yield Diagnostic(RESERVED_PORT, place, message, hint)
    host = machine(manifest) or ""
    for stack in fleet.stacks:
        reserved = stack.hosts[host].reserved_ports if host in stack.hosts else ()
        if port in reserved:
            related = Related(stack.key("hosts", host, "reservedPorts"), "reserved here")
            message = f"port {port} of `{host}` is reserved by `hosts.{host}.reservedPorts`"
            yield Diagnostic(RESERVED_PORT, place, message, "choose another port", (related,))


def _admission(fleet: Fleet, manifest: Manifest) -> Iterator[Diagnostic]:
    """Report a project on a host whose settings name the projects that may be there."""
    host = machine(manifest) or ""
    for stack in fleet.stacks:
        admitted = stack.hosts[host].projects if host in stack.hosts else None
        if admitted is not None and manifest.project not in admitted:
            message = f"`hosts.{host}.projects` does not let `{manifest.project}` onto the host"
            related = Related(stack.key("hosts", host, "projects"), "these may be there")
            hint = "choose another host, or have the project added to the setting"
            yield Diagnostic(NOT_ADMITTED, _host_place(manifest), message, hint, (related,))


_SSH: Final = 22


def _owners(fleet: Fleet) -> Iterator[Diagnostic | NotChecked]:
    """Report hosts with services of dev and prod that no stack's settings give up."""
    for host, carried in droplets(fleet).items():
        first = carried[0]
        second = next(
            (manifest for manifest in carried if manifest.environment != first.environment), None
        )
        if second is None or any(stack.host(host).lookup for stack in fleet.stacks):
            continue
        if not fleet.stacks:
            yield NotChecked(
                f"{second.path}: who owns `{host}`, which carries dev and prod: "
                "no settings were read"
            )
            continue
        message = f"`{host}` carries dev and prod, and no stack's settings say who owns it"
        hint = f"in the stack that does not: `infra-apply:hosts: {{{host}: {{lookup: true}}}}`"
        related = Related(first.value("service", "host"), f"{first.environment} is here")
        place = second.value("service", "host")
        yield Diagnostic(NO_OWNER, place, message, hint, (related,))


def _names(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report names that cannot be made, and two that would be made alike."""
    for manifest in fleet.manifests:
        for wrong in misnamed(manifest):
            message = f"`{'.'.join(wrong.at)}` is made of {wrong.made_of}"
            yield Diagnostic(MISNAMED, manifest.value(*wrong.at), message)
        yield from _project(manifest)
    for host, carried in droplets(fleet).items():
        if not naming.is_droplet_name(host):
            message = f"DigitalOcean takes no droplet called `{host}`"
            hint = "use letters, digits, dots and dashes, 255 at most"
            yield Diagnostic(IMPOSSIBLE_NAME, _host_place(carried[0]), message, hint)
    yield from _same_instance(fleet)
    yield from _same_droplet(fleet)


def _project(manifest: Manifest) -> Iterator[Diagnostic]:
    place = manifest.value("project")
    if not naming.is_tag(naming.project_tag(manifest.project)):
        message = "the project's name is too long for a DigitalOcean tag (255 characters)"
        yield Diagnostic(IMPOSSIBLE_NAME, place, message, "choose a shorter name")
    elif manifest.gpu is not None and not _STACK_PART.fullmatch(manifest.project):
        message = f"Pulumi takes no stack called `{manifest.environment}.gpu.{manifest.project}`"
        hint = "use letters, digits, dots, dashes and underscores, 80 at most"
        yield Diagnostic(IMPOSSIBLE_NAME, place, message, hint)


def _same_instance(fleet: Fleet) -> Iterator[Diagnostic]:
    """`shop` in dev and a project `shop-dev` would share resources and a services key.

    The one that does not lie where its project's manifests are expected is at fault.
    """
    taken: dict[str, Manifest] = {}
    for manifest in sorted(fleet.manifests, key=lambda manifest: not is_at_home(fleet, manifest)):
        name = naming.instance(*manifest.instance)
        owner = taken.setdefault(name.casefold(), manifest)
        if owner.instance != manifest.instance:
            message = (
                f"`{name}` and `{naming.instance(*owner.instance)}` ({owner.project} in "
                f"{owner.environment}) would get the same name"
            )
            related = Related(owner.value("project"), "the other one")
            place = manifest.value("project")
            yield Diagnostic(SAME_NAME, place, message, "rename one of the projects", (related,))


def _same_droplet(fleet: Fleet) -> Iterator[Diagnostic]:
    """A droplet of one's own cannot bear the name of a host that others name."""
    for host, carried in droplets(fleet).items():
        named = [
            manifest
            for manifest in carried
            if manifest.service and manifest.service.host is not None
        ]
        own = [manifest for manifest in carried if manifest not in named]
        if own and named:
            message = f"the service names no host, and the droplet `{host}` it would get is a host"
            related = Related(_host_place(named[0]), f"`{host}` is named here")
            hint = f"write `host: {host}` if it runs there, or rename the project"
            yield Diagnostic(SAME_NAME, own[0].key("service"), message, hint, (related,))


def _host_place(manifest: Manifest) -> Place:
    named = manifest.service is not None and manifest.service.host is not None
    return manifest.value("service", "host") if named else manifest.value("project")


_STACK_PART: Final = re.compile(r"[A-Za-z0-9._-]{1,80}")


RULE: Final = Rule(
    check,
    (
        PORT_TAKEN,
        UNIT_TAKEN,
        NO_OWNER,
        PORT_OUT_OF_RANGE,
        IMPOSSIBLE_NAME,
        SAME_NAME,
        MISNAMED,
        RESERVED_PORT,
        NOT_ADMITTED,
    ),
)
