"""A YAML file that was read: plain values, and the place of every key and value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from infra_apply.diagnostics.model import Place

Path = tuple[str | int, ...]
"""Keys and indices from the top of a document down to a value."""

Mark = tuple[int, int]
"""1-based line and column, in code points."""


@dataclass(frozen=True, slots=True)
class Document:
    """A mapping read from a file, and where each of its parts stands.

    `plain` holds, for scalars without quotes that YAML read as something other than text, the
    text as written; `links` leads from an alias or a merged key to where its value was written.
    """

    path: str
    source: bytes
    data: dict[str, Any] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    plain: dict[Path, str] = field(default_factory=dict)
    links: dict[Path, Path] = field(default_factory=dict)

    def key(self, *at: str | int) -> Place:
        """Where the key at this path is written; for a list item or the top, its value."""
        return self._place(self.keys, at) or self.value(*at)

    def value(self, *at: str | int) -> Place:
        """Where the value at this path begins, or the nearest part around it that is there."""
        while True:
            if place := self._place(self.values, at):
                return place
            if not at:
                return Place(self.path)
            at = at[:-1]

    def written(self, *at: str | int) -> str | None:
        """Return the unquoted text YAML read as a number, boolean, date or null; else None."""
        return self.plain.get(self._followed(at))

    def _place(self, marks: dict[Path, Mark], at: Path) -> Place | None:
        mark = marks.get(at) or marks.get(self._followed(at))
        return Place(self.path, *mark) if mark else None

    def _followed(self, at: Path) -> Path:
        for end in range(len(at), 0, -1):
            if at[:end] in self.links:
                return self._followed(self.links[at[:end]] + at[end:])
        return at
