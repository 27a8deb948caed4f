"""The characters that names in manifests are made of.

They go into net-tools' map, unit files, tags, URLs and shells, so they are listed, and nothing else
is taken. This is stricter than the convention's schema, which takes any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from infra_apply.inputs.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Misnamed:
    """A value with characters that do not belong in it: its path, and what it is made of."""

    at: tuple[str, ...]
    made_of: str


def misnamed(manifest: Manifest) -> Iterator[Misnamed]:
    """Yield the values of a manifest that hold anything but the characters they are made of."""
    database, service = manifest.database, manifest.service
    values: dict[tuple[str, ...], str | None] = {
        ("project",): manifest.project,
        ("database", "cluster"): database.cluster if database else None,
        ("database", "name"): database.name if database else None,
        ("database", "user"): database.user if database else None,
        ("service", "host"): service.host if service else None,
        ("service", "runtime"): service.runtime if service else None,
        ("service", "systemd_unit"): service.systemd_unit if service else None,
    }
    for at, value in values.items():
        made_of, pattern = _MADE_OF[at]
        if value is not None and not pattern.fullmatch(value):
            yield Misnamed(at, made_of)


_NAME: Final = "letters, digits, dots, dashes and underscores, and begins with a letter or digit"
_NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_DATABASE: Final = "letters, digits, dots, dashes and underscores, 63 at most"
_DATABASE_PATTERN: Final = re.compile(r"[^$]*")  # what no engine takes is rule own_db's
# systemd.unit(5): the characters of a unit's name, and 255 of them with the type; an instance
# stands behind `@`. What has no type is short for `.service`.
_UNIT_PATTERN: Final = re.compile(r"(?=.{1,255}$)[A-Za-z0-9:_.\\-]+(?:@[A-Za-z0-9:_.\\@-]*)?")
_MADE_OF: Final = {
    ("project",): (_NAME, _NAME_PATTERN),
    ("database", "cluster"): (_NAME, _NAME_PATTERN),
    ("database", "name"): (_DATABASE, _DATABASE_PATTERN),
    ("database", "user"): (_DATABASE, _DATABASE_PATTERN),
    ("service", "host"): (_NAME, _NAME_PATTERN),
    ("service", "runtime"): (
        "letters, digits, blanks and the signs . _ : / @ + , = ~ ( ) -, 255 at most",
        re.compile(r"[A-Za-z0-9 ._:/@+,=~()-]{1,255}"),
    ),
    ("service", "systemd_unit"): (
        "letters, digits and the signs : - _ . \\ @, 255 at most (systemd.unit)",
        _UNIT_PATTERN,
    ),
}
