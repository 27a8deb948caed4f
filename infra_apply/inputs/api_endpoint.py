"""Where an endpoint of DigitalOcean's API leads, since a token goes there."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final, Literal

DEFAULT: Final = "https://api.digitalocean.com"

Destination = Literal["digitalocean", "this machine", "foreign", "unsafe"]


def destination(endpoint: str) -> Destination:
    """Say where requests to an endpoint go.

    `foreign` is another host's https. `unsafe` is an address without https, but for this machine's,
    and whatever is written so that programs may read different hosts in it: a login, a backslash.
    """
    match = _PLAIN.fullmatch(endpoint)
    if match is None:
        return "unsafe"
    host = match["host"].lower()
    if is_loopback(host.strip("[]")):
        return "this machine"
    if match["scheme"].lower() != "https":
        return "unsafe"
    return "digitalocean" if host == _OWN else "foreign"


def host_of(endpoint: str) -> str:
    """Return the host that a plain address names; empty for others."""
    match = _PLAIN.fullmatch(endpoint)
    return match["host"] if match else ""


def is_loopback(host: str) -> bool:
    """Say whether a host's name or address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_OWN: Final = "api.digitalocean.com"
_PLAIN: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?(?:/[\w.~/-]*)?",
    re.IGNORECASE | re.ASCII,
)
