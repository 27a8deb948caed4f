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

TAKEN_UP: Final = Code(
    "IA910",
    "made by an update that did not finish",
    "its create was answered too late or not at all, so the state never heard of it",
    "nothing is to be done if it is yours: it is taken into the state, and not made again",
    Severity.WARNING,
)
NOT_OURS: Final = Code(
    "IA911",
    "name of something that is not ours",
    "what has the name already may be somebody's server or data, or ours from before",
    "adopt it, or choose another name",
)
OF_ANOTHER_STACK: Final = Code(
    "IA912",
    "droplet of another stack",
    "one stack owns a droplet; two would undo each other's changes",
    "write `lookup: true` for the host in the stack that does not own it",
)
ANOTHER_THAN_REMEMBERED: Final = Code(
    "IA913",
    "not the one the state remembers",
    "swapping what the state remembers for another one would lose the first, or its data",
    "look which one is meant, and adopt that",
)
ANOTHER_CLUSTER: Final = Code(
    "IA914",
    "cluster with another id",
    "a cluster that was restored, or made again under its name, is another one, and the databases "
    "remembered are on the old one",
    "let go of the databases of the old cluster, then adopt those of the new one",
)
WOULD_REPLACE: Final = Code(
    "IA915",
    "change that would replace",
    "DigitalOcean cannot change this in place: what is there would be destroyed and made anew",
    "put the old value back, or make the new one beside it and retire the old",
)
NOT_OFFERED: Final = Code(
    "IA916",
    "size or region that is not offered",
    "a resize that is refused has powered its droplet off already, and a create fails half way",
    "name a size and a region of the account, as `doctl compute size list` shows them",
)
DROPLET_LIMIT: Final = Code(
    "IA917",
    "more droplets than the account may have",
    "the update would stop at the first droplet beyond the limit",
    "have DigitalOcean raise the limit, or plan fewer hosts",
)
ADOPTED_DIFFERS: Final = Code(
    "IA918",
    "adopted droplet that differs from its entry",
    "taking over a droplet changes nothing of it but tags, so that nothing is lost by a slip",
    "write what the droplet is, and change that in a later update",
)
NO_LONGER_PLANNED: Final = Code(
    "IA919",
    "remembered and no longer planned",
    "a manifest that is missing, moved or misspelt must not delete what people use",
    "bring it back, or say in `retired` that it is meant to go",
)
RETIRED_AND_PLANNED: Final = Code(
    "IA920",
    "retired and planned",
    "it cannot stay and go",
    "remove it from `retired`, or from the manifests",
)
STATE_IS_EMPTY: Final = Code(
    "IA921",
    "empty state",
    "the account has droplets of this stack and the state knows of none: it is the wrong state, or "
    "it was lost",
    "name the backend that holds the state, or adopt what is there",
)
POWERS_OFF: Final = Code(
    "IA922",
    "resize",
    "a droplet is powered off while it is resized, for about a minute",
    "apply it when nobody needs the host",
    Severity.WARNING,
)
IGNORED_CHANGE: Final = Code(
    "IA923",
    "change that is ignored",
    "it only counts when a droplet is made; changing it on one that runs would replace it",
    "make a new host if it is to have it",
    Severity.WARNING,
)
GONE_FROM_ACCOUNT: Final = Code(
    "IA924",
    "gone from the account",
    "somebody removed it outside; it is made again, without what was in it",
    "restore a backup if its data is needed",
    Severity.WARNING,
)
LETTING_GO: Final = Code(
    "IA925",
    "retired, and not gone yet",
    "what is protected goes in two updates: the first lifts the protection, the second lets go",
    "apply once more",
    Severity.WARNING,
)
SERVICE_LEFT_HOST: Final = Code(
    "IA926",
    "service that left a host",
    "what it keeps on the host's disk does not move with it",
    "copy its files, then apply",
    Severity.WARNING,
)
FLEET_WITHOUT_NAME: Final = Code(
    "IA927",
    "fleet without a name",
    "the fleet's name stands in every tag and name that says whose a thing is, and several"
    " companies may share an account: one that is everybody's would mix them up",
    "set `fleet` in every stack's settings",
)
AT_ODDS_WITH_QUARANTINE: Final = Code(
    "IA928",
    "state at odds with a quarantine",
    "what a quarantined project has stays exactly as it is, so nobody can take its names and ports,"
    " and it must be known what it has",
    "take back what is at odds with it, or end the quarantine first",
)
SHARED_BY_ENGINE: Final = Code(
    "IA929",
    "cluster whose users share its databases",
    "DigitalOcean's API limits no MySQL user to a database: each opens what the others have",
    "put what has to be kept apart on a PostgreSQL cluster, or on a cluster of its own",
    Severity.WARNING,
)
DEFAULT_IS_CLOSED: Final = Code(
    "IA930",
    "default database that is closed",
    "until it is closed every user of a cluster may connect to it, and may be used to that",
    "let nobody need it first, or remove `closeDefault`",
    Severity.WARNING,
)
OPEN_TO_EVERYBODY: Final = Code(
    "IA931",
    "database that is open to everybody",
    "by default PostgreSQL lets every user of a server connect to every database; none that no"
    " manifest declares is touched here",
    "declare it in a manifest, or close it with SQL",
    Severity.WARNING,
)
CANNOT_TAKE_TURNS: Final = Code(
    "IA932",
    "logins of a database that cannot take turns",
    "a password is changed without a failed query only where a second user can take over all that"
    " the first one made, and where at most one of the two is still to be closed",
    "do what the hint says; `infra-apply db reset-password` changes the password that there is, and"
    " says what breaks",
)

CODES: Final = (
    UNKNOWN_CLUSTER,
    NO_DATABASES_ON_CLUSTER,
    UNKNOWN_KEY_OR_NETWORK,
    LARGER_THAN_PLANNED,
    ANOTHER_FIREWALL,
    SLOT_WITHOUT_KEY,
    NOT_ADOPTABLE,
    SEVERAL_DROPLETS,
    TAKEN_UP,
    NOT_OURS,
    OF_ANOTHER_STACK,
    ANOTHER_THAN_REMEMBERED,
    ANOTHER_CLUSTER,
    WOULD_REPLACE,
    NOT_OFFERED,
    DROPLET_LIMIT,
    ADOPTED_DIFFERS,
    NO_LONGER_PLANNED,
    RETIRED_AND_PLANNED,
    STATE_IS_EMPTY,
    POWERS_OFF,
    IGNORED_CHANGE,
    GONE_FROM_ACCOUNT,
    LETTING_GO,
    SERVICE_LEFT_HOST,
    FLEET_WITHOUT_NAME,
    AT_ODDS_WITH_QUARANTINE,
    SHARED_BY_ENGINE,
    DEFAULT_IS_CLOSED,
    OPEN_TO_EVERYBODY,
    CANNOT_TAKE_TURNS,
)
