"""The order in which the real provider's data sources list a set."""

from __future__ import annotations

import zlib


def hash_order(values: list[str]) -> list[str]:
    """Sort strings by the decimal digits of their CRC-32."""
    return sorted(values, key=lambda value: str(zlib.crc32(f"{value};".encode())))
