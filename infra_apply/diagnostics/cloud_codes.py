"""The codes of rule `cloud`: what only a look at the account or the state can tell."""

from __future__ import annotations

from typing import Final

from infra_apply.diagnostics.code import Code, Severity

CLOUD_CODES: Final[dict[str, Code]] = {
    "IA901": Code(
        "unknown cluster",
        "databases are made on clusters that exist; none is ever made here",
        "correct `database.cluster`",
    ),
    "IA902": Code(
        "cluster without databases",
        "the engine of this cluster has no logical databases and users",
        "name a PostgreSQL or MySQL cluster",
    ),
    "IA903": Code(
        "unknown ssh key or network",
        "a droplet made without its key could not be entered",
        "correct the name in the settings, or add it to the account",
    ),
    "IA904": Code(
        "droplet larger than planned",
        "somebody resized it; making it smaller would power it off, and its disk cannot shrink",
        "write its size into the settings of the host",
        Severity.WARNING,
    ),
    "IA905": Code(
        "hosts without a firewall",
        "every port of the host is open to the world as long as nobody says who may log in",
        "set `network.ssh` to the ranges that may, or to `[]` for nobody",
        Severity.WARNING,
    ),
    "IA906": Code(
        "another firewall on a host",
        "firewalls on one droplet add up: what one of them admits is admitted",
        "remove the droplet or its tags from that firewall, if it should not be open",
        Severity.WARNING,
    ),
    "IA907": Code(
        "slot without an ssh key",
        "DigitalOcean refuses a GPU droplet without one",
        "name a key of the account in `droplet.sshKeys`",
    ),
    "IA908": Code(
        "droplet that cannot be adopted",
        "a host stands for one droplet; a wrong id would take over, or leave behind, another one",
        "write the id of the droplet the host is, as `doctl compute droplet list` shows it",
    ),
    "IA909": Code(
        "host that is several droplets",
        "an update that was killed, or an answer that was lost, made a droplet twice; both bill",
        "destroy those that are not in use",
    ),
}
