"""Every code a diagnostic can have: its severity, why it matters and what mends it."""

from __future__ import annotations

from typing import Final

from infra_apply.diagnostics.cloud_codes import CLOUD_CODES
from infra_apply.diagnostics.code import Code, Severity

__all__ = ["CODES", "Code", "Severity", "rule_of"]


def rule_of(code: str) -> str:
    """Return the rule a code belongs to."""
    return _RULES[code[2]]


_RULES: Final = {
    "0": "yaml",
    "1": "schema",
    "2": "own_db",
    "3": "http_coupling",
    "4": "gpu_ondemand",
    "5": "host_in_mesh",
    "6": "env_variants",
    "7": "fleet",
    "8": "settings",
    "9": "cloud",
}
_TYPES: Final = "YAML guesses types from how a value looks; the convention says what each key holds"
_SILENT: Final = "a manifest nobody reads is infrastructure that silently is not there"
_ACCESS: Final = (
    "a manifest says what exists; passcodes, bind addresses and keys say who gets in, and a "
    "repository keeps them for ever (convention, env_variants)"
)

CODES: Final[dict[str, Code]] = {
    "IA001": Code(
        "not YAML",
        "nothing of the file can be used until it parses",
        "mend the syntax at the place named; indent with spaces",
    ),
    "IA002": Code(
        "file too large",
        "a manifest is a page of text; a huge file is a mistake or an attack",
        "move everything that is not infrastructure out of the manifest",
    ),
    "IA003": Code(
        "not UTF-8 text",
        "another encoding or an invisible character is read differently by every tool",
        "save the file as UTF-8 and remove control characters",
    ),
    "IA004": Code(
        "not a mapping",
        "a manifest is a mapping of keys; an empty file or a list declares nothing",
        "begin with `apiVersion: infra/v1`",
    ),
    "IA005": Code(
        "second document",
        "a file with a second `---` holds two manifests, and only one of them would be used",
        "keep one document; another environment has a file of its own",
    ),
    "IA006": Code(
        "nested or expanded too far",
        "aliases that multiply, or brackets without end, exhaust a reader's memory",
        "write the values out",
    ),
    "IA007": Code(
        "tag",
        "tags such as `!!python/...` ask a reader to build objects, and a manifest is plain values",
        "remove the tag; put text in quotes",
    ),
    "IA008": Code(
        "value that is not what it looks like",
        "YAML takes it for a date or a number by its look, and cannot make one of it",
        "put the value in quotes if it is text, else correct it",
    ),
    "IA009": Code(
        "key that is no text",
        "a list or mapping as a key, or a merge of something else, has no meaning in a manifest",
        "write `name: value`",
    ),
    "IA010": Code(
        "key or anchor given twice",
        "most readers keep the last one without a word, some refuse; which was meant is unknown",
        "keep one of the two",
    ),
    "IA011": Code("manifest cannot be read", _SILENT, "make it a readable, regular file"),
    "IA012": Code(
        "number that is not what it looks like",
        "YAML 1.1 reads `22:22` as 1342 (base sixty) and `017` as 15 (octal)",
        "write a port as a plain decimal number",
        Severity.WARNING,
    ),
    "IA101": Code(
        "missing key",
        "the convention requires it",
        "add the key; the hint shows how it looks",
    ),
    "IA102": Code(
        "unknown key",
        "a misspelt key would be ignored, and what it says would silently not happen",
        "correct or remove the key",
    ),
    "IA103": Code("wrong type", _TYPES, "write a value of the type the message names"),
    "IA104": Code(
        "not one of the values",
        "the convention lists what it can be",
        "choose one of them",
    ),
    "IA105": Code(
        "access config in a manifest",
        _ACCESS,
        "remove it; keep it in the service's own environment, and rotate it if it was committed",
    ),
    "IA201": Code(
        "database claimed twice",
        "two services on one database are coupled through it, and either can break the other",
        "give each instance a database of its own, and let one call the other over HTTP",
    ),
    "IA202": Code(
        "database user claimed twice",
        "with shared credentials nobody can be locked out, or rotated, alone",
        "give each instance a user of its own",
    ),
    "IA203": Code(
        "name of the cluster's own",
        "`defaultdb`, `doadmin` and the like belong to the cluster and everything on it",
        "choose a name after the project",
    ),
    "IA204": Code(
        "name no engine takes",
        "the database could never be made",
        "use letters, digits and underscores, 63 at most",
    ),
    "IA301": Code(
        "unknown dependency",
        "nobody would open a port for it, and no URL could be given",
        "correct the name, or add a service outside the company to the setting `external`",
    ),
    "IA302": Code(
        "depends on itself",
        "a service needs no leave to call itself",
        "remove the entry",
    ),
    "IA303": Code(
        "dependency named twice",
        "the second says nothing new, and may be a slip for another",
        "keep one entry",
    ),
    "IA304": Code(
        "dependency without a port",
        "a dependency is called over HTTP, so it needs a service and a port",
        "declare `service.port` in the dependency's manifest",
    ),
    "IA305": Code(
        "two dependencies under one variable",
        "their URLs would be given in one environment variable, and one would be lost",
        "rename one of them",
    ),
    "IA306": Code(
        "dev uses prod",
        "a dev instance without a dev neighbour talks to the real one",
        "add a `.infra.dev.yaml` to the dependency, if that is not meant",
        Severity.WARNING,
    ),
    "IA307": Code(
        "circle of dependencies",
        "none of the services can be started, moved or removed alone",
        "turn one of the calls round",
        Severity.WARNING,
    ),
    "IA308": Code(
        "prod would use dev",
        "what is real never depends on what is tried out",
        "give the dependency a prod manifest",
    ),
    "IA401": Code(
        "no mode",
        "there is only on-demand, and it should say so",
        "add the mode",
        Severity.WARNING,
    ),
    "IA402": Code(
        "no droplet",
        "without a GPU size or a profile there is nothing to render",
        "name a GPU size or a profile",
    ),
    "IA403": Code(
        "unknown GPU size or profile",
        "a slot of this size could never be made, or would not be a GPU",
        "correct it, or add a profile to the settings",
    ),
    "IA404": Code(
        "standing GPU",
        "a GPU host bills around the clock, also when it is switched off",
        "declare a `gpu:` block and a smaller host",
        Severity.WARNING,
    ),
    "IA405": Code(
        "slot that never takes a job",
        "without user data or an image of its own nothing starts on a slot, and it bills",
        "give the GPU profile `userData`, or an `image` that starts the work by itself",
    ),
    "IA501": Code(
        "unknown host",
        "a service on a host the mesh does not know is in no picture, and cannot be reached",
        "correct the name, or add the host to net-tools' mesh-hosts.json",
    ),
    "IA502": Code(
        "host of another kind",
        "a droplet would be made for a machine that is a mac, or the other way round",
        "correct `provider` or `service.host`",
    ),
    "IA503": Code(
        "mesh that cannot be read",
        "without the mesh no host can be checked; a broken file is not an empty mesh",
        "mend the file, or correct the setting `meshHosts`",
    ),
    "IA504": Code(
        "service without a host",
        "it gets a droplet of its own, named after the project, which the mesh does not know",
        "add the droplet's name to the mesh and to the manifest",
        Severity.WARNING,
    ),
    "IA601": Code(
        "name and environment disagree",
        "prod could be changed by what looks like a dev manifest, and the other way round",
        "make the file's name and `environment` say the same",
    ),
    "IA602": Code(
        "manifest of no environment",
        _SILENT,
        "call it `.infra.yaml` (prod) or `.infra.dev.yaml` (dev)",
    ),
    "IA603": Code("file that is not read", _SILENT, "rename the file", Severity.WARNING),
    "IA604": Code(
        "instance declared twice",
        "two folders cannot both say where one instance runs",
        "rename one project, or remove one manifest",
    ),
    "IA605": Code("value with the shape of access config", _ACCESS, "remove it, and rotate it"),
    "IA701": Code(
        "port taken",
        "only one process can listen on a port of a machine",
        "choose another port or host",
    ),
    "IA702": Code(
        "systemd unit taken",
        "a machine has one unit of a name, and `web` is short for `web.service`",
        "choose another unit or host",
    ),
    "IA703": Code(
        "host without an owner",
        "two stacks would both make, or both delete, one machine",
        "set `lookup: true` for the host in the stack that does not own it",
    ),
    "IA704": Code("port out of range", "a TCP port is 1 to 65535", "correct the port"),
    "IA705": Code(
        "name that cannot be made",
        "DigitalOcean or Pulumi would refuse it, in the middle of an update",
        "choose a name of letters, digits and dashes",
    ),
    "IA706": Code(
        "names that become the same",
        "two things under one name overwrite each other",
        "rename one of the two",
    ),
    "IA707": Code(
        "folder that is not there",
        "a missing checkout must never look like a deleted project",
        "check the project out, or remove it from the list",
    ),
    "IA708": Code(
        "pattern that matches nothing",
        "an empty match must never look like a company without projects",
        "correct the pattern",
    ),
    "IA709": Code(
        "folder without a manifest",
        "it was named, so something was expected there",
        "add a manifest, or remove the folder from the list",
        Severity.WARNING,
    ),
    "IA801": Code(
        "missing setting",
        "without it the stack cannot be planned",
        "add it under `config`, as `infra-apply:<name>`",
    ),
    "IA802": Code(
        "unknown setting",
        "a misspelt setting would be ignored, and what it says would silently not happen",
        "correct or remove it",
    ),
    "IA803": Code("wrong type of setting", _TYPES, "write what the message names"),
    "IA804": Code("not one of the values", "it has a few values only", "choose one"),
    "IA805": Code(
        "setting without effect",
        "it names what nothing here has; most often that is a misspelling",
        "correct the name, or remove the setting",
        Severity.WARNING,
    ),
    "IA806": Code(
        "user data that cannot be used",
        "a droplet made without its script would never become what it should be",
        "correct the path; it is relative to Pulumi.yaml",
    ),
    "IA807": Code(
        "secret in the settings",
        "a stack file is committed, and a repository keeps what was in it for ever",
        "remove it, and rotate it",
    ),
    "IA808": Code(
        "managed firewall without a door for ssh",
        "a firewall that lets nobody log in locks out its owner",
        "set `network.ssh` to the ranges that may, or to `[]` for nobody",
    ),
    **CLOUD_CODES,
}
