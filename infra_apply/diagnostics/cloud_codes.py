"""The codes of rule `cloud`: what only a look at the account or the state can tell.

They stand here, and not beside the checks that report them, because several packages above do.
"""

from __future__ import annotations

from typing import Final

from infra_apply.diagnostics.code import Code, Severity

UNKNOWN_CLUSTER: Final = Code(
    "IA901",
    "unknown cluster",
    "databases are made on clusters that exist; none is ever made here",
    "correct `database.cluster`",
)
NO_DATABASES_ON_CLUSTER: Final = Code(
    "IA902",
    "cluster without databases",
    "the engine of this cluster has no logical databases and users",
    "name a PostgreSQL or MySQL cluster",
)
UNKNOWN_KEY_OR_NETWORK: Final = Code(
    "IA903",
    "unknown ssh key or network",
    "a droplet made without its key could not be entered",
    "correct the name in the settings, or add it to the account",
)
LARGER_THAN_PLANNED: Final = Code(
    "IA904",
    "droplet larger than planned",
    "somebody resized it; making it smaller would power it off, and its disk cannot shrink",
    "write its size into the settings of the host",
    Severity.WARNING,
)
HOSTS_WITHOUT_FIREWALL: Final = Code(
    "IA905",
    "hosts without a firewall",
    "every port of the host is open to the world as long as nobody says who may log in",
    "set `network.ssh` to the ranges that may, or to `[]` for nobody",
    Severity.WARNING,
)
ANOTHER_FIREWALL: Final = Code(
    "IA906",
    "another firewall on a host",
    "firewalls on one droplet add up: what one of them admits is admitted",
    "remove the droplet or its tags from that firewall, if it should not be open",
    Severity.WARNING,
)
SLOT_WITHOUT_KEY: Final = Code(
    "IA907",
    "slot without an ssh key",
    "DigitalOcean refuses a GPU droplet without one",
    "name a key of the account in `droplet.sshKeys`",
)
NOT_ADOPTABLE: Final = Code(
    "IA908",
    "droplet that cannot be adopted",
    "a host stands for one droplet; a wrong id would take over, or leave behind, another one",
    "write the id of the droplet the host is, as `doctl compute droplet list` shows it",
)
SEVERAL_DROPLETS: Final = Code(
    "IA909",
    "host that is several droplets",
    "an update that was killed, or an answer that was lost, made a droplet twice; both bill",
    "destroy those that are not in use",
)

CODES: Final = (
    UNKNOWN_CLUSTER,
    NO_DATABASES_ON_CLUSTER,
    UNKNOWN_KEY_OR_NETWORK,
    LARGER_THAN_PLANNED,
    HOSTS_WITHOUT_FIREWALL,
    ANOTHER_FIREWALL,
    SLOT_WITHOUT_KEY,
    NOT_ADOPTABLE,
    SEVERAL_DROPLETS,
)
