"""Diff: which properties a change of inputs adds, deletes or updates, and whether it replaces.

As in the real provider the state's outputs are compared with the outputs that the inputs ask for,
so that a change made outside is a difference after a refresh. A computed property that the program
does not set never differs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from infra_apply.rehearsal.plugin.checking import DEFAULTS
from infra_apply.rehearsal.plugin.schema import SCALAR, Property, ResourceType
from infra_apply.rehearsal.plugin.values import JSON, UNKNOWN, Object

ADD, DELETE, UPDATE = "ADD", "DELETE", "UPDATE"


@dataclass(slots=True)
class Difference:
    """What Diff answers: `detailed` maps the path of a property to ADD, DELETE or UPDATE.

    The lists hold names of properties.
    """

    detailed: dict[str, str] = field(default_factory=dict)
    diffs: list[str] = field(default_factory=list)
    replaces: list[str] = field(default_factory=list)
    stables: list[str] = field(default_factory=list)
    delete_before_replace: bool = False


def compare(
    resource_type: ResourceType, olds: Object, news: Object, ignored: Collection[str]
) -> Difference:
    """Compare a state's outputs with new inputs, except the properties in `ignored`."""
    difference = Difference()
    for prop in resource_type.inputs:
        if prop.name in ignored:
            continue
        paths = _changed_paths(prop, olds.get(prop.name), news.get(prop.name))
        if paths:
            _record(difference, prop, paths, _requires_replacement(prop, news.get(prop.name)))
    if difference.replaces:
        for prop in resource_type.inputs:
            # A replacement also sets what is null after an import.
            if prop.default is False and olds.get(prop.name) is None:
                _record(difference, prop, {prop.name: ADD}, replacing=False)
        # An explicit name stays in use until the old resource is deleted.
        difference.delete_before_replace = "name" not in (news.get(DEFAULTS) or [])
    difference.diffs = sorted(set(difference.diffs))
    difference.stables = sorted(
        prop.name
        for prop in resource_type.inputs
        if prop.replaces and prop.name not in difference.replaces
    )
    return difference


def _record(difference: Difference, prop: Property, paths: dict[str, str], replacing: bool) -> None:
    difference.detailed |= paths
    difference.diffs.append(prop.name)
    if replacing:
        difference.replaces.append(prop.name)


def _requires_replacement(prop: Property, new: JSON) -> bool:
    return prop.replaces or (prop.disabling_replaces and not new)


def _changed_paths(prop: Property, old: JSON, new: JSON) -> dict[str, str]:
    """Return the paths that differ, with ADD, DELETE or UPDATE."""
    if new is None and prop.computed:
        return {}
    target = prop.default if new is None else prop.state_value(new)
    if prop.kind != SCALAR and target != UNKNOWN:
        return _changed_members(prop.name, _sorted_members(prop, old), target or [])
    if target == old or (prop.hashed and new == old):
        return {}
    if old is None:
        return {} if not target else {prop.name: ADD}
    if target is None:
        return {prop.name: DELETE} if old else {}
    return {prop.name: UPDATE}


def _sorted_members(prop: Property, old: JSON) -> list[JSON] | None:
    if old is None:
        return None
    members: list[JSON] = prop.state_value(old)
    return members


def _changed_members(name: str, old: list[JSON] | None, new: list[JSON]) -> dict[str, str]:
    """Return a set's differing paths: positions in `old` for deletions, in `new` for the rest."""
    if not old or not new:
        return {name: ADD if new else DELETE} if old or new else {}
    deleted = {index for index, item in enumerate(old) if item not in new}
    added = {index for index, item in enumerate(new) if item not in old}
    return {
        f"{name}[{index}]": UPDATE
        if index in deleted & added
        else ADD
        if index in added
        else DELETE
        for index in sorted(deleted | added)
    }
