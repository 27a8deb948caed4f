"""Every code a diagnostic can have: its rule, why it matters and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Code:
    """What stands behind a code; the text is Markdown."""

    rule: str
    title: str
    why: str
    fix: str


def rule_of(code: str) -> str:
    """Return the rule a code belongs to."""
    return CODES[code].rule


_TYPES: Final = "YAML guesses types from how a value looks; the convention says what each key holds"
_SILENT: Final = "a manifest nobody reads is infrastructure that silently is not there"
_ACCESS: Final = (
    "a manifest says what exists; passcodes, bind addresses and keys say who gets in, and a "
    "repository keeps them for ever (convention, env_variants)"
)

CODES: Final[dict[str, Code]] = {
    "IA001": Code(
        "yaml",
        "not YAML",
        "nothing of the file can be used until it parses",
        "mend the syntax at the place named; indent with spaces",
    ),
    "IA002": Code(
        "yaml",
        "file too large",
        "a manifest is a page of text; a huge file is a mistake or an attack",
        "move everything that is not infrastructure out of the manifest",
    ),
    "IA003": Code(
        "yaml",
        "not UTF-8 text",
        "another encoding or an invisible character is read differently by every tool",
        "save the file as UTF-8 and remove control characters",
    ),
    "IA004": Code(
        "yaml",
        "not a mapping",
        "a manifest is a mapping of keys; an empty file or a list declares nothing",
        "begin with `apiVersion: infra/v1`",
    ),
    "IA005": Code(
        "yaml",
        "second document",
        "a file with `---` in it holds two manifests, and only one would be read",
        "keep one document; another environment has a file of its own",
    ),
    "IA006": Code(
        "yaml",
        "nested or expanded without end",
        "aliases that multiply, or brackets without end, exhaust memory",
        "write the values out",
    ),
    "IA007": Code(
        "yaml",
        "tag",
        "tags such as `!!python/...` ask a reader to build objects",
        "remove the tag; put text in quotes",
    ),
    "IA008": Code("yaml", "half a value", _TYPES, "put the value in quotes if it is text"),
    "IA009": Code(
        "yaml",
        "key that is no text",
        "a list or mapping as a key, or a merge of something else, has no meaning in a manifest",
        "write `name: value`",
    ),
    "IA010": Code(
        "yaml",
        "key given twice",
        "most readers keep the last one without a word; which was meant is unknown",
        "keep one of the two",
    ),
    "IA011": Code("yaml", "manifest cannot be read", _SILENT, "make it a readable, regular file"),
    "IA012": Code("yaml", "value read as another", _TYPES, "write a port as a plain number"),
    "IA101": Code("schema", "missing key", "the convention requires it", "add the key"),
    "IA102": Code(
        "schema",
        "unknown key",
        "a misspelt key would be ignored, and what it says would silently not happen",
        "correct or remove the key",
    ),
    "IA103": Code("schema", "wrong type", _TYPES, "write a value of the type the message names"),
    "IA104": Code(
        "schema", "not one of the values", "the convention lists what it can be", "choose one"
    ),
    "IA105": Code("schema", "access config in a manifest", _ACCESS, "remove it from the manifest"),
    "IA201": Code(
        "own_db",
        "database claimed twice",
        "two services on one database are coupled through it, and either can break the other",
        "give each instance a database of its own, and let one call the other over HTTP",
    ),
    "IA202": Code(
        "own_db",
        "database user claimed twice",
        "with shared credentials nobody can be locked out, or rotated, alone",
        "give each instance a user of its own",
    ),
    "IA203": Code(
        "own_db",
        "name of the cluster's own",
        "`defaultdb`, `doadmin` and the like belong to the cluster and everything on it",
        "choose a name after the project",
    ),
    "IA204": Code(
        "own_db",
        "name no engine takes",
        "the database could never be made",
        "use letters, digits and underscores, 63 at most",
    ),
    "IA301": Code(
        "http_coupling",
        "unknown dependency",
        "nobody would open a port for it, and no URL could be given",
        "correct the name, or add it to the setting `external`",
    ),
    "IA302": Code("http_coupling", "depends on itself", "it says nothing", "remove the entry"),
    "IA303": Code("http_coupling", "named twice", "it says nothing new", "keep one entry"),
    "IA304": Code(
        "http_coupling",
        "dependency without a port",
        "a dependency is called over HTTP, so it needs a service and a port",
        "declare `service.port` in the dependency's manifest",
    ),
    "IA305": Code(
        "http_coupling",
        "two dependencies under one variable",
        "their URLs would be given in one environment variable, and one would be lost",
        "rename one of them",
    ),
    "IA306": Code(
        "http_coupling",
        "dev uses prod",
        "a dev instance without a dev neighbour talks to the real one",
        "add a `.infra.dev.yaml` to the dependency, if that is not meant",
    ),
    "IA307": Code(
        "http_coupling",
        "circle of dependencies",
        "none of the services can be started, moved or removed alone",
        "turn one of the calls round",
    ),
    "IA308": Code(
        "http_coupling",
        "prod would use dev",
        "what is real never depends on what is tried out",
        "give the dependency a prod manifest",
    ),
    "IA401": Code(
        "gpu_ondemand", "no mode", "there is only on-demand, and it should say so", "add the mode"
    ),
    "IA402": Code(
        "gpu_ondemand",
        "no droplet",
        "without a size there is nothing to render",
        "name a GPU size or a profile",
    ),
    "IA403": Code(
        "gpu_ondemand",
        "unknown GPU size or profile",
        "a slot of this size could never be made, or would not be a GPU",
        "correct it, or add a profile to the settings",
    ),
    "IA404": Code(
        "gpu_ondemand",
        "standing GPU",
        "a GPU host bills around the clock, also when it is switched off",
        "declare a `gpu:` block and a smaller host",
    ),
    "IA501": Code(
        "host_in_mesh",
        "unknown host",
        "a service on a host the mesh does not know is in no picture, and cannot be reached",
        "correct the name, or add the host to net-tools' mesh-hosts.json",
    ),
    "IA502": Code(
        "host_in_mesh",
        "host of another kind",
        "a droplet would be made for a machine that is a mac, or the other way round",
        "correct `provider` or `service.host`",
    ),
    "IA503": Code(
        "host_in_mesh",
        "mesh that cannot be read",
        "without the mesh no host can be checked; a broken file is not an empty mesh",
        "mend the file, or correct the setting `meshHosts`",
    ),
    "IA504": Code(
        "host_in_mesh",
        "service without a host",
        "it gets a droplet of its own, which the mesh does not know",
        "add the droplet's name to the mesh and to the manifest",
    ),
    "IA601": Code(
        "env_variants",
        "name and environment disagree",
        "prod could be changed by what looks like a dev file",
        "make the file's name and `environment` say the same",
    ),
    "IA602": Code("env_variants", "manifest of no environment", _SILENT, "rename the file"),
    "IA603": Code("env_variants", "file that is not read", _SILENT, "rename the file"),
    "IA604": Code(
        "env_variants",
        "instance declared twice",
        "two folders cannot both say where one instance runs",
        "rename a project or remove a manifest",
    ),
    "IA605": Code("env_variants", "value with the shape of a secret", _ACCESS, "remove and rotate"),
    "IA701": Code(
        "fleet",
        "port taken",
        "only one process can listen on a port of a machine",
        "choose another port or host",
    ),
    "IA702": Code(
        "fleet",
        "systemd unit taken",
        "a machine has one unit of a name",
        "choose another unit or host",
    ),
    "IA703": Code(
        "fleet",
        "host without an owner",
        "two stacks would both make, or both delete, one machine",
        "set `lookup: true` for the host in the stack that does not own it",
    ),
    "IA704": Code("fleet", "port out of range", "a TCP port is 1 to 65535", "correct the port"),
    "IA705": Code(
        "fleet",
        "name that cannot be made",
        "DigitalOcean or Pulumi would refuse it, in the middle of an update",
        "choose a name of letters, digits and dashes",
    ),
    "IA706": Code(
        "fleet",
        "names that become the same",
        "two things under one name overwrite each other",
        "rename one of the two",
    ),
    "IA707": Code(
        "fleet",
        "folder that is not there",
        "a missing checkout must never look like a deleted project",
        "check the project out, or remove it from the list",
    ),
    "IA708": Code(
        "fleet",
        "pattern that matches nothing",
        "an empty match must never look like a company without projects",
        "correct the pattern",
    ),
    "IA709": Code(
        "fleet",
        "folder without a manifest",
        "it was named, so something was expected there",
        "add a manifest, or remove the folder from the list",
    ),
    "IA801": Code("settings", "missing setting", "the stack cannot be planned without", "add it"),
    "IA802": Code("settings", "unknown setting", "it would be ignored", "correct or remove it"),
    "IA803": Code("settings", "wrong type of setting", _TYPES, "write what the message names"),
    "IA804": Code("settings", "not one of the values", "it has a few values only", "choose one"),
    "IA806": Code(
        "settings",
        "user data that cannot be used",
        "a droplet made without its script would never become what it should be",
        "correct the path; it is relative to Pulumi.yaml",
    ),
    "IA901": Code(
        "cloud",
        "unknown cluster",
        "databases are made on clusters that exist; none is ever made here",
        "correct `database.cluster`",
    ),
    "IA902": Code(
        "cloud",
        "cluster without databases",
        "the engine of this cluster has no logical databases and users",
        "name a PostgreSQL or MySQL cluster",
    ),
    "IA903": Code(
        "cloud",
        "unknown ssh key or network",
        "a droplet made without its key could not be entered",
        "correct the name in the settings, or add it to the account",
    ),
}
