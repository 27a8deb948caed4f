"""The order in which a data source lists a set."""

from __future__ import annotations

import zlib


def set_order(values: list[str]) -> list[str]:
    """Strings in the order of a data source's set: that of a CRC-32, written out."""
    return sorted(values, key=lambda value: str(zlib.crc32(f"{value};".encode())))
