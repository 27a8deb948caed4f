"""The provider's own settings in a stack file, which say where its token goes.

Pulumi gives them to the DigitalOcean provider; here they are only looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from infra_apply.diagnostics.code import Code, Severity
from infra_apply.diagnostics.model import Diagnostic
from infra_apply.inputs import api_endpoint
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
FOREIGN_ENDPOINT: Final = Code(
    "IA816",
    "API endpoint of somebody else",
    "the token would go there; `preview`, `up` and whatever else has a token refuse, unless "
    "INFRA_APPLY_FOREIGN_ENDPOINT is set to the same address where they run",
    "remove `digitalocean:apiEndpoint`, or make sure that it is meant",
    Severity.WARNING,
)
CODES: Final = (TOKEN, OPEN_ENDPOINT, FOREIGN_ENDPOINT)


def check(settings: Settings) -> Iterator[Diagnostic]:
    """Report a token in a stack file, and an endpoint that is neither DigitalOcean's nor here."""
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
    if isinstance(endpoint, str):
        yield from _endpoint(settings, endpoint)


def _endpoint(settings: Settings, endpoint: str) -> Iterator[Diagnostic]:
    place = settings.document.value("config", "digitalocean:apiEndpoint")
    where = api_endpoint.destination(endpoint)
    if where == "unsafe":
        message = "a token would go to `digitalocean:apiEndpoint` without https"
        hint = "write a plain https address, or remove the setting"
        yield Diagnostic(OPEN_ENDPOINT, place, message, hint)
    elif where == "foreign":
        host = api_endpoint.host_of(endpoint)
        message = f"the token of the stack {settings.stack} would go to `{host}`"
        hint = "remove the setting: without it the token goes to DigitalOcean"
        yield Diagnostic(FOREIGN_ENDPOINT, place, message, hint)
