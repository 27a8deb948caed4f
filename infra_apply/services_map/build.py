"""A fleet -> the services map of the mesh, and the mesh file's text with that map in it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from infra_apply import naming
from infra_apply.fleet.hosts import machine
from infra_apply.fleet.model import Fleet
from infra_apply.fleet.quarantine import entries_of_mesh
from infra_apply.fleet.urls import url
from infra_apply.inputs.manifest import Manifest
from infra_apply.services_map import json_edit

MEMBER: Final = "services"
"""The member of mesh-hosts.json that is ours to write."""


@dataclass(frozen=True, slots=True)
class Regenerated:
    """The mesh file's bytes with the map in them, and what that takes away.

    `removed` names entries no manifest declares; `dropped` facts of entries that stay; `twice`
    says that the file has the member more than once (the last counts and is the one written).
    """

    content: bytes
    removed: tuple[str, ...] = ()
    dropped: tuple[tuple[str, str], ...] = ()
    twice: bool = False


class UnreadableMesh(ValueError):
    """The file is not one whose services map we know how to replace; the text says why."""


def services_map(fleet: Fleet) -> dict[str, dict[str, Any]]:
    """Return every service once by its key, sorted; absent facts are left out.

    A quarantined one's entry is what the mesh file has, if it has one.
    """
    services = {naming.instance(*service.instance): service for service in fleet.services()}
    entries = {key: _entry(fleet, manifest) for key, manifest in services.items()}
    return dict(sorted({**entries, **entries_of_mesh(fleet)}.items()))


def regenerate(
    content: bytes, entries: dict[str, dict[str, Any]], kept: Collection[str] = ()
) -> Regenerated:
    """Put the map into a mesh file. A map that says the same already is left to the byte.

    So is each entry that is `kept`, whatever it says.
    Raises UnreadableMesh: nothing that is not understood is ever replaced.
    """
    try:
        text = content.decode("utf-8")
        before = json_edit.member_value(text, MEMBER)
        members = sum(member.key == MEMBER for member in json_edit.scan(text).members)
    except UnicodeDecodeError:
        raise UnreadableMesh("it is not UTF-8 text") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise UnreadableMesh(f"it is not a JSON object ({place}: {error.msg})") from None
    except (RecursionError, ValueError):
        raise UnreadableMesh("it is not JSON that can be read") from None
    old = _objects(before)
    unchanged = {name: facts for name, facts in old if name in kept}
    wanted = tuple((name, unchanged.get(name, facts)) for name, facts in _pairs(entries))
    if before is not None and old == wanted:
        return Regenerated(content, twice=members > 1)
    texts = json_edit.texts_of_object(text, MEMBER) if unchanged else {}
    as_they_are = {name: texts[name] for name in unchanged}
    edited = json_edit.replace_member(text, MEMBER, entries, as_they_are)
    keys = {name: {key for key, _ in facts} for name, facts in old}
    return Regenerated(
        content=edited.encode("utf-8"),
        removed=tuple(sorted(keys.keys() - entries.keys())),
        dropped=tuple(
            (name, key)
            for name in sorted(keys.keys() & entries.keys() - unchanged.keys())
            for key in sorted(keys[name] - _FACTS)
        ),
        twice=members > 1,
    )


def removals(regenerated: Regenerated) -> Iterator[str]:
    """Yield a line for everything that regenerating takes out of the file."""
    for name in regenerated.removed:
        yield f"removes `{name}`: no manifest declares it"
    for name, key in regenerated.dropped:
        yield f"removes `{key}` of `{name}`: it is no fact of a manifest"
    if regenerated.twice:
        yield "the file has `services` twice; the last one counts, and the first is left alone"


def _entry(fleet: Fleet, manifest: Manifest) -> dict[str, Any]:
    service = manifest.service
    facts = {
        "project": manifest.project,
        "environment": manifest.environment,
        "host": machine(manifest),
        "port": service.port if service else None,
        "url": url(fleet, manifest),
        "runtime": service.runtime if service else None,
        "systemd_unit": service.systemd_unit if service else None,
        "depends_on": sorted(set(manifest.depends_on)) or None,
    }
    return {key: value for key, value in facts.items() if value is not None}


def _objects(value: Any) -> tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]:
    """Take the map there is, as pairs. Null is no map yet; any other shape is somebody else's."""
    if value is None:
        return ()
    if not isinstance(value, tuple):
        raise UnreadableMesh("its `services` is not an object")
    for name, facts in value:
        if not isinstance(facts, tuple):
            quoted = json.dumps(name)
            raise UnreadableMesh(f"the entry {quoted} of its `services` is not an object")
    return value


def _pairs(
    entries: dict[str, dict[str, Any]],
) -> tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]:
    return tuple((name, tuple(facts.items())) for name, facts in entries.items())


_FACTS: Final = frozenset(
    {"project", "environment", "host", "port", "url", "runtime", "systemd_unit", "depends_on"}
)
