"""The provider's own settings in a stack file, which say where its token goes.

Pulumi gives them to the DigitalOcean provider; here they are only looked at.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from infra_apply.diagnostics.code import Code, Severity
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.inputs.settings import Settings

TOKEN: Final = Code(
    "IA812",
    "token in the settings",
    "a stack file is committed; and once the token is rotated every refresh is refused, because "
    "it uses the one that stands there",
    "remove `digitalocean:token`, set DIGITALOCEAN_TOKEN instead, and rotate a token in plain text",
    Severity.WARNING,
)
OPEN_ENDPOINT: Final = Code(
    "IA813",
    "API endpoint without https",
    "the token would go over the network as plain text, to whoever answers",
    "write https, or remove `digitalocean:apiEndpoint`",
)
CODES: Final = (TOKEN, OPEN_ENDPOINT)


def check(settings: Settings) -> Iterator[Diagnostic]:
    """Report a token in a stack file, and an endpoint that is neither https nor this machine."""
    config = settings.document.data.get("config")
    if not isinstance(config, dict):
        return
    token = config.get("digitalocean:token")
    if token is not None:
        place = settings.document.key("config", "digitalocean:token")
        how = "encrypted" if isinstance(token, dict) else "in plain text"
        message = f"the stack {settings.stack} has a token {how} in its file"
        yield Diagnostic(TOKEN, place, message, "remove it, and set DIGITALOCEAN_TOKEN")
    endpoint = config.get("digitalocean:apiEndpoint")
    if isinstance(endpoint, str) and not _is_closed(endpoint):
        place = settings.document.value("config", "digitalocean:apiEndpoint")
        message = "a token would go to `digitalocean:apiEndpoint` without https"
        yield Diagnostic(OPEN_ENDPOINT, place, message, "write https, or remove the setting")


def _is_closed(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        if parts.scheme.lower() == "https":
            return True
        host = parts.hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
