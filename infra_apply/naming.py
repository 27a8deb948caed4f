"""Every name we make. A name depends on (project, environment) or on a host's name alone."""

from __future__ import annotations

import re
from typing import Final

OWNING_ROLE: Final = "infra_apply_"
"""How a role begins that owns what is made in a database; the database's name follows."""


def instance(project: str, environment: str) -> str:
    """Name an instance: `shop` in prod, `shop-dev` in dev.

    It is the key in the mesh's services map, the name of the droplet of a service that names no
    host, and the name of the instance's resources.
    """
    return project if environment == "prod" else f"{project}-{environment}"


def owner_tag(fleet: str, environment: str) -> str:
    """Name the tag that says which stack made a droplet."""
    return f"infra-apply:{tag_text(fleet)}:{environment}"


def environment_tag(environment: str) -> str:
    """Name the tag of everything of one environment."""
    return f"env:{environment}"


def project_tag(project: str) -> str:
    """Name the tag of the droplets that carry a project."""
    return f"project:{tag_text(project)}"


def cluster_tag(cluster: str) -> str:
    """Name the tag a cluster's owner lets in, on droplets that use the cluster."""
    return f"db:{tag_text(cluster)}"


def host_tag(fleet: str, host: str) -> str:
    """Name the tag a host's firewall attaches by, and by which others' firewalls admit it.

    The fleet is part of it because several companies may share an account.
    """
    return f"{_HOST}:{tag_text(fleet)}:{tag_text(host)}"


def pool_tag(fleet: str, project: str, environment: str) -> str:
    """Name the tag of every slot of a pool, which its firewall attaches by."""
    return f"{_POOL}:{tag_text(fleet)}:{tag_text(instance(project, environment))}"


def former_tag(fleet: str, tag: str) -> str | None:
    """Return what a host's or pool's tag was before fleets were part of it; None for another."""
    word, _, rest = tag.partition(":")
    prefix = f"{tag_text(fleet)}:"
    return f"{word}:{rest.removeprefix(prefix)}" if word in {_HOST, _POOL} else None


def host_firewall(fleet: str, host: str) -> str:
    """Name a host's firewall in DigitalOcean, where names of firewalls are unique in an account."""
    return f"{fleet}-{host}"


def pool_firewall(fleet: str, project: str, environment: str) -> str:
    """Name the firewall of a pool's slots, likewise."""
    return f"{fleet}-{instance(project, environment)}-gpu"


def slot_droplet(project: str, environment: str, slot: str) -> str:
    """Name the droplet of a slot: `transcribe-gpu-k3x7qa`."""
    return f"{instance(project, environment)}-gpu-{slot}"


def slot_of_droplet(name: str) -> tuple[str, str] | None:
    """Return the pool (an instance's name) and the slot's id that a droplet's name says, else None.

    The id is in small letters, however the name is written.
    """
    match = _SLOT_DROPLET.fullmatch(name)
    return (match[1], match[2].lower()) if match else None


def slot_tag(fleet: str, pool: str, slot: str) -> str:
    """Name the tag that makes a GPU droplet a slot: nothing without one is ever reaped.

    `pool` is an instance's name. The fleet is part of it because several companies may share an
    account.
    """
    return f"{slot_tags_of_fleet(fleet)}{_part(pool)}:{slot}"


def slot_tags_of_fleet(fleet: str) -> str:
    """Return how the tag of each of a fleet's slots begins."""
    return f"{_SLOT}:{_part(fleet)}:"


def former_slot_tag(pool: str, slot: str) -> str:
    """Name the tag that a slot had before fleets were part of it: its owner's tag says whose."""
    return f"{_SLOT}:{_part(pool)}:{slot}"


def deadline_tag(seconds: int) -> str:
    """Name the tag that says when a slot ends at the latest, in seconds since 1970."""
    return f"{_DEADLINE}:{seconds}"


def lease_tag(seconds: int) -> str:
    """Name the tag that says when a slot's worker was last known to be busy, likewise."""
    return f"{_LEASE}:{seconds}"


def deadline_of_tag(tag: str) -> str | None:
    """Return what a deadline's tag says, which need not be a number; None for another tag."""
    return _after(_DEADLINE, tag)


def lease_of_tag(tag: str) -> str | None:
    """Return what a lease's tag says, which need not be a number; None for another tag."""
    return _after(_LEASE, tag)


def heartbeat_tag(fleet: str, seconds: int) -> str:
    """Name the tag that says when a fleet's reaper last ran, in seconds since 1970.

    The account has it, and no droplet.
    """
    return f"{_REAPER}:{_part(fleet)}:{seconds}"


def heartbeat_of_tag(fleet: str, tag: str) -> str | None:
    """Return what a heartbeat of a fleet says, which need not be a number; None for another tag."""
    before = f"{_REAPER}:{_part(fleet)}:".lower()
    return tag[len(before) :] if tag.lower().startswith(before) else None


def is_slot_tag(tag: str) -> bool:
    """Say whether a tag is some slot's, readable or not; DigitalOcean ignores a tag's case."""
    return tag.lower().startswith(f"{_SLOT}:")


def names_fleet(tag: str) -> bool:
    """Say whether a tag has the parts of a slot's with its fleet; a former one has one part less.

    What the parts say need not be true.
    """
    return is_slot_tag(tag) and tag.count(":") == _PARTS_AFTER_WORD


def is_owner_tag(tag: str) -> bool:
    """Say whether a tag is some stack's, `infra-apply:<fleet>:<environment>`."""
    return tag.lower().startswith("infra-apply:")


def owning_fleet(tag: str) -> str | None:
    """Return the fleet that an owner's tag names, as `tag_text` writes it in small letters."""
    return tag.lower().split(":", 1)[1].rpartition(":")[0] if is_owner_tag(tag) else None


def is_host_tag(tag: str) -> bool:
    """Say whether a tag is some host's, of whatever fleet."""
    return tag.lower().startswith("infra-apply-host:")


def pool_stack(environment: str, project: str) -> str:
    """Name the stack that holds a pool's slots."""
    return f"{environment}.gpu.{project}"


def pool_of_stack(stack: str) -> tuple[str, str] | None:
    """Return the environment and the project of a pool's stack, None for any other stack."""
    environment, marker, project = stack.partition(".gpu.")
    return (environment, project) if environment and marker and project else None


def is_ours(tag: str) -> bool:
    """Say whether a tag is of the kinds made here; only those are ever removed."""
    return tag.startswith(_OUR_KINDS)


def tag_text(text: str) -> str:
    r"""Replace what a tag cannot hold, so that no two texts become one tag, in whatever case.

    The provider takes `^[a-zA-Z0-9:\\-_]{1,255}$` (measured: a dot fails the preview). Any other
    character becomes `_x<hex>_`; so does an underscore before an `x`, so that nothing collides.
    A tag is never turned back into a text: what a name would be tagged with is compared instead.
    """
    return _NOT_IN_TAG.sub(lambda match: f"_x{ord(match[0]):x}_", text)


def second_login(user: str) -> str:
    """Name the user that takes turns with a database's own: `shop_2` with `shop`."""
    return f"{user}_2"


def second_login_resource(instance: str) -> str:
    """Name that user's resource: as no instance is called, since no project has such a sign."""
    return f"{instance}#2"


def variable(dependency: str) -> str:
    """Name the environment variable that holds a dependency's URL: `geo-api` -> `GEO_API_URL`."""
    return re.sub(r"[^A-Z0-9]", "_", dependency.upper()) + "_URL"


def is_droplet_name(name: str) -> bool:
    """Say whether DigitalOcean takes it for a droplet (its OpenAPI, `droplet_create`)."""
    return len(name) <= _MAX_NAME and bool(_DROPLET_NAME.fullmatch(name))


def is_tag(tag: str) -> bool:
    """Say whether the DigitalOcean provider takes it as a tag."""
    return bool(_TAG.fullmatch(tag))


def _part(text: str) -> str:
    """Replace in a part of a tag what separates the parts, too."""
    return tag_text(text).replace(":", "_x3a_")


def _after(kind: str, tag: str) -> str | None:
    word, colon, rest = tag.partition(":")
    return rest if word.lower() == kind and colon else None


_OUR_KINDS: Final = (
    "env:",
    "project:",
    "db:",
    "infra-apply:",
    "infra-apply-host:",
    "infra-apply-pool:",
    "infra-apply-slot:",
    "infra-apply-deadline:",
    "infra-apply-lease:",
)
_HOST: Final = "infra-apply-host"
_POOL: Final = "infra-apply-pool"
_SLOT: Final = "infra-apply-slot"
_DEADLINE: Final = "infra-apply-deadline"
_LEASE: Final = "infra-apply-lease"
_REAPER: Final = "infra-apply-reaper"
_MAX_NAME: Final = 255
_DROPLET_NAME: Final = re.compile(r"[a-zA-Z0-9]?[a-z0-9A-Z.\-]*[a-z0-9A-Z]")
_TAG: Final = re.compile(r"[a-zA-Z0-9:\-_]{1,255}")
_NOT_IN_TAG: Final = re.compile(r"[^a-zA-Z0-9:\-_]|_(?=[xX])")
_SLOT_DROPLET: Final = re.compile(r"([a-z0-9A-Z.\-]+)-gpu-([a-zA-Z2-7]{6})")
_PARTS_AFTER_WORD: Final = 3
