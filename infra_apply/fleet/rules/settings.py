"""settings: what a stack's settings name is there, and nothing in them is a secret."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from infra_apply import naming
from infra_apply.diagnostics import redact
from infra_apply.diagnostics.code import Code, Severity
from infra_apply.diagnostics.model import Diagnostic, NotChecked, Place, Related
from infra_apply.diagnostics.suggest import did_you_mean
from infra_apply.fleet import provider_settings, quarantine
from infra_apply.fleet.hosts import droplets, machine
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.rules.fleet import IMPOSSIBLE_NAME
from infra_apply.fleet.rules.gpu_ondemand import is_gpu_size
from infra_apply.fleet.rules.rule import Rule
from infra_apply.inputs.document import Path
from infra_apply.inputs.manifest import Manifest
from infra_apply.inputs.pulumi_project import settings_values
from infra_apply.inputs.settings import Settings, located

WITHOUT_EFFECT: Final = Code(
    "IA805",
    "setting without effect",
    "it names what nothing here has; most often that is a misspelling",
    "correct the name, or remove the setting",
    Severity.WARNING,
)
SECRET: Final = Code(
    "IA807",
    "secret in the settings",
    "a stack file is committed, and a repository keeps what was in it for ever",
    "remove it, and rotate it",
)
NO_DOOR_FOR_SSH: Final = Code(
    "IA808",
    "managed firewall without a door for ssh",
    "a firewall that lets nobody log in locks out its owner",
    "set `network.ssh` to the ranges that may, or to `[]` for nobody",
)
PORTS_OF_MANIFESTS: Final = Code(
    "IA811",
    "public without ports",
    "whoever can change a manifest of the project then chooses which port the world may reach",
    "name the ports: `network: {public: {shop: [8080]}}`",
    Severity.WARNING,
)
NOBODY_MAY_LOG_IN: Final = Code(
    "IA809",
    "nobody may log in",
    "what is made here is closed until the settings say who may log in",
    "set `network.ssh` to the ranges that may, or to `[]` for nobody",
    Severity.WARNING,
)
FLEET_UNNAMED: Final = Code(
    "IA810",
    "fleet without a name",
    "several companies may share an account, and the fleet's name keeps their things apart;"
    " preview and up need it",
    "set `fleet` to a short name, the same in every stack of this company",
    Severity.WARNING,
)


def check(fleet: Fleet) -> Iterator[Diagnostic | NotChecked]:
    """Report settings without effect, tags nobody takes, and secrets.

    Where a manifest or the mesh was not read, nothing is called unknown.
    """
    yield from quarantine.check(fleet)
    yield from _unnamed(fleet)
    yield from _logins(fleet)
    yield from _firewalls(fleet)
    for stack in fleet.stacks:
        yield from provider_settings.check(stack)
    settings = fleet.settings
    if settings is None:
        return
    yield from _secrets(settings)
    yield from _tags(settings)
    yield from _retired(fleet, settings)
    yield from _profiles(settings)
    yield from _shadows(fleet, settings)
    yield from _public(fleet, settings)
    if not fleet.unread:
        yield from _hosts(fleet, settings)
        yield from _projects(fleet, settings)
        yield from _unguarded(fleet, settings)
        yield from _owners(fleet, settings)
        yield from _clusters(fleet, settings)


def _hosts(fleet: Fleet, settings: Settings) -> Iterator[Diagnostic]:
    if fleet.mesh is None:
        return
    carrying = droplets(fleet)
    for name in settings.hosts:
        place = settings.key("hosts", name)
        host = fleet.mesh.hosts.get(name)
        if host is None and name not in carrying:
            message = f"no service runs on a host `{name}`, and the mesh has none"
            yield _without_effect(name, {*carrying, *fleet.mesh.hosts}, place, message)
        elif host and host.kind not in (None, "digitalocean") and name not in carrying:
            message = f"`{name}` is no droplet: the mesh knows it as {host.kind}"
            yield Diagnostic(
                WITHOUT_EFFECT, place, message, "remove it; only droplets are rendered"
            )


def _unguarded(fleet: Fleet, settings: Settings) -> Iterator[Diagnostic]:
    """Report settings that are to guard a host, and cannot: nobody renders it, or another stack."""
    carrying = droplets(fleet)
    for name, host in settings.hosts.items():
        if "firewall" in host.own_keys and host.lookup:
            message = f"`{name}` is only looked up here: the stack that owns it makes its firewall"
            place = settings.key("hosts", name, "firewall")
            yield Diagnostic(WITHOUT_EFFECT, place, message, "move it to that stack's settings")
        if name in carrying or any(machine(service) == name for service in fleet.services()):
            continue
        for key in ("firewall", "reservedPorts", "projects"):
            if key in host.own_keys:
                message = f"nobody renders `{name}`, so its `{key}` guards nothing"
                place = settings.key("hosts", name, key)
                yield Diagnostic(WITHOUT_EFFECT, place, message, "correct the host's name")


def _is_rendered(fleet: Fleet, settings: Settings, manifest: Manifest) -> bool:
    """Say whether a stack makes the host a service is on."""
    host = machine(manifest)
    carried = droplets(fleet).get(host or "", [])
    here = any(service.environment == settings.environment for service in carried)
    return manifest.provider == "digitalocean" and here and not settings.host(host or "").lookup


def _owners(fleet: Fleet, settings: Settings) -> Iterator[Diagnostic]:
    clusters = {manifest.database.cluster for manifest in fleet.manifests if manifest.database}
    profiles = {name for stack in fleet.stacks for name in stack.gpu_profiles}
    pools = (manifest.gpu for manifest in fleet.manifests if manifest.gpu)
    profiles |= {pool.droplet for pool in pools if pool.droplet}
    owners = settings.owners
    for kind, named, known in (
        ("projects", owners.projects, fleet.projects),
        ("clusters", owners.clusters, clusters),
        ("profiles", owners.profiles, profiles),
    ):
        for name in named:
            if name not in known:
                message = f"there is no `{name}` among the {kind} of the manifests"
                place = settings.key("owners", kind, name)
                yield _without_effect(name, known, place, message)


def _projects(fleet: Fleet, settings: Settings) -> Iterator[Diagnostic]:
    ports: dict[str, set[int]] = {}
    for manifest in fleet.services():
        if manifest.service and manifest.service.port is not None:
            ports.setdefault(manifest.project, set()).add(manifest.service.port)
    rendered = {
        manifest.project
        for manifest in fleet.services()
        if manifest.project in settings.network.public and _is_rendered(fleet, settings, manifest)
    }
    for name, opened in settings.network.public.items():
        place = settings.key("network", "public", name)
        if name not in ports:
            message = f"no project `{name}` has a service with a port to open"
            yield _without_effect(name, ports, place, message)
        elif name not in rendered:
            message = f"this stack renders no host of `{name}`, so it opens no port of it"
            hint = "remove it, or move it to the settings of the stack that owns the host"
            yield Diagnostic(WITHOUT_EFFECT, place, message, hint)
        for index, port in enumerate(opened or ()):
            if name in ports and port not in ports[name]:
                known = " and ".join(str(manifest) for manifest in sorted(ports[name]))
                message = f"`{name}` does not listen on port {port}, its manifests say {known}"
                place = settings.value("network", "public", name, index)
                yield Diagnostic(WITHOUT_EFFECT, place, message, f"write `{name}: [{known}]`")
    pools = {manifest.project for manifest in fleet.manifests if manifest.gpu is not None}
    for name in settings.gpu_pools:
        if name not in pools:
            place = settings.key("gpu", "pools", name)
            message = f"no project `{name}` declares a `gpu:` block"
            yield _without_effect(name, pools, place, message)


def _public(fleet: Fleet, settings: Settings) -> Iterator[Diagnostic]:
    """Report projects the world may reach on whatever port their manifests say."""
    for index, (name, ports) in enumerate(settings.network.public.items()):
        if ports is None:
            services = (
                manifest.service for manifest in fleet.services() if manifest.project == name
            )
            declared = sorted({service.port for service in services if service and service.port})
            listed = ", ".join(map(str, declared)) or "8080"
            message = f"`{name}` is public on every port; its manifests then choose the port"
            place = settings.document.key(*located("network", "public", name))
            if (*located("network", "public", name),) not in settings.document.keys:
                place = settings.value("network", "public", index)
            yield Diagnostic(PORTS_OF_MANIFESTS, place, message, f"write `{name}: [{listed}]`")


def _clusters(fleet: Fleet, settings: Settings) -> Iterator[Diagnostic]:
    used = {manifest.database.cluster for manifest in fleet.manifests if manifest.database}
    for name in settings.clusters:
        if name not in used:
            message = f"no manifest has a database on a cluster `{name}`"
            yield _without_effect(name, used, settings.key("databases", name), message)


def _retired(fleet: Fleet, settings: Settings) -> Iterator[Diagnostic]:
    """What is retired is gone, so its name cannot be checked; unless it is a host still in use.

    An instance may still have a manifest: one that lost its database, or moved to a mac.
    """
    instances = {naming.instance(*manifest.instance) for manifest in fleet.manifests}
    for host, carried in droplets(fleet).items():
        if host in settings.retired and host not in instances:
            message = f"the host `{host}` is retired, and still carries services"
            related = Related(carried[0].value("service", "host"), "this one, for example")
            hint = "move the services, or remove the setting"
            yield Diagnostic(
                WITHOUT_EFFECT, settings.key("retired", host), message, hint, (related,)
            )


def _profiles(settings: Settings) -> Iterator[Diagnostic]:
    for name, profile in settings.gpu_profiles.items():
        for index, size in enumerate(profile.sizes):
            if not is_gpu_size(size):
                place = settings.value("gpu", "profiles", name, "size", index)
                message = f"the size `{size}` of the GPU profile `{name}` has no GPU"
                yield Diagnostic(
                    WITHOUT_EFFECT, place, message, "name a size such as gpu-l40sx1-48gb"
                )


def _shadows(fleet: Fleet, settings: Settings) -> Iterator[Diagnostic]:
    for name in settings.external:
        owner = next((manifest for manifest in fleet.manifests if manifest.project == name), None)
        if owner is not None:
            message = f"the external service `{name}` hides the project `{name}`: nobody calls it"
            related = Related(owner.value("project"), f"the project `{name}`")
            place = settings.key("external", name)
            hint = "give the external service another name"
            yield Diagnostic(WITHOUT_EFFECT, place, message, hint, (related,))


def _tags(settings: Settings) -> Iterator[Diagnostic]:
    written: list[tuple[str, Path]] = [
        (tag, ("droplet", "tags", at)) for at, tag in enumerate(settings.droplet.tags)
    ]
    for name, host in settings.hosts.items():
        if "tags" in host.own_keys:
            own = enumerate(host.droplet.tags)
            written += [(tag, ("hosts", name, "tags", at)) for at, tag in own]
    for tag, at in written:
        if not naming.is_tag(tag):
            message = f"DigitalOcean takes no tag `{tag[:80]}`"
            hint = "use letters, digits, colons, dashes and underscores, 255 at most"
            yield Diagnostic(IMPOSSIBLE_NAME, settings.value(str(at[0]), *at[1:]), message, hint)


def _secrets(settings: Settings) -> Iterator[Diagnostic]:
    for at, text in redact.texts(settings_values(settings.document)):
        if redact.shaped_like_secret(text):
            name = ".".join(str(part) for part in at)
            message = f"`{name}` has the shape of a secret, and a stack file is committed"
            place = settings.value(str(at[0]), *at[1:])
            yield Diagnostic(SECRET, place, message, "remove it, and rotate it")


def _without_effect(name: str, known: Collection[str], place: Place, message: str) -> Diagnostic:
    hint = did_you_mean(name, known) or "remove it"
    return Diagnostic(WITHOUT_EFFECT, place, message, hint)


def _unnamed(fleet: Fleet) -> Iterator[Diagnostic]:
    for stack in fleet.stacks:
        if not stack.names_fleet:
            message = f"the stack {stack.stack} does not name its fleet"
            hint = "add `infra-apply:fleet: acme`, with your company's name"
            yield Diagnostic(FLEET_UNNAMED, stack.key("projects"), message, hint)


def _logins(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report stacks that make droplets and do not say who may log in to them."""
    for stack in fleet.stacks:
        makes_droplets = any(
            manifest.environment == stack.environment
            and (manifest.gpu or (manifest.provider == "digitalocean" and manifest.service))
            for manifest in fleet.manifests
        )
        if stack.network.ssh is None and makes_droplets:
            message = f"nobody may log in to the droplets of the stack {stack.stack}"
            hint = "add `infra-apply:network: {ssh: [198.51.100.0/24]}`, with your own range"
            yield Diagnostic(NOBODY_MAY_LOG_IN, stack.key("projects"), message, hint)


def _firewalls(fleet: Fleet) -> Iterator[Diagnostic]:
    """Report hosts with `firewall: managed` in a stack that does not say `network.ssh`."""
    for stack in fleet.stacks:
        if stack.network.ssh is not None:
            continue
        for name, host in stack.hosts.items():
            if host.firewall == "managed":
                message = f"the firewall of `{name}` would lock everybody out: nobody may log in"
                hint = "add `infra-apply:network: {ssh: [198.51.100.0/24]}`, with your own range"
                yield Diagnostic(
                    NO_DOOR_FOR_SSH, stack.key("hosts", name, "firewall"), message, hint
                )


RULE: Final = Rule(
    check,
    (
        WITHOUT_EFFECT,
        SECRET,
        NO_DOOR_FOR_SSH,
        NOBODY_MAY_LOG_IN,
        FLEET_UNNAMED,
        PORTS_OF_MANIFESTS,
        *provider_settings.CODES,
        *quarantine.CODES,
    ),
)
