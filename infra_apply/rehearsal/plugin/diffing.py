"""Diff: what a change of inputs means for a resource, by its table of properties.

The state's outputs are compared with what the inputs would make of them, as the real provider
does; so what changed outside shows. Inputs that the program leaves to the API never differ.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from infra_apply.rehearsal.plugin.checking import DEFAULTS
from infra_apply.rehearsal.plugin.schema import JSON, SCALAR, UNKNOWN, Object, Property, Resource

ADD, DELETE, UPDATE = "ADD", "DELETE", "UPDATE"


@dataclass(slots=True)
class Difference:
    """`detailed`: path of a property, to ADD, DELETE or UPDATE; `replaces` names properties."""

    detailed: dict[str, str] = field(default_factory=dict)
    diffs: list[str] = field(default_factory=list)
    replaces: list[str] = field(default_factory=list)
    stables: list[str] = field(default_factory=list)
    delete_first: bool = False


def difference(
    resource: Resource, olds: Object, news: Object, ignored: Collection[str]
) -> Difference:
    """Compare a state's outputs with new inputs; `ignored` names properties not to look at."""
    found = Difference()
    for prop in resource.inputs:
        if prop.name in ignored:
            continue
        paths = changes(prop, olds.get(prop.name), news.get(prop.name))
        if paths:
            note(found, prop, paths, replaces(prop, news.get(prop.name)))
    if found.replaces:
        for prop in resource.inputs:
            # A replacement also sets what an import left open.
            if prop.default is False and olds.get(prop.name) is None:
                note(found, prop, {prop.name: ADD}, replacing=False)
        # A name that the program chose is taken until the old resource is gone.
        found.delete_first = "name" not in (news.get(DEFAULTS) or [])
    found.diffs = sorted(set(found.diffs))
    found.stables = sorted(
        prop.name for prop in resource.inputs if prop.replaces and prop.name not in found.replaces
    )
    return found


def note(found: Difference, prop: Property, paths: dict[str, str], replacing: bool) -> None:
    found.detailed |= paths
    found.diffs.append(prop.name)
    if replacing:
        found.replaces.append(prop.name)


def replaces(prop: Property, new: JSON) -> bool:
    return prop.replaces or (prop.off_replaces and not new)


def changes(prop: Property, old: JSON, new: JSON) -> dict[str, str]:
    """The paths that differ, with what happens at each; empty when nothing does."""
    if new is None and prop.computed:
        return {}
    wanted = prop.default if new is None else prop.stored(new)
    if prop.kind != SCALAR and wanted != UNKNOWN:
        return set_changes(prop.name, ordered(prop, old), wanted or [])
    if wanted == old or (prop.hashed and new == old):
        return {}
    if old is None:
        return {} if not wanted else {prop.name: ADD}
    if wanted is None:
        return {prop.name: DELETE} if old else {}
    return {prop.name: UPDATE}


def ordered(prop: Property, old: JSON) -> list[JSON] | None:
    if old is None:
        return None
    stored: list[JSON] = prop.stored(old)
    return stored


def set_changes(name: str, old: list[JSON] | None, new: list[JSON]) -> dict[str, str]:
    """A set's differences by position: the old one's for what goes, the new one's for the rest."""
    if not old or not new:
        return {name: ADD if new else DELETE} if old or new else {}
    gone = {index for index, item in enumerate(old) if item not in new}
    come = {index for index, item in enumerate(new) if item not in old}
    return {
        f"{name}[{index}]": UPDATE if index in gone & come else ADD if index in come else DELETE
        for index in sorted(gone | come)
    }
