"""Everything that is checked together: manifests, mesh and settings, read and not yet judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from infra_apply.inputs.manifest import Environment, Manifest
from infra_apply.inputs.mesh import Mesh
from infra_apply.inputs.settings import Settings


@dataclass(frozen=True, slots=True)
class Fleet:
    """All manifests (sorted by instance and path), the mesh and the stacks' settings.

    `mesh` is None when no mesh was named or it could not be read. `settings` is the stack's own,
    None when only folders are checked; `stacks` holds every stack's, its own included. `unread`
    names projects that have a manifest which could not be read, so that nobody is told that they
    do not exist. `alone` says that one repository is checked and its neighbours are not known;
    `mesh_named` that someone said where the mesh is, whether it could be read or not.
    `user_data` holds the text of each file the settings name for it, `owner_folders` the absolute
    folder of each project that the settings' `owners` name. `quarantined` are the projects whose
    manifests were not read (they are `unread` too), and `quarantined_folders` those of them that a
    folder was met of, or a manifest somewhere else.
    """

    manifests: tuple[Manifest, ...]
    mesh: Mesh | None = None
    settings: Settings | None = None
    stacks: tuple[Settings, ...] = ()
    unread: frozenset[str] = frozenset()
    alone: bool = False
    mesh_named: bool = False
    user_data: Mapping[str, str] = field(default_factory=dict, repr=False)
    owner_folders: Mapping[str, str] = field(default_factory=dict)
    quarantined: frozenset[str] = frozenset()
    quarantined_folders: frozenset[str] = frozenset()
    by_instance: Mapping[tuple[str, Environment], Manifest] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        by_instance = {manifest.instance: manifest for manifest in reversed(self.manifests)}
        object.__setattr__(self, "by_instance", by_instance)

    @property
    def externals(self) -> Mapping[str, str]:
        """The external services any stack names: name -> URL, the stack's own before others'."""
        return {
            name: url for stack in reversed(self.stacks) for name, url in stack.external.items()
        }

    @property
    def projects(self) -> frozenset[str]:
        """Every project that has a manifest, also one that could not be read."""
        return frozenset(manifest.project for manifest in self.manifests) | self.unread

    def services(self) -> Iterator[Manifest]:
        """Yield the instances that declare a service."""
        return (manifest for manifest in self.manifests if manifest.service is not None)
